"""The best is the lowest that keeps every limit; of several measures there is a front."""

from functools import partial

import pytest
import yaml

from sweeps.measuring import note
from sweeps.objectives import Objective
from sweeps.samplers import random_trials
from sweeps.space_file import parse_space
from sweeps.study import MEASURED, front, open_study, queue
from tests.sweeps.found import best

BOTH = Objective(("dev/eer", "latency_ms"), {"size_mb": 2.0, "dev/loss": 0.5})


def test_an_objective_asks_for_its_costs_alone():
    assert Objective().costs == ()
    assert BOTH.costs == ("latency_ms", "size_mb")
    assert BOTH.values({"size_mb": 1.0, "latency_ms": 5.0, "dev/eer": 0.1}) == (0.1, 5.0)
    assert BOTH.excess({"size_mb": 1.5, "dev/eer": 0.1}) == {"size_mb": -0.5}


def test_limits_are_noted_as_they_become_known():
    trial = random_trials(0).ask()
    assert note(trial, BOTH, {"size_mb": 1.0})
    assert not note(trial, BOTH, {"size_mb": 1.0, "dev/loss": 0.75})
    assert trial.constraints == {"size_mb": -1.0, "dev/loss": 0.25}
    assert trial.user_attrs[MEASURED] == {"size_mb": 1.0, "dev/loss": 0.75}


@pytest.fixture
def study_of(tmp_path):
    return partial(_study_of, f"sqlite:///{tmp_path / 'o.db'}")


def _study_of(storage: str, measured: list[dict[str, float]], **values: object):
    space = parse_space(yaml.safe_dump({"parameters": {"x": {"int": {"low": 0, "high": 9}}}, **values}), "s")
    study = open_study("s", storage, space)
    queue(study, len(measured))

    def objective(trial):
        found = measured[trial.number]
        note(trial, space.objective, found)
        return space.objective.values(found)

    study.optimize(objective, n_trials=len(measured))
    return study


def test_the_best_of_one_measure_keeps_the_limit(study_of):
    measured = [{"dev/eer": eer, "latency_ms": ms} for eer, ms in [(0.3, 5), (0.1, 30), (0.2, 20), (0.2, 10)]]
    study = study_of(measured, limits={"latency_ms": 20})
    assert best(study).number == 2
    assert {trial.number for trial in front(study)} <= {2, 3}


def test_nothing_is_best_where_nothing_keeps_the_limit(study_of):
    study = study_of([{"dev/eer": 0.1, "size_mb": 3.0}], limits={"size_mb": 2})
    assert best(study) is None
    assert front(study) == []


def test_the_front_is_what_nothing_is_better_than(study_of):
    pairs = [(0.3, 5), (0.1, 30), (0.2, 20), (0.25, 25), (0.05, 90)]
    measured = [{"dev/eer": eer, "latency_ms": ms, "size_mb": 1 + (ms > 80)} for eer, ms in pairs]
    study = study_of(measured, objective=["dev/eer", "latency_ms"], limits={"size_mb": 1.5})
    assert [trial.number for trial in front(study)] == [0, 1, 2]
    assert best(study).number == 1


@pytest.mark.parametrize("measure", ["dev/eer", "dev/min_dcf"])
def test_an_unlimited_study_has_no_constraints(study_of, measure):
    study = study_of([{"dev/eer": 0.2, "dev/min_dcf": 0.4}], objective=measure)
    assert study.trials[0].constraints == {}
    assert best(study).value == {"dev/eer": 0.2, "dev/min_dcf": 0.4}[measure]
