"""A dry run shows what would be trained, and what that would take."""

import json
import re

import pytest
import yaml

from experiments import sweep_runs, tracking
from experiments.cli import main as spooflab
from experiments.training_cost import TrainingCost
from sweeps.dry_run import estimated_hours, in_short


def cost(epoch_s: float, epochs: int) -> TrainingCost:
    return TrainingCost(parameters=1, macs=1, epoch_s=epoch_s, epochs=epochs)


def test_hours_are_of_the_mean_branch_and_shared_by_workers():
    costs = [cost(10.0, 12), cost(30.0, 20)]
    assert [part.seconds for part in costs] == [120, 600]
    assert estimated_hours(costs, trials=20, workers=2) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("duration_s", "told"),
    [
        (0.0123, "0.012 s"),
        (3.4, "3.4 s"),
        (99.6, "100 s"),
        (130.0, "2.2 min"),
        (2880.0, "48 min"),
        (9000.0, "2.5 h"),
        (260000.0, "3 days"),
    ],
)
def test_a_short_duration_is_not_none(duration_s, told):
    assert in_short(duration_s) == told


def test_a_dry_run_of_short_epochs_tells_their_time(quick_space, place, capsys):
    path = quick_space("short", fixed={"trainer.max_epochs": 1, "data.batch_size": 1000})
    assert spooflab(["sweep", "--space", str(path), "--trials", "1", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert re.search(r"1 trials, 1 worker\(s\): about [\d.]+ (s|min), without the check, the start of workers", told)
    assert " 0 s" not in told


@pytest.mark.parametrize(
    ("option", "found", "least"), [("--trials", "0", 1), ("--seeds", "-2", 1), ("--reseed-top", "-1", 0)]
)
def test_a_number_that_is_too_low_is_named(quick_space, capsys, option, found, least):
    with pytest.raises(SystemExit):
        spooflab(["sweep", "--space", str(quick_space("low")), option, found])
    assert f"{option}: found {found}, expected {least} or more" in capsys.readouterr().err


@pytest.mark.parametrize(("sampler", "trials"), [("tpe", 3), ("grid", 2)])
def test_one_object_tells_all(place, capsys, sampler, trials):
    branches = {"cnn": {"configs": [str(place.folder / "cnn.yaml")]}}
    values = {
        "configs": [str(place.folder / "data.yaml")],
        "fixed": {"trainer.max_epochs": 4},
        "sampler": {"kind": sampler},
        "parameters": {"network": {"branch": branches}, "model.learning_rate": {"categorical": [0.01, 0.02]}},
    }
    path = place.folder / f"dry_{sampler}.yaml"
    path.write_text(yaml.safe_dump(values))
    assert spooflab(["sweep", "--space", str(path), "--trials", "3", "--workers", "2", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["configs"]) == told["estimate"]["trials"] == trials
    (branch,) = told["branches"].values()
    assert branch["epochs"] == 4
    assert branch["parameters"] > 1000
    assert branch["epoch_s"] > 0
    assert told["estimate"]["workers"] == 2
    assert tracking.find({sweep_runs.SWEEP_TAG: path.stem}) == []
