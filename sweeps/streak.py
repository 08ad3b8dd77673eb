"""Trials in, whether the last ones failed alike out: then the fault is the sweep's, and going on wastes the rest."""

from collections.abc import Collection, Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from experiments.failures import kind
from sweeps.study import CAUSE, FORGIVEN, STOPPED, settled

LENGTH = 3
_DIED = "the worker died"


class SweepStoppedError(RuntimeError):
    """A sweep ended before its total, because it would only have failed on."""


def streak(trials: Sequence[FrozenTrial], forgiven: Collection[int] = ()) -> list[FrozenTrial]:
    """Return the last trials, by the time they ended, if all of them failed of the same cause; else none.

    Args:
        trials: that have ended for good.
        forgiven: numbers of trials of launches before.
    """
    ended = [trial for trial in trials if trial.number not in forgiven and trial.datetime_complete is not None]
    last = sorted(ended, key=lambda trial: (trial.datetime_complete, trial.number))[-LENGTH:]
    failed = len(last) == LENGTH and all(trial.state is TrialState.FAIL for trial in last)
    return last if failed and len({kind_of_failure(trial) for trial in last}) == 1 else []


def kind_of_failure(trial: FrozenTrial) -> str:
    """Return what trials that failed alike have in common: their cause without its numbers."""
    return kind(cause(trial))


def cause(trial: FrozenTrial) -> str:
    """Return what a trial failed of, in a line."""
    return str(trial.user_attrs.get(CAUSE, _DIED))


def stop_if_hopeless(study: optuna.Study) -> None:
    """Have every worker of a sweep stop once the last trials failed alike."""
    last = streak(settled(study), study.user_attrs.get(FORGIVEN, ()))
    if last:
        numbers = ", ".join(str(trial.number) for trial in last)
        stop(
            study,
            f"trials {numbers} failed in a row of the same cause: {cause(last[-1])}\n"
            "The tag 'failure' of their runs has the whole story. Mend it and type the same command again: it goes on "
            "from here, and tries again.",
        )


def stop(study: optuna.Study, why: str) -> None:
    """Have every worker of a sweep, on any machine, stop after the trial it is at."""
    study.set_user_attr(STOPPED, why)


def stopped(study: optuna.Study) -> str | None:
    """Return why a sweep was stopped, if it was."""
    why: str | None = study.user_attrs.get(STOPPED)
    return why


def try_again(study: optuna.Study) -> None:
    """Let a stopped sweep go on; failures so far count for no streak any more."""
    study.set_user_attr(FORGIVEN, [trial.number for trial in settled(study) if trial.state is TrialState.FAIL])
    study.set_user_attr(STOPPED, None)
