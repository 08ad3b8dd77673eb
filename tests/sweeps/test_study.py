"""Totals are exact, and retries replace."""

import optuna
import pytest

from sweeps.space import Space, Subspace
from sweeps.study import (
    QUEUED,
    RUN_ID,
    open_study,
    own_trials,
    queue,
    queue_again,
    settled,
    trial_seed,
    waiting,
)
from tests.sweeps.found import best

SPACE = Space(Subspace())


@pytest.fixture
def storage(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'optuna.db'}"


@pytest.fixture
def study(storage) -> optuna.Study:
    return open_study("s", storage, SPACE)


def run(study: optuna.Study, trials: int) -> None:
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=trials)


def test_the_total_counts_what_was_done_before(study):
    assert queue(study, 3) == 3
    run(study, 2)
    assert queue(study, 3) == 1
    assert queue(study, 5) == 3
    run(study, 3)
    assert queue(study, 5) == 0
    assert len(settled(study)) == 5


def test_nobody_s_trials_do_not_count(study):
    queue(study, 1)
    run(study, 3)  # two more than were queued
    assert len(own_trials(study)) == len(settled(study)) == 1


def test_a_retry_keeps_values_and_seed_and_replaces(study):
    queue(study, 1)
    with pytest.raises(RuntimeError):
        study.optimize(_fail, n_trials=1)
    (failed,) = own_trials(study)
    assert settled(study) == []  # it told no failure of its own, so its worker died: it is owed another try
    queue_again(study, failed, "died", failed.user_attrs.get(RUN_ID))
    assert settled(study) == []
    assert queue(study, 1) == 1  # the retry is the one that is missing
    run(study, 1)
    (again,) = settled(study)
    assert again.params == failed.params
    assert trial_seed(study, again) == trial_seed(study, failed)


def test_seeds_are_each_trial_s_own(study):
    queue(study, 3)
    run(study, 3)
    assert len({trial_seed(study, trial) for trial in study.trials}) == 3


def test_best_is_the_lowest_complete(study):
    queue(study, 4)

    def objective(trial):
        value = trial.suggest_float("x", 0, 1)
        if trial.number == 2:
            raise optuna.TrialPruned
        return value

    study.optimize(objective, n_trials=4)
    complete = [trial for trial in study.trials if trial.number != 2]
    assert best(study).value == min(trial.value for trial in complete)


def test_the_first_trials_are_given(study):
    queue(study, 1, [{"x": 0.25}, {"x": 0.5}])
    run(study, 1)
    queue(study, 3, [{"x": 0.25}, {"x": 0.5}])
    run(study, 2)
    assert [trial.params["x"] for trial in study.trials[:2]] == [0.25, 0.5]
    assert study.trials[2].params["x"] not in (0.25, 0.5)


def test_a_resumed_sampler_does_not_draw_what_it_drew(storage):
    def values(study):
        queue(study, len(study.trials) + 2)
        run(study, 2)
        return [trial.params["x"] for trial in study.trials[-2:]]

    first = values(open_study("s", storage, SPACE))
    second = values(open_study("s", storage, SPACE))
    assert not set(first) & set(second)


def test_waiting_trials_are_marked_as_queued(study):
    queue(study, 2)
    assert all(trial.user_attrs[QUEUED] for trial in waiting(study))


def _fail(trial: optuna.Trial) -> float:
    trial.suggest_float("x", 0, 1)
    raise RuntimeError
