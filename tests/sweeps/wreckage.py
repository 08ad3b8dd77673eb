"""A sweep in, workers killed in the middle of it, and whether every trial is accounted for."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.trial import TrialState

from experiments import tracking
from sweeps.signature import gone
from sweeps.storage import WORKER
from sweeps.study import RUN_ID, own_trials, settled, without_replaced

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "import sys; from experiments.cli import main; sys.exit(main(sys.argv[1:]))"
STATUSES = {TrialState.COMPLETE: "FINISHED", TrialState.PRUNED: "KILLED", TrialState.FAIL: "FAILED"}


@contextmanager
def starter() -> Iterator[Callable[..., subprocess.Popen]]:
    """Yield what starts `spooflab`, in a process group of its own as a terminal does; none outlives the block."""
    started: list[subprocess.Popen] = []

    def start(*words: object, **environment: str) -> subprocess.Popen:
        command = [sys.executable, "-c", COMMAND, *map(str, words)]
        told = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        started.append(subprocess.Popen(command, start_new_session=True, env=told))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            process.kill()  # its workers end with it
            process.wait()


def wait_until(happened: Callable[[], bool], what: str, patience_s: float = 600) -> None:
    end = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < end, f"it never happened: {what}"
        time.sleep(0.3)


def running(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials that a worker has signed and not ended."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [trial for trial in trials if WORKER in trial.user_attrs]


def kill_a_worker(study: optuna.Study, after: int, rng: random.Random) -> None:
    """Once so many trials have ended, kill -9 the worker of a running one, at a moment of its trial that is random."""
    wait_until(lambda: len(settled(study)) >= after and bool(running(study)), f"{after} trials ended")
    time.sleep(rng.random())
    victims: list[str] = []

    def found() -> bool:
        workers = [trial.user_attrs[WORKER] for trial in running(study)]
        victims[:] = [worker for worker in workers if gone(worker) is False]
        return bool(victims)

    wait_until(found, "a worker is at a trial")
    os.kill(int(rng.choice(victims).rsplit(":", 2)[1]), signal.SIGKILL)


def assert_accounted_for(study: optuna.Study, parent: str, total: int) -> None:
    """Every trial of the total ended once, and MLflow has a row for it that says what Optuna does."""
    assert not [trial.number for trial in study.trials if trial.state is TrialState.RUNNING]
    trials = {trial.user_attrs[RUN_ID]: trial for trial in without_replaced(own_trials(study))}
    assert len(trials) == len(settled(study)) == total
    runs = {run.info.run_id: run for run in tracking.children(parent)}
    assert set(runs) == set(trials)
    for run_id, trial in trials.items():
        run, number = runs[run_id], trial.number
        assert run.info.status == STATUSES[trial.state], number
        assert run.data.tags["optuna.state"] == trial.state.name, number
        assert run.data.tags["optuna.trial"] == str(number)
        told = {name.rpartition("/")[2]: str(value) for name, value in trial.params.items()}
        assert {name: run.data.params.get(f"trial.{name}") for name in told} == told, number
        if trial.state is TrialState.COMPLETE:
            assert run.data.metrics["best/dev_eer"] == trial.value, number
