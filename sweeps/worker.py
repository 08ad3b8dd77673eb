"""A sweep's name in, trials run out: takes queued trials until there is none left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from experiments.interrupts import deferred
from experiments.threads import use
from experiments.train import drop_scratch, quieten
from sweeps.mirror import mirror
from sweeps.objective import run_trial
from sweeps.reconcile import queue_owed
from sweeps.signature import this_worker
from sweeps.streak import stop_if_hopeless, stopped
from sweeps.study import (
    PARENT,
    QUEUED,
    RUN_ID,
    TASK,
    VIOLATES,
    is_owed,
    load_study,
    open_study,
    own_trials,
    stored_space,
    without_replaced,
    work_is_left,
)


@dataclass(frozen=True)
class Job:
    """What a worker is told; the rest is in the study.

    Attributes:
        name: of the study.
        storage: URL of Optuna's database.
        threads: that torch may use.
        index: of the worker among all that draw values at the same time.
        most: trials after which it leaves; none for as many as there are.
        task: of a cluster that this worker is, so that its launcher can tell what a lost one was at.
    """

    name: str
    storage: str
    threads: int
    index: int = 0
    most: int | None = None
    task: str | None = None


def work(job: Job, told: Callable[[], bool] = lambda: False) -> None:
    """Run queued trials one after the other; one that fails does not stop the others.

    Args:
        job: what to work at.
        told: asked between batches whether to stop as after Ctrl-C.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the trial that it stopped is queued again.
    """
    use(job.threads, tell=False)  # the launcher does, whose view a line between would break
    quieten()
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # the launcher says it in a line
    space = stored_space(load_study(job.name, job.storage, wait=True))
    study = open_study(job.name, job.storage, space, job.index, wait=True)
    parent, worker, done = study.user_attrs[PARENT], this_worker(), 0
    with deferred() as pressed:

        def interrupted() -> bool:
            return pressed() or told()

        def objective(trial: optuna.Trial) -> Sequence[float]:
            if job.task is not None:
                trial.set_user_attr(TASK, job.task)
            return run_trial(trial, space, parent, worker, interrupted)

        while not interrupted() and done != job.most and not stopped(study):
            if not work_is_left(study):
                return
            _run_one(study, objective)
            done += 1
    if interrupted():
        raise KeyboardInterrupt


def _run_one(study: optuna.Study, objective: Callable[[optuna.Trial], Sequence[float]]) -> None:
    """Take a trial, run it, tell the study, and make its MLflow run agree; in this order, so that a kill loses none."""
    taken: list[optuna.Trial] = []

    def run(trial: optuna.Trial) -> Sequence[float]:
        taken.append(trial)
        return objective(trial)

    try:
        study.optimize(run, n_trials=1, catch=(Exception,))
    except KeyboardInterrupt:
        for trial in (_trial(study, one) for one in taken):
            if QUEUED in trial.user_attrs and is_owed(trial):  # its own; what else is owed is the launcher's to queue
                queue_owed(study, trial)
        raise
    except (ValueError, UpdateFinishedTrialError):  # Optuna's words for a trial that has been told already
        if not taken or not _trial(study, taken[0]).state.is_finished():
            raise
        print(f"trial {taken[0].number}: this worker was taken for dead, and the trial is another's by now", flush=True)
        _leave(study, _trial(study, taken[0]))
        return
    trial = _trial(study, taken[0])
    if QUEUED not in trial.user_attrs or VIOLATES in trial.user_attrs or is_owed(trial):
        return
    mirror(trial)
    if RUN_ID in trial.user_attrs:
        drop_scratch(trial.user_attrs[RUN_ID])
    if trial.state is TrialState.FAIL:
        stop_if_hopeless(study)


def _leave(study: optuna.Study, trial: FrozenTrial) -> None:
    """Take back what was written to the run of a trial that is another's: it says what its newest attempt does."""
    for current in without_replaced(own_trials(study)):
        if RUN_ID in trial.user_attrs and current.user_attrs.get(RUN_ID) == trial.user_attrs[RUN_ID]:
            mirror(current)


def _trial(study: optuna.Study, taken: optuna.Trial) -> FrozenTrial:
    return study.get_trials(deepcopy=False)[taken.number]
