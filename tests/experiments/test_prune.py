"""A pruned model is a run like any other, smaller by what was asked for, and trained after each step."""

import json

import pytest

from experiments import tracking
from experiments.cli import main as spooflab
from experiments.prune import Plan, prune
from lightning_modules.detector import Detector
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.pruning.unstructured import zero_share


def model_of(run_id):
    return Detector.from_file(tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT))


def test_channels_are_gone_and_the_run_is_one_like_any_other(place, evaluated, capsys):
    words = [
        "prune",
        "--model",
        evaluated,
        "--amount",
        "0.5",
        "--structured",
        "--steps",
        "2",
        "--epochs",
        "1",
        "--json",
    ]
    assert spooflab([*words, "--json", "--model.learning_rate=1e-3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert model_of(told["run_id"]).network.channels == (4, 8)
    assert told["after"]["parameters"] < told["before"]["parameters"]
    assert told["after"]["macs"] < told["before"]["macs"]
    assert [step["share"] for step in told["steps"]] == [pytest.approx(1 - 0.5**0.5), 0.5]
    run = tracking.get(told["run_id"])
    assert run.data.tags["pruned.from"] == evaluated
    assert run.data.params["model.learning_rate"] == "0.001"
    assert run.info.status == "FINISHED"
    (nested,) = tracking.children(told["run_id"])
    assert nested.info.run_id == told["steps"][0]["run_id"]
    assert tracking.PARENT_TAG not in run.data.tags
    assert len(run.data.metrics) <= 25
    assert spooflab(["evaluate", "--model", told["run_id"]]) == 0


def test_weights_are_zero_to_the_end(place, evaluated):
    pruned = prune(evaluated, Plan(0.6, steps=2, epochs=2))
    assert zero_share(model_of(pruned.run_id).network) == pytest.approx(0.6, abs=2e-3)
    assert pruned.after.parameters == pruned.before.parameters
    assert pruned.after.zero_share == pytest.approx(0.6, abs=2e-3)
    assert pruned.before.zero_share < 0.01
    assert model_of(evaluated).network.channels == (8, 16)


def test_rawnet2_loses_channels_and_recurrent_units(place, tmp_path):
    from experiments.train import train

    parent = train(place.words("rawnet2", epochs=1)).run_id
    checkpoint = tracking.fetch(parent, tracking.CHECKPOINT_ARTIFACT)
    words = place.words("rawnet2", epochs=9)  # the plan's epochs count
    pruned = prune(str(checkpoint), Plan(0.5, structured=True, steps=1, epochs=1), words, "smaller")
    network = model_of(pruned.run_id).network
    assert isinstance(network, RawNet2)
    assert (network.channels, network.inner_channels, network.gru_units) == ((8, 8, 16, 16), (4, 4, 8, 8), 8)
    assert tracking.get(pruned.run_id).info.run_name == "smaller"
    assert pruned.origin.startswith("sha256:")


def test_what_cannot_be_pruned_is_one_line(place, evaluated, capsys, tmp_path):
    from experiments.train import train

    debug = train(place.words("debug", epochs=1)).run_id
    assert spooflab(["prune", "--model", debug, "--amount", "0.5", "--structured"]) == 1
    assert "found DebugNetwork, expected SpectrogramCNN or RawNet2" in capsys.readouterr().err
    assert spooflab(["prune", "--model", evaluated, "--amount", "1.5"]) == 1
    assert "found an amount of 1.5" in capsys.readouterr().err
    assert spooflab(["prune", "--model", "nowhere", "--amount", "0.5"]) == 1
    assert "no run 'nowhere'" in capsys.readouterr().err
    checkpoint = tracking.fetch(debug, tracking.CHECKPOINT_ARTIFACT)
    assert spooflab(["prune", "--model", str(checkpoint), "--amount", "0.5"]) == 1
    assert "found a checkpoint alone, expected --config" in capsys.readouterr().err
