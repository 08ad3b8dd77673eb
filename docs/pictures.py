"""Nothing in, the pictures of docs/guide.md out: a tiny sweep is run, compared and promoted, and its pages are taken.

``pip install -e '.[pictures]'``, then ``python docs/pictures.py``: Playwright drives the Chromium that ``CHROMIUM``
names, else /usr/bin/chromium. It takes the tiny embedded corpus, and minutes.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yaml
from playwright.sync_api import Browser, Page, sync_playwright

from experiments import experiment_page, sweep_runs, tracking
from experiments.mlflow_experiment import experiment_id

ROOT: Final = Path(__file__).resolve().parent.parent
SWEEP: Final = "guide"
_CONFIGS = ROOT / "experiments" / "configs"
_SPACE = {
    "configs": [str(_CONFIGS / "minispoof.yaml"), str(_CONFIGS / "cnn.yaml")],
    "fixed": {
        "data.corpus.init_args.root": str(ROOT / "data" / "minispoof-tiny"),
        "data.crop_s": 1.0,
        "trainer.max_epochs": 6,
    },
    "sampler": {"startup_trials": 4, "seed": 0},
    "pruner": {"startup_trials": 3, "warmup_epochs": 2},
    "parameters": {
        "model.learning_rate": {"float": {"low": 1.0e-3, "high": 1.0e-2, "log": True}},
        "model.network.init_args.dropout": {"float": {"low": 0.0, "high": 0.4, "step": 0.1}},
    },
}
_NO_ASSISTANT: Final = """
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""
_SETTLING_MS: Final = 4000  # MLflow's pages fill themselves in after their first words
_PLUS_PX: Final = 32
_PATIENCE_S = 300
_REPORT: Final = "report.html"  # which is written last


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of docs/guide.md.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of the pictures")
    parser.add_argument("--work", type=Path, help="keep the store there, and go on with it")
    options = parser.parse_args()
    out = options.out.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        work = (options.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        os.chdir(work)
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{work / 'mlflow.db'}"
        if not (work / _REPORT).exists():
            sweep(work)
        with served(work) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
            )
            take(browser, address, work, out)
            browser.close()


def sweep(work: Path) -> None:
    """Run a tiny sweep, evaluate its best two trials, compare them, report the winner, and promote it."""
    space = work / f"{SWEEP}.yaml"
    space.write_text(yaml.safe_dump(_SPACE))
    spooflab("sweep", "--space", str(space), "--name", SWEEP, "--trials", "8", "--workers", "1")
    spooflab("evaluate", "--sweep", SWEEP)
    spooflab("evaluate", "--model", second_best())
    why = "the tiny corpus is for pictures alone"
    spooflab("promote", "--sweep", SWEEP, "--gate", str(_CONFIGS / "gate_demo.yaml"), "--force", "--why", why)
    spooflab("compare", "--sweep", SWEEP, "--top", "2", "--html", str(work / "compare.html"))
    spooflab("report", "--sweep", SWEEP, "--out", str(work / _REPORT))


def second_best() -> str:
    """Return the run of the second of the sweep's trials, by EER on dev."""
    winner = sweep_runs.winner(SWEEP)
    complete = tracking.children(sweep_runs.sweep(SWEEP).info.run_id, {"optuna.state": "COMPLETE"})
    others = [run for run in complete if run.info.run_id != winner]
    return str(min(others, key=lambda run: run.data.metrics["best/dev_eer"]).info.run_id)


def spooflab(*words: str) -> None:
    """Run a command to its end."""
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "experiments.cli", *words], env=path, check=True)


@contextmanager
def served(work: Path) -> Iterator[str]:
    """Serve MLflow's pages on the store, and yield their address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = [sys.executable, "-m", "experiments.cli", "ui", "--port", str(port)]
    server = subprocess.Popen(words, cwd=work, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        address = f"http://127.0.0.1:{port}"
        await_health(address)
        yield address
    finally:
        server.terminate()
        server.wait()


def await_health(address: str) -> None:
    """Wait until the pages are served.

    Raises:
        TimeoutError: they are not.
    """
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=10).close()  # noqa: S310 - of this machine
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(f"no page was served at {address} in {_PATIENCE_S} s")


def take(browser: Browser, address: str, work: Path, out: Path) -> None:
    """Take every picture."""
    experiment, parent = experiment_id(), sweep_runs.sweep(SWEEP).info.run_id
    models = f"{address}/#/models/audio-deepfake-detector/versions/1?workflowType=machine_learning"
    pages: dict[str, tuple[str, tuple[int, int], str, Callable[[Page], None]]] = {
        "guide_sweep": (f"{address}/{experiment_page.link(str(experiment))}", (1400, 860), SWEEP, open_trials),
        "guide_answer": (
            f"{address}/#/experiments/{experiment}/runs/{parent}?workflowType=machine_learning",
            (1280, 1500),
            "Best: trial",
            lambda page: page.get_by_label("Expand description").click(),
        ),
        "guide_registry": (models, (1280, 860), "champion", lambda _: None),
        "guide_compare": ((work / "compare.html").as_uri(), (900, 1150), "Comparison", lambda _: None),
        "guide_report": ((work / _REPORT).as_uri(), (390, 780), "Question and answer", lambda _: None),
    }
    for name, (url, (width, height), said, prepare) in pages.items():
        page = browser.new_page(viewport={"width": width, "height": height})
        page.add_init_script(_NO_ASSISTANT)
        page.set_default_timeout(1000 * _PATIENCE_S)
        page.goto(url)
        page.get_by_text(said).first.wait_for()
        page.wait_for_timeout(_SETTLING_MS)
        prepare(page)
        page.wait_for_timeout(_SETTLING_MS)
        page.screenshot(path=out / f"{name}.png")
        page.close()
        print(out / f"{name}.png")


def open_trials(page: Page) -> None:
    """Open the sweep's row: the plus is at the left of its name."""
    box = page.get_by_role("link", name=SWEEP, exact=True).first.bounding_box()
    if box is not None:
        page.mouse.click(box["x"] - _PLUS_PX, box["y"] + box["height"] / 2)


if __name__ == "__main__":
    main()
