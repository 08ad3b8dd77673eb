"""A trial in, its MLflow run made to agree with it out: Optuna's state is the truth."""

from contextlib import suppress

from optuna.trial import FrozenTrial, TrialState

from experiments import tracking
from sweeps.study import EARLIER, FAILURE, RUN_ID, is_owed

STATE_TAG, TRIAL_TAG, EARLIER_TAG = "optuna.state", "optuna.trial", "failure.earlier"
DIED = "the worker died in the middle of the trial (killed, out of memory, or a reboot)"
_STATUSES = {
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "KILLED",
    TrialState.FAIL: "FAILED",
    TrialState.RUNNING: "RUNNING",
    TrialState.WAITING: "SCHEDULED",
}


def mirror(trial: FrozenTrial, reason: str = DIED) -> None:
    """Write what a trial came to onto its run, where it has one that nobody deleted.

    Args:
        trial: the newest attempt of its slot.
        reason: why it ended, where it could not tell that itself.
    """
    if RUN_ID not in trial.user_attrs:
        return
    with suppress(LookupError):
        agree(tracking.get(trial.user_attrs[RUN_ID]), trial, reason)


def agree(run: tracking.Run, trial: FrozenTrial, reason: str = DIED) -> list[str]:
    """Make a run say what its trial does; return what it did not say yet."""
    params = {f"trial.{name.rpartition('/')[2]}": value for name, value in trial.params.items()}
    tags = {STATE_TAG: trial.state.name}
    if trial.state is not TrialState.WAITING:  # else it carries the number of the attempt before, until this one starts
        tags[TRIAL_TAG] = str(trial.number)
    if EARLIER in trial.user_attrs:
        tags[EARLIER_TAG] = trial.user_attrs[EARLIER]
    if is_owed(trial):  # and queued again in a moment
        tags |= {STATE_TAG: TrialState.WAITING.name, EARLIER_TAG: reason}
        return tracking.correct(run, "SCHEDULED", tags, params, without=[tracking.FAILURE_TAG])
    if trial.state is TrialState.FAIL:
        told = run.data.tags.get(tracking.FAILURE_TAG, reason)
        tags[tracking.FAILURE_TAG] = trial.user_attrs.get(FAILURE, told)
        return tracking.correct(run, "FAILED", tags, params)
    return tracking.correct(run, _STATUSES[trial.state], tags, params, without=[tracking.FAILURE_TAG])
