# spooflab: `make` alone lists what there is. `make demo` and `make test` set everything up themselves.
PYTHON ?= python3
BIN := .venv/bin
TRIALS ?= 6
WORKERS ?= 2
PORT ?= 5000

.DEFAULT_GOAL := help
.PHONY: help install demo corpus test lint ui sweep serve bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/installed ## make .venv with the locked dependencies

# uv is installed by pip, and then installs the rest in a third of pip's time.
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^uv==' requirements.lock)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

corpus: install ## build the embedded corpus of real and synthetic speech
	$(BIN)/spooflab corpus build

demo: corpus ## sweep, evaluate, register, promote, score: the whole job on the embedded corpus
	$(BIN)/spooflab sweep --space sweeps/spaces/demo.yaml --name demo --trials $(TRIALS) --workers $(WORKERS)
	$(BIN)/spooflab evaluate --sweep demo
	$(BIN)/spooflab promote --sweep demo --gate experiments/configs/gate_demo.yaml
	$(BIN)/spooflab summary --sweep demo

# Two processes at once, since tests wait as much as they compute; all that uses Ray is in one of them.
HALF := tests/sweeps tests/datamodules tests/lightning_modules/export tests/lightning_modules/explanations tests/experiments/serving tests/experiments/test_ray_cluster.py tests/experiments/test_process_group.py
test: install ## run the tests
	@told=$$(mktemp); $(BIN)/python -m pytest $(HALF) >"$$told" 2>&1 & half=$$!; trap "kill $$half" INT TERM; \
	$(BIN)/python -m pytest tests $(HALF:%=--ignore=%); rest=$$?; \
	wait $$half || rest=$$?; cat "$$told"; rm "$$told"; exit $$rest

lint: install ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

ui: install ## open the MLflow UI on the store of this folder
	$(BIN)/spooflab ui --port $(PORT)

sweep: corpus ## go on with the demo's sweep to TRIALS trials
	$(BIN)/spooflab sweep --space sweeps/spaces/demo.yaml --name demo --trials $(TRIALS) --workers $(WORKERS)

serve: install ## serve the promoted model at http://127.0.0.1:5001
	$(BIN)/spooflab serve

bench: install ## run every benchmark in its quick form
	@missed=0; for script in $(wildcard benchmarks/[a-z]*.py); do echo "$$script"; $(BIN)/python "$$script" --quick || missed=1; done; exit $$missed

lock: install ## resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## remove what the commands made: runs, caches, corpora; .venv stays
	rm -rf data checkpoints mlruns mlartifacts mlflow.db* optuna.db* .pytest_cache .mypy_cache .ruff_cache
