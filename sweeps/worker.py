"""A sweep's name in, trials run out: takes queued trials until there is none left."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import optuna

from experiments.interrupts import deferred
from experiments.threads import use
from experiments.train import quieten
from sweeps.objective import mirror, run_trial
from sweeps.reconcile import this_worker
from sweeps.space import read_space
from sweeps.study import open_study, settled, waiting

_INTERRUPTED = 130
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Job:
    """What a worker is told.

    Attributes:
        name: of the study.
        storage: URL of Optuna's database.
        space: YAML of the search space.
        parent: id of the sweep's MLflow run.
        total: trials after which it stops.
        threads: that torch may use.
        index: of the worker among those of this launch.
    """

    name: str
    storage: str
    space: Path
    parent: str
    total: int
    threads: int
    index: int = 0


def work(job: Job) -> None:
    """Run queued trials one after the other; one that fails does not stop the others.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the trial that it stopped is marked as to be run again.
    """
    use(job.threads)
    quieten()
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # the launcher says it in a line
    space = read_space(job.space)
    study = open_study(job.name, job.storage, space, job.index)
    worker = this_worker()
    with deferred() as interrupted:
        while not interrupted() and waiting(study) and len(settled(study)) < job.total:
            study.optimize(
                lambda trial: run_trial(trial, space, job.parent, worker, interrupted),
                n_trials=1,
                catch=(Exception,),
                callbacks=[mirror],
            )
    if interrupted():
        raise KeyboardInterrupt


def run_workers(job: Job, workers: int, watch: Callable[[], None] = lambda: None) -> None:
    """Run workers as processes of their own and wait for them all.

    Args:
        job: that they share.
        workers: how many.
        watch: called every second.

    Raises:
        KeyboardInterrupt: Ctrl-C, once every worker has put its trial back.
        RuntimeError: a worker ended otherwise than by finishing.
    """
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_work_process, args=(replace(job, index=index),)) for index in range(workers)]
    for process in processes:
        process.start()
    try:
        while any(process.is_alive() for process in processes):
            next((process for process in processes if process.is_alive()), processes[0]).join(_LOOK_EVERY_S)
            watch()
    except KeyboardInterrupt:
        for process in processes:  # the terminal has interrupted them too
            process.join()
        raise
    codes = [process.exitcode for process in processes]
    if _INTERRUPTED in codes:
        raise KeyboardInterrupt
    if any(codes):
        raise RuntimeError(f"workers ended with the codes {codes}: the same command goes on from here")


def _work_process(job: Job) -> None:
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        work(job)
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None


def _die_with_parent() -> None:
    """End this process when its launcher is killed: an orphan would go on beside the next launch's workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)
