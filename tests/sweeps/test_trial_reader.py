"""Trials are those that Optuna's own mapping reads, to the last attribute."""

import math

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from sweeps import trial_reader
from sweeps.storage import open_storage

STATES = (None, (TrialState.COMPLETE,), (TrialState.WAITING, TrialState.RUNNING))


@pytest.fixture
def studies(tmp_path):
    """A study with trials in every state, beside another one in the same database."""
    storage = open_storage(f"sqlite:///{tmp_path / 'read.db'}")
    other = optuna.create_study(study_name="other", storage=storage)
    study = optuna.create_study(study_name="read", storage=storage, directions=["minimize", "minimize"])
    for number in range(2):
        other.enqueue_trial({"x": number}, user_attrs={"whose": "another's"})
    for state in (TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED, TrialState.COMPLETE):
        study.add_trial(
            optuna.trial.create_trial(
                state=state,
                values=[math.inf, -0.25] if state is TrialState.COMPLETE else None,
                params={"rate": 0.01, "layers": 3, "net": [1, 2]},
                distributions={
                    "rate": FloatDistribution(0.001, 0.1, log=True),
                    "layers": IntDistribution(1, 9, step=2),
                    "net": CategoricalDistribution(("a", None, [1, 2])),
                },
                user_attrs={"note": {"deep": [1, None]}},
                system_attrs={"fixed_params": {"rate": 0.01}},
                intermediate_values={0: 0.5, 3: math.nan, 7: math.inf},
            )
        )
    study.enqueue_trial({"rate": 0.02}, user_attrs={"queued": True})
    study.enqueue_trial({})
    study.ask().set_user_attr("worker", "this")
    return study, other


@pytest.mark.parametrize("states", STATES)
@pytest.mark.parametrize("most_named", [500, 1])
def test_they_are_as_optuna_reads_them(studies, states, most_named, monkeypatch):
    monkeypatch.setattr(trial_reader, "_MOST_NAMED", most_named)
    for study in studies:
        storage = study._storage._backend
        ids = sorted(trial._trial_id for trial in study.trials)
        for included, beyond in ((set(), -1), (set(ids[:2]), ids[-2]), (set(), ids[-1]), (set(ids), ids[-1])):
            found = storage._get_trials(study._study_id, states, included, beyond)
            expected = RDBStorage._get_trials(storage, study._study_id, states, included, beyond)
            assert list(map(repr, found)) == list(map(repr, expected))  # NaN is not equal to itself
    assert len(studies[0].trials) == 6


def test_a_study_that_is_gone_is_missed(studies):
    storage = studies[0]._storage._backend
    with pytest.raises(KeyError):
        storage._get_trials(99, None, set(), -1)
