"""A trial of a sweep is trained once more by its number alone, to the last digit."""

from pathlib import Path

import pytest
import torch
import yaml

from experiments import sweep_runs, tracking
from experiments.cli import main as spooflab
from sweeps.launch import launch

DEBUG = Path(__file__).resolve().parents[2] / "experiments" / "configs" / "debug.yaml"


@pytest.fixture
def trials(place, monkeypatch):
    """Two trials of the sweep `again`, trained on one thread."""
    monkeypatch.setenv("SPOOFLAB_THREADS", "1")
    before = torch.get_num_threads()
    path = place.folder / "again.yaml"
    rate = {"model.learning_rate": {"float": {"low": 0.001, "high": 0.02, "log": True}}}
    (place.folder / "habits.yaml").write_text("seed_everything: 7\nname: mine\nckpt: last\n")  # that trials override
    configs = [str(place.folder / "data.yaml"), str(DEBUG), str(place.folder / "habits.yaml")]
    path.write_text(yaml.safe_dump({"configs": configs, "fixed": {"trainer.max_epochs": 2}, "parameters": rate}))
    yield launch(path, "again", 2).trials
    torch.set_num_threads(before)


def test_a_trial_is_reproduced_by_its_number(trials, place, monkeypatch, capsys):
    monkeypatch.delenv("SPOOFLAB_THREADS")
    torch.set_num_threads(2)
    assert spooflab(["train", "--from-trial", "again:1"]) == 0
    assert "threads: 1 of" in capsys.readouterr().err
    (run,) = tracking.find({"reproduces": "again:1"})
    (trial,) = tracking.find({"optuna.trial": "1", "mlflow.parentRunId": sweep_runs.sweep("again").info.run_id})
    assert run.data.tags["mlflow.runName"] == "again:1"
    assert run.data.tags["reproduces.run"] == trial.info.run_id
    assert trial.data.params["seed_everything"] != "7"
    assert "mlflow.parentRunId" not in run.data.tags
    for name in ("best/dev_eer", "dev/loss", "train/loss"):
        assert run.data.metrics[name] == trial.data.metrics[name]
    assert run.data.metrics["best/dev_eer"] == trials[1].value

    assert spooflab(["train", "--from-trial=again:0", "--trainer.max_epochs=1", "--name=shorter"]) == 0
    (other,) = tracking.find({"mlflow.runName": "shorter"})
    assert other.data.params["trainer.max_epochs"] == "1"
    assert float(other.data.params["model.learning_rate"]) == trials[0].params["model.learning_rate"]

    for asked, complaint in (
        ("again:7", "sweep 'again' has no trial 7 with a run; it has 0, 1"),
        ("unheard-of:1", "no sweep 'unheard-of'"),
        ("again", "found 'again', expected SWEEP:NUMBER"),
    ):
        assert spooflab(["train", "--from-trial", asked]) == 1
        assert complaint in capsys.readouterr().err
