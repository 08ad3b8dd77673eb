"""What a crash left in, a truthful study and truthful runs out: done at the start, the end and in between."""

import time
import warnings
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import optuna
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from experiments import tracking
from sweeps.mirror import DIED, TRIAL_TAG, agree
from sweeps.signature import gone, this_worker
from sweeps.storage import WORKER, grace_s
from sweeps.study import (
    INTERRUPTED,
    LAUNCHER,
    MOST_RETRIES,
    PARENT,
    RETRY,
    RUN_ID,
    TASK,
    TOTAL,
    is_owed,
    own_trials,
    queue_again,
    settled,
    without_replaced,
)

_UNSIGNED_S = 10  # a worker signs what it takes at once, unless it is killed just then
_INTERRUPTED = "interrupted"
_LAUNCHER_DIED = "the launcher died (killed, or a reboot): the same command goes on from here"
_NO_TRIAL = "belongs to no trial of the study: its worker died, or the study was removed"


@dataclass(frozen=True)
class Repair:
    """Something that was not true, and now is.

    Attributes:
        what: was done.
        trial: number of the trial, where it is about one.
        run_id: of the MLflow run, where it is about one.
    """

    what: str
    trial: int | None = None
    run_id: str | None = None

    def __str__(self) -> str:
        subject = f"run {self.run_id}" if self.trial is None else f"trial {self.trial}"
        return f"{subject}: {self.what}"


def reconcile(study: optuna.Study, parent: str, reason: str = DIED, dead: Collection[str] = ()) -> list[Repair]:
    """Put trials back whose worker is dead, and make every run under a sweep's run, and that one, say what is true.

    Done again, it finds nothing to do.

    Args:
        study: to put right.
        parent: id of the sweep's MLflow run.
        reason: why workers died, if more is known.
        dead: tasks of a cluster that are known to be.
    """
    return [*put_back(study, reason, dead), *_runs(study, parent, reason), *_parent(study, parent)]


def adopt(study: optuna.Study, parent: str) -> None:
    """Nest trials under a sweep's new run whose former one was deleted."""
    former = study.user_attrs.get(PARENT)
    if former is None or former == parent or tracking.exists(former):
        return
    print(f"the sweep's run {former} was deleted: its trials are nested under a new one, {parent}")
    for run in tracking.children(former):
        tracking.tag(run.info.run_id, {tracking.PARENT_TAG: parent})


def put_back(study: optuna.Study, reason: str = DIED, dead: Collection[str] = ()) -> list[Repair]:
    """End the trials of dead workers, and queue them and the interrupted ones again.

    A trial is tried again at most ``MOST_RETRIES`` times after deaths; Ctrl-C does not count against it.

    Args:
        study: to put right.
        reason: why the workers died, if more is known.
        dead: tasks of a cluster that are known to be, which no machine but theirs could tell by looking.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _is_dead(trial, dead):
            _end(study, trial)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)  # of other machines
    owed = [trial for trial in without_replaced(own_trials(study)) if is_owed(trial)]
    return [queue_owed(study, trial, reason) for trial in owed]


def queue_owed(study: optuna.Study, trial: FrozenTrial, reason: str = DIED) -> Repair:
    """Queue a trial again that ended before its time, and have its run say so.

    Args:
        study: of the trial.
        trial: that is owed another try.
        reason: why, unless Ctrl-C is.
    """
    reason = _INTERRUPTED if INTERRUPTED in trial.user_attrs else reason
    run = _run_of(study, trial)
    if run is not None:  # before the trial waits: whoever takes it makes the run RUNNING
        agree(run, trial, reason)
    queue_again(study, trial, reason, run.info.run_id if run else None)
    tries = "" if INTERRUPTED in trial.user_attrs else f", retry {trial.user_attrs.get(RETRY, 0) + 1} of {MOST_RETRIES}"
    return Repair(f"queued again{tries} ({reason})", trial.number)


def sign(study: optuna.Study) -> None:
    """Leave a sign of life of this launcher, as long as whose the sweep's run is RUNNING."""
    study.set_user_attr(LAUNCHER, {"worker": this_worker(), "seen": time.time()})


def is_launched(study: optuna.Study) -> bool:
    """Tell whether a launcher lives."""
    signed = study.user_attrs.get(LAUNCHER)
    if signed is None:
        return False
    here = gone(signed["worker"])
    return time.time() - signed["seen"] < grace_s() if here is None else not here


def another_launches(study: optuna.Study) -> bool:
    """Tell whether a launcher other than this process lives: what it was asked for counts, too."""
    signed = study.user_attrs.get(LAUNCHER)
    return signed is not None and signed["worker"] != this_worker() and is_launched(study)


def _is_dead(trial: FrozenTrial, dead: Collection[str]) -> bool:
    if trial.user_attrs.get(TASK) in dead:
        return True
    worker = trial.user_attrs.get(WORKER)
    if worker is not None:
        return gone(worker) is True
    taken = trial.datetime_start
    return taken is not None and (datetime.now() - taken).total_seconds() > _UNSIGNED_S  # noqa: DTZ005 - as Optuna's


def _end(study: optuna.Study, trial: FrozenTrial) -> None:
    # Another may have done it in this moment, and queues it again as this one would.
    with suppress(UpdateFinishedTrialError):
        study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def _run_of(study: optuna.Study, trial: FrozenTrial) -> tracking.Run | None:
    """Return the run of a trial, also when its worker was killed between making it and noting it; none if deleted."""
    if RUN_ID in trial.user_attrs:
        with suppress(LookupError):
            return tracking.get(trial.user_attrs[RUN_ID])
        return None
    parent = study.user_attrs.get(PARENT)
    if parent is None or WORKER not in trial.user_attrs:
        return None
    return next(iter(tracking.children(parent, {TRIAL_TAG: str(trial.number)})), None)


def _runs(study: optuna.Study, parent: str, reason: str) -> list[Repair]:
    runs = [run for run in tracking.children(parent) if TRIAL_TAG in run.data.tags]
    current = without_replaced(own_trials(study))  # read after the runs: a trial that ended since is true already
    trials = {trial.user_attrs[RUN_ID]: trial for trial in current if RUN_ID in trial.user_attrs}
    unnoted = {str(trial.number) for trial in current if trial.state is TrialState.RUNNING} - {
        str(trial.number) for trial in trials.values()
    }
    repairs = []
    for run in runs:
        run_id, trial = run.info.run_id, trials.get(run.info.run_id)
        if trial is None and run.data.tags[TRIAL_TAG] not in unnoted and run.info.status in ("RUNNING", "SCHEDULED"):
            tracking.correct(run, "FAILED", {tracking.FAILURE_TAG: _NO_TRIAL})
            repairs.append(Repair(_NO_TRIAL, run_id=run_id))
        if trial is None or trial.state is TrialState.RUNNING:  # the living speak for themselves
            continue
        corrected = agree(run, trial, reason)
        if corrected:
            repairs.append(Repair(f"its run did not agree: {', '.join(corrected)}", trial.number, run_id))
    return repairs


def _parent(study: optuna.Study, parent: str) -> list[Repair]:
    run = tracking.get(parent)
    working = any(trial.state is TrialState.RUNNING for trial in own_trials(study))
    if run.info.status != "RUNNING" or is_launched(study) or working:
        return []
    done = len(settled(study)) >= study.user_attrs.get(TOTAL, 0)
    tracking.correct(run, "FINISHED" if done else "KILLED", {} if done else {tracking.FAILURE_TAG: _LAUNCHER_DIED})
    return [Repair(f"the sweep's run was left RUNNING: {_LAUNCHER_DIED}", run_id=parent)]
