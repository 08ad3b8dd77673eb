"""Three failures in a row of one cause stop a sweep; everything else does not."""

from datetime import UTC, datetime, timedelta

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from sweeps.streak import stop_if_hopeless, stopped, streak, try_again
from sweeps.study import CAUSE, FAILURE, QUEUED

START = datetime(2026, 1, 1, tzinfo=UTC)


def ended(*outcomes: str | None) -> list[optuna.trial.FrozenTrial]:
    """Trials that ended one after the other: of a cause, or well."""
    return [_ended(number, cause, minute=number) for number, cause in enumerate(outcomes)]


def _ended(number: int, cause: str | None, minute: int) -> optuna.trial.FrozenTrial:
    told = {CAUSE: cause, FAILURE: cause} if cause else {}
    state = TrialState.FAIL if cause else TrialState.COMPLETE
    trial = create_trial(state=state, value=None if cause else 0.5, user_attrs={QUEUED: True, **told})
    trial.number, trial.datetime_complete = number, START + timedelta(minutes=minute)
    return trial


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        ((None, "a", "a", "a"), [1, 2, 3]),
        (("a", "a"), []),
        (("a", "a", "b"), []),
        (("a", None, "a", "a"), []),
        (("a", "a", "a", None), []),
    ],
)
def test_a_streak_is_the_last_three_of_one_cause(outcomes, found):
    assert [trial.number for trial in streak(ended(*outcomes))] == found


def test_the_numbers_of_a_cause_make_no_other_one_and_are_told():
    study = optuna.create_study()
    study.add_trials(ended(*(f"ValueError: Invalid learning rate: -{rate}" for rate in (0.5, 0.25, 0.125))))
    stop_if_hopeless(study)
    assert "of the same cause: ValueError: Invalid learning rate: -0.125\n" in stopped(study)


def test_what_counts_is_when_trials_ended():
    trials = [_ended(0, "a", 1), _ended(1, None, 0), _ended(2, "a", 2), _ended(3, "a", 3)]
    assert [trial.number for trial in streak(trials)] == [0, 2, 3]


def test_failures_of_launches_before_are_forgiven():
    assert streak(ended("a", "a", "a"), forgiven=[0, 1, 2]) == []
    assert streak(ended("a", "a", "a", "a", "a"), forgiven=[0, 1, 2]) == []


def test_a_stopped_sweep_says_why_and_can_be_tried_again():
    study = optuna.create_study()
    *first, last = ended(*["ValueError: no good"] * 3)
    study.add_trials(first)
    stop_if_hopeless(study)
    assert stopped(study) is None
    study.add_trial(last)
    stop_if_hopeless(study)
    assert "trials 0, 1, 2 failed in a row of the same cause: ValueError: no good" in stopped(study)
    try_again(study)
    assert stopped(study) is None
    stop_if_hopeless(study)
    assert stopped(study) is None
