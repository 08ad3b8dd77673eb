"""Every sampler draws, learns, and does not draw after a resumption what it drew before."""

import warnings

import optuna
import pytest
import yaml

from sweeps.samplers import SAMPLERS
from sweeps.space_file import parse_space
from sweeps.study import front, open_study, queue

RANGES = {"x": {"float": {"low": -1.0, "high": 1.0}}, "y": {"float": {"low": -1.0, "high": 1.0}}}
CHOICE = {"z": {"categorical": [[1, 2], "three"]}}


def space_of(kind: str, **top: object):
    return parse_space(yaml.safe_dump({"parameters": {**RANGES, **CHOICE}, "sampler": {"kind": kind}, **top}), kind)


def study_of(space, storage: str, worker: int = 0) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return open_study("toy", storage, space, worker)


def run(study: optuna.Study, space, trials: int, objective=lambda values: values["x"] ** 2) -> list[dict]:
    queue(study, len(study.trials) + trials)
    study.optimize(lambda trial: objective(space.draw(trial).values), n_trials=trials)
    return [trial.params for trial in study.trials[-trials:]]


@pytest.mark.parametrize("kind", sorted(set(SAMPLERS) - {"grid"}))  # whose points are queued
def test_a_resumed_sampler_draws_otherwise(kind, tmp_path):
    storage, space = f"sqlite:///{tmp_path / 'o.db'}", space_of(kind)
    drawn = [point["x"] for worker in (0, 0, 1) for point in run(study_of(space, storage, worker), space, 3)]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize(("kind", "trials"), [("gp", 10), ("cmaes", 30), ("tpe", 30)])
def test_samplers_that_learn_get_nearer(kind, trials, tmp_path):
    space = space_of(kind, sampler={"kind": kind, "startup_trials": 4})
    study = study_of(space, f"sqlite:///{tmp_path / 'o.db'}")
    run(study, space, trials, lambda values: (values["x"] - 0.5) ** 2 + (values["y"] + 0.5) ** 2)
    values = [trial.value for trial in study.trials]
    assert sum(values[-4:]) < 0.7 * sum(values[:4])


@pytest.mark.parametrize("kind", ["tpe", "nsga2"])
def test_several_objectives_end_on_a_front(kind, tmp_path):
    space = space_of(kind, objective=["dev/eer", "latency_ms"])
    study = study_of(space, f"sqlite:///{tmp_path / 'o.db'}")
    run(study, space, 15, lambda values: (values["x"] ** 2, (values["x"] - 1) ** 2))
    ends = front(study)
    assert len(ends) > 1
    ranked = sorted(trial.values for trial in ends)
    assert [second for _, second in ranked] == sorted((second for _, second in ranked), reverse=True)
