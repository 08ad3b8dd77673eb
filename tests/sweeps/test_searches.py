"""Trials on real audio give what their objective asks for, and keep within its limits."""

from pathlib import Path

import optuna
import pytest
import yaml

from experiments import tracking
from sweeps.objective import run_trial
from sweeps.space_file import parse_space
from sweeps.study import MEASURED, RUN_ID, front, open_study, queue
from tests.sweeps.found import best

DEBUG = Path(__file__).resolve().parents[2] / "experiments" / "configs" / "debug.yaml"
CHANNELS = "model.network.init_args.channels"


@pytest.fixture
def searched(place, tmp_path):
    def search(trials: int, **top: object) -> optuna.Study:
        values = {
            "configs": [str(place.folder / "data.yaml"), str(DEBUG)],
            "fixed": {"trainer.max_epochs": 2},
            "parameters": {CHANNELS: {"int": {"low": 1, "high": 64, "log": True}}},
            "enqueue": [{CHANNELS: 1}, {CHANNELS: 64}],
            **top,
        }
        space = parse_space(yaml.safe_dump(values), "here")
        study = open_study("searched", f"sqlite:///{tmp_path / 'o.db'}", space)
        queue(study, trials, space.enqueued)
        with tracking.run("searched") as parent:
            study.optimize(lambda trial: run_trial(trial, space, parent, "worker", lambda: False), n_trials=trials)
        return study

    return search


def test_several_measures_are_told_and_never_pruned(searched):
    study = searched(2, objective=["dev/min_dcf", "size_mb", "latency_ms"])
    small, large = study.trials
    assert all(trial.state is optuna.trial.TrialState.COMPLETE for trial in study.trials)
    assert small.values[1] < large.values[1]
    assert set(large.user_attrs[MEASURED]) == {"dev/eer", "dev/min_dcf", "dev/loss", "size_mb", "latency_ms"}
    assert large.values == [large.user_attrs[MEASURED][name] for name in ("dev/min_dcf", "size_mb", "latency_ms")]
    assert small.number in {trial.number for trial in front(study)}


def test_a_trial_beyond_a_limit_is_given_up_after_its_first_epoch(searched):
    study = searched(2, limits={"size_mb": 0.002, "dev/loss": 99})
    small, large = study.trials
    assert (small.state.name, large.state.name) == ("COMPLETE", "PRUNED")
    assert len(large.intermediate_values) == 1
    assert large.constraints["size_mb"] > 0 > small.constraints["size_mb"]
    assert set(large.constraints) == set(small.constraints) == {"size_mb", "dev/loss"}
    assert best(study).number == 0
    assert tracking.get(large.user_attrs[RUN_ID]).info.status == "KILLED"


def test_without_pruning_a_trial_beyond_a_limit_is_complete_and_never_the_best(searched):
    study = searched(2, limits={"size_mb": 0.002}, pruner={"kind": "none"}, objective="dev/loss")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE"]
    assert best(study).number == 0
    assert study.trials[0].value == study.trials[0].user_attrs[MEASURED]["dev/loss"]
