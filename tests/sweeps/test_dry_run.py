"""A dry run shows what would be trained, and what that would take."""

import json

import pytest
import yaml

from experiments import tracking
from experiments.cli import main as spooflab
from experiments.training_cost import TrainingCost
from sweeps.dry_run import estimated_hours


def cost(epoch_s: float, epochs: int) -> TrainingCost:
    return TrainingCost(parameters=1, macs=1, epoch_s=epoch_s, epochs=epochs)


def test_hours_are_of_the_mean_branch_and_shared_by_workers():
    costs = [cost(10.0, 12), cost(30.0, 20)]
    assert [part.seconds for part in costs] == [120, 600]
    assert estimated_hours(costs, trials=20, workers=2) == pytest.approx(1.0)


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
    assert tracking.find({tracking.SWEEP_TAG: path.stem}) == []
