"""Nothing in, the claims about sweeps out: see benchmarks/sweeps.py, which tells what is measured."""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import optuna
import yaml
from _claims import Claim
from _many_trials import EPOCHS, start_s
from _measured import SECONDS
from _usual_tracking import trial_s

from datamodules.minispoof import build_corpus
from experiments import tracking
from experiments.train import quieten
from sweeps.engine import Local
from sweeps.launch import launch
from sweeps.storage import WORKER
from sweeps.study import RUN_ID, load_study

ROOT = Path(__file__).resolve().parent.parent
MANY = 10_000
AS_GOOD = 0.005  # a difference of dev EERs that is none
_WORKERS = 2  # of the sweep that scripts are held against
FURTHER = 4  # trials by which a sweep goes on that has not found as much as scripts


def write_space(path: Path, config: str, corpus: Path, sections: dict[str, Any]) -> Path:
    """Write a search space upon a shipped config, that draws the learning rate and what the sections say."""
    source = {"class_path": "datamodules.corpora.asvspoof2019.asvspoof2019_la", "init_args": {"root": str(corpus)}}
    data = path.with_suffix(".data.yaml")
    trainer = {"accelerator": "cpu", "deterministic": True, "log_every_n_steps": 1}
    data.write_text(yaml.safe_dump({"data": {"corpus": source, "crop_s": 2.0}, "trainer": trainer}))
    configs = [str(ROOT / "experiments" / "configs" / f"{config}.yaml"), str(data)]
    rate = {"model.learning_rate": {"float": {"low": 0.001, "high": 0.02, "log": True}}}
    parameters = {**rate, **sections.get("parameters", {})}
    path.write_text(yaml.safe_dump({"configs": configs, **sections, "parameters": parameters}))
    return path


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Send what workers print to stderr: stdout is the claims'."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def sweep(space: Path, name: str, trials: int, workers: int) -> optuna.Study:
    """Launch a sweep."""
    with silent():
        return launch(space, name, trials, f"sqlite:///{name}.db", Local(workers))


def overhead_s(space: Path, name: str, trials: int, workers: int) -> float:
    """Median overhead of a trial, all workers busy."""
    by_worker: dict[str, list[tuple[datetime, str]]] = {}
    for trial in sweep(space, name, trials, workers).trials:
        started = (trial.datetime_start, trial.user_attrs[RUN_ID])
        by_worker.setdefault(trial.user_attrs[WORKER], []).append(started)  # type: ignore[arg-type]
    found = []
    for taken in by_worker.values():
        in_order = sorted(taken)
        for (start, run_id), (after, _) in pairwise(in_order[1:]):
            trained_s = tracking.get(run_id).data.metrics[SECONDS]
            found.append((after - start).total_seconds() - trained_s)
    return statistics.median(found)


def throughput(space: Path, name: str, trials: int, workers: int) -> float:
    """Trials a second, from when each worker has begun its second until one is idle."""
    by_worker: dict[str, list[datetime]] = {}
    for trial in sweep(space, name, trials, workers).trials:
        by_worker.setdefault(trial.user_attrs[WORKER], []).append(trial.datetime_complete)  # type: ignore[arg-type]
    begin = max(min(ends) for ends in by_worker.values())
    end = min(max(ends) for ends in by_worker.values())
    seconds = (end - begin).total_seconds()
    ended = sum(begin < at <= end for ends in by_worker.values() for at in ends)
    return ended / seconds


def against_the_naive_way(space: Path, name: str, trials: int) -> float:
    """How many times as fast a sweep by two workers finds what scripts find over the sweep's first configs.

    Where it has not found as much after so many trials, it goes on for a few more, and a few more: a trial that was
    pruned may have been the best. 0 if it has not by the time that the scripts took.
    """
    study, ours_s = _timed_sweep(space, name, trials)
    configs = [tracking.fetch(trial.user_attrs[RUN_ID], tracking.CONFIG_ARTIFACT) for trial in study.trials]
    begin = time.perf_counter()
    least = min(_script(config) for config in configs)
    theirs_s = time.perf_counter() - begin
    while study.best_value > least + AS_GOOD and ours_s < theirs_s:
        study, further_s = _timed_sweep(space, name, len(study.trials) + FURTHER)
        ours_s += further_s
    told = f"{len(study.trials)} trials in {ours_s:.0f} s to {study.best_value:.4f}"
    print(f"{name}: {told}, {trials} scripts in {theirs_s:.0f} s to {least:.4f}", file=sys.stderr)
    return theirs_s / ours_s if study.best_value <= least + AS_GOOD else 0.0


def _timed_sweep(space: Path, name: str, trials: int) -> tuple[optuna.Study, float]:
    """Sweep by the command, which has to import as much as a script, and return the study and the seconds."""
    storage = f"sqlite:///{name}.db"
    words = ["--space", str(space), "--name", name, "--trials", str(trials), "--workers", str(_WORKERS)]
    begin = time.perf_counter()
    _python("-m", "experiments.cli", "sweep", *words, "--storage", storage)
    seconds = time.perf_counter() - begin
    return load_study(name, storage), seconds


def _script(config: Path) -> float:
    program = str(Path(__file__).with_name("_naive_training.py"))
    return float(_python(program, str(_WORKERS), "--config", str(config)).split()[-1])


def _python(*words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(
        [sys.executable, *words], check=True, stdout=subprocess.PIPE, env=environment, text=True
    ).stdout


def _aside(text: str) -> None:
    print(text, file=sys.stderr)


def claims(quick: bool) -> list[Claim]:
    """Measure every claim."""
    quieten()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    tiny = ROOT / "data" / "minispoof-tiny"
    build_corpus(tiny, size="tiny", progress=False, tell=_aside)
    few, several = (8, 20) if quick else (16, 48)
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{place}/mlflow.db"
        whole = {"trainer.max_epochs": EPOCHS, "early_stopping.patience": EPOCHS, "data.batch_size": 8}
        measured = {**whole, "trainer.callbacks": [{"class_path": "_measured.Measured"}]}
        unpruned = {"startup_trials": MANY}
        debug = write_space(Path("debug.yaml"), "debug", tiny, {"fixed": measured, "pruner": unpruned})
        alone, four = overhead_s(debug, "alone", few, 1), overhead_s(debug, "four", several, 4)
        usual_alone, usual_four = trial_s(1, few, EPOCHS), trial_s(4, several, EPOCHS)
        _aside(
            f"the usual way, training nothing: {usual_alone:.2f} s a trial, {usual_four:.2f} s each with four workers"
        )
        many = start_s(debug, MANY)
        found = [
            Claim(f".3 s against a trial's overhead with one worker, {alone:.2f} s", 0.3 / alone, 1),
            Claim(f".6 s against a trial's overhead with four workers, {four:.2f} s each", 0.6 / four, 1),
            Claim(f"1 s against the start of a trial beside {MANY:,} others, {many:.2f} s", 1 / many, 1),
        ]
        if quick:
            return found
        corpus = ROOT / "data" / "minispoof"
        build_corpus(corpus, progress=False, tell=_aside)
        channels = {"model.network.init_args.channels": {"categorical": [[8, 16, 24], [16, 32, 48]]}}
        longer = {"trainer.max_epochs": 12, "early_stopping.patience": 12}
        cnn = write_space(Path("cnn.yaml"), "cnn", corpus, {"fixed": longer, "parameters": channels})
        sweep(cnn, "warm", 1, 1)  # fills the feature cache, as whoever sweeps twice has it
        turns = range(3)
        rates = [throughput(cnn, f"two {n}", 8, 2) / throughput(cnn, f"one {n}", 4, 1) for n in turns]
        naive = [against_the_naive_way(cnn, f"naive {n}", 12) for n in turns]
    return [
        *found,
        Claim("two workers against one, trials of a CNN on two cores", statistics.median(rates), 1.2),
        Claim("a sweep against a script per trial, 12 configs, until it finds as much", statistics.median(naive), 3),
    ]
