"""No trial is given up before its epochs tell anything."""

import optuna
import pytest

from sweeps.pruners import Median

BAD, GOOD = 0.5, 0.3


@pytest.fixture
def study():
    return optuna.create_study(pruner=Median(startup_trials=2).make())


def train(study, epochs, value):
    """Run a trial of so many epochs, and return the epoch that it was given up after; none where it was not."""
    trial = study.ask()
    for epoch in range(epochs):
        trial.report(value, epoch)
        if trial.should_prune():
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return epoch
    study.tell(trial, value)
    return None


@pytest.mark.parametrize(("epochs", "warm_up"), [(12, 4), (10, 4), (3, 2), (30, 10)])
def test_a_third_of_the_epochs_is_never_pruned(study, epochs, warm_up):
    assert [train(study, epochs, GOOD) for _ in range(2)] == [None, None]
    assert train(study, epochs, BAD) == warm_up
    assert train(study, epochs, GOOD) is None


def test_nothing_is_pruned_before_there_is_something_to_compare_with(study):
    assert train(study, 12, GOOD) is None
    assert train(study, 12, BAD) is None
