"""A sweep's name in, trials run out: takes queued trials until there is none left."""

import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from experiments.interrupts import deferred
from experiments.threads import use
from experiments.train import quieten
from sweeps.objective import mirror, run_trial
from sweeps.reconcile import this_worker
from sweeps.space import Space
from sweeps.space_file import read_space
from sweeps.study import QUEUED, VIOLATES, best, open_study, settled, waiting
from sweeps.violations import draw_another

_INTERRUPTED = 130


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
        progress: show a bar for each epoch.
        index: of the worker among those of this launch.
    """

    name: str
    storage: str
    space: Path
    parent: str
    total: int
    threads: int
    progress: bool
    index: int = 0


def work(job: Job) -> None:
    """Run queued trials one after the other; one that fails does not stop the others.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the trial that it stopped is marked as to be run again.
    """
    use(job.threads)
    quieten()
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # `announce` says it in a line
    space = read_space(job.space)
    study = open_study(job.name, job.storage, space, job.index)
    worker = this_worker()
    with deferred() as interrupted:
        while not interrupted() and waiting(study) and len(settled(study)) < job.total:
            study.optimize(
                lambda trial: run_trial(trial, space, job.parent, worker, job.progress, interrupted),
                n_trials=1,
                catch=(Exception,),
                callbacks=[partial(_replace, space), mirror, partial(announce, space)],
            )
    if interrupted():
        raise KeyboardInterrupt


def _replace(space: Space, study: optuna.Study, trial: FrozenTrial) -> None:
    if VIOLATES in trial.user_attrs:
        draw_another(study, trial, space)


def announce(space: Space, study: optuna.Study, trial: FrozenTrial) -> None:
    """Say in one line what a trial came to."""
    if QUEUED not in trial.user_attrs or VIOLATES in trial.user_attrs:
        return
    lowest = min(trial.intermediate_values.values(), default=None)
    values = trial.values or ([] if lowest is None else [lowest])
    beyond = [name for name, excess in trial.constraints.items() if excess > 0]
    found = best(study)
    print(
        f"trial {trial.number:>3}  {trial.state.name.lower():<8}"
        + (f"  {space.objective.said(values)}" if values else "")
        + (f"  beyond the limit of {', '.join(beyond)}" if beyond else "")
        + (f"  in {trial.duration.total_seconds():.0f} s" if trial.duration else "")
        + (f"   best so far {space.objective.said(found.values)} (trial {found.number})" if found else ""),
        flush=True,
    )


def run_workers(job: Job, workers: int) -> None:
    """Run workers as processes of their own and wait for them all.

    Raises:
        KeyboardInterrupt: Ctrl-C, once every worker has put its trial back.
        RuntimeError: a worker ended otherwise than by finishing.
    """
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_work_process, args=(replace(job, index=index),)) for index in range(workers)]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join()
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
