"""A trial that violates a constraint is no failure: another is drawn in its place, in the end one that is allowed."""

from functools import partial

import optuna
import pytest
import yaml
from optuna.trial import TrialState

from sweeps.reconcile import put_back
from sweeps.space_file import parse_space
from sweeps.study import VIOLATES, open_study, own_trials, queue, settled, waiting, without_replaced
from sweeps.violations import MOST_IN_A_ROW, ViolationError, valid_draw

PARAMETERS = {"x": {"int": {"low": 0, "high": 999}}, "y": {"categorical": ["a", "b"]}}


@pytest.fixture
def sweep(tmp_path):
    return partial(_sweep, f"sqlite:///{tmp_path / 'o.db'}")


def _sweep(storage: str, total: int, **values: object) -> optuna.Study:
    space = parse_space(yaml.safe_dump({"parameters": PARAMETERS, "sampler": {"kind": "random"}, **values}), "s")
    study = open_study("s", storage, space)
    queue(study, total, space.enqueued)
    while waiting(study):
        trial = study.ask()
        try:
            study.tell(trial, valid_draw(trial, space).values["x"])
        except ViolationError:
            assert trial.number not in {current.number for current in without_replaced(own_trials(study))}
            study.tell(trial, state=TrialState.FAIL)
    return study


def test_violations_are_hidden_and_drawn_again(sweep):
    study = sweep(4, constraints=["x < 500"])
    assert len(settled(study)) == 4
    assert all(trial.state is TrialState.COMPLETE and trial.params["x"] < 900 for trial in settled(study))
    hidden = [trial for trial in study.trials if trial.number not in {kept.number for kept in settled(study)}]
    assert hidden
    assert all(trial.user_attrs[VIOLATES] == "x < 500" for trial in hidden)


def test_after_many_violations_an_allowed_trial_is_found_at_random(sweep):
    study = sweep(1, constraints=["x < 9"])
    (found,) = settled(study)
    assert found.params["x"] < 9
    assert len(own_trials(study)) == MOST_IN_A_ROW + 1
    assert found.system_attrs["fixed_params"] == found.params


def test_a_baseline_keeps_what_it_was_given(sweep):
    study = sweep(2, constraints=["x < 500"], enqueue=[{"y": "b"}, {"x": 7, "y": "a"}])
    first, second = sorted(settled(study), key=lambda trial: trial.params["y"])
    assert first.params == {"x": 7, "y": '"a"'}
    assert second.params["y"] == '"b"'


def test_a_violation_is_no_failure_to_be_tried_again(tmp_path):
    space = parse_space(yaml.safe_dump({"parameters": PARAMETERS, "constraints": ["x < 0"]}), "s")
    study = open_study("s", f"sqlite:///{tmp_path / 'o.db'}", space)
    queue(study, 1, [{"y": '"b"'}])
    with pytest.raises(ViolationError):
        study.optimize(lambda trial: valid_draw(trial, space), n_trials=1)
    assert settled(study) == put_back(study) == []
    (again,) = waiting(study)
    assert again.system_attrs["fixed_params"] == {"y": '"b"'}
