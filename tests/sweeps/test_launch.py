"""A sweep on real audio: exact totals, true statuses, one answer, and nothing lost to a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import mlflow
import optuna
import pytest
import yaml

from experiments import tracking
from experiments.cli import main as spooflab
from sweeps.launch import launch
from sweeps.study import RUN_ID, own_trials, settled

COMMAND = "import sys; from experiments.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def space(place):
    """Return a function that writes a space with both networks; epochs decide how long a trial lasts."""

    def written(name: str, epochs: int = 2, **top: object):
        learning_rate = {"model.learning_rate": {"float": {"low": 0.001, "high": 0.02, "log": True}}}
        options = {
            network: {"configs": [str(place.folder / f"{network}.yaml")], "parameters": learning_rate}
            for network in ("cnn", "rawnet2")
        }
        values = {
            "configs": [str(place.folder / "data.yaml")],
            "fixed": {"trainer.max_epochs": epochs},
            "sampler": {"startup_trials": 2},
            "parameters": {"network": {"branch": options}},
            **top,
        }
        path = place.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return written


def statuses(parent: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for run in tracking.children(parent):
        found[run.info.status] = found.get(run.info.status, 0) + 1
    return found


def test_one_row_with_the_answer_on_it(space, place):
    study = launch(space("answer"), "answer", 3)
    parent = tracking.sweep("answer")
    assert parent.info.status == "FINISHED"
    top_level = [run for run in mlflow.search_runs(output_format="list") if "mlflow.parentRunId" not in run.data.tags]
    assert [run.info.run_id for run in top_level if run.data.tags["mlflow.runName"] == "answer"] == [parent.info.run_id]
    winner = tracking.get(tracking.winner("answer"))
    assert parent.data.metrics["best/dev_eer"] == winner.data.metrics["best/dev_eer"] == study.best_value
    assert len(tracking.children(parent.info.run_id)) == 3
    folder = tracking.fetch(parent.info.run_id, "sweep")
    assert {path.name for path in folder.iterdir()} == {"best.yaml", "history.png", "space.yaml", "trials.csv"}
    # best.yaml is all that it takes to train the winner once more.
    assert yaml.safe_load((folder / "best.yaml").read_text())["seed_everything"] == int(
        winner.data.params["seed_everything"]
    )

    launch(space("answer"), "answer", 4)
    assert len(settled(study)) == 4
    assert tracking.sweep("answer").info.run_id == parent.info.run_id
    launch(space("answer"), "answer", 4)
    assert len(study.trials) == 4


def test_pruned_and_failed_trials_are_told_apart(space, place, monkeypatch):
    """Statuses in MLflow are those of Optuna: complete FINISHED, pruned KILLED, failed FAILED with the reason."""
    import sweeps.objective as module

    real = module.train

    def train(words, **options):
        number = int(options["tags"]["optuna.trial"])
        verdicts = {1: lambda epoch, eer: False, 2: _break_down}
        return real(words, **{**options, "keep_going": verdicts.get(number, options["keep_going"])})

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr("sweeps.launch.run_workers", lambda job, workers: __import__("sweeps.worker").worker.work(job))
    study = launch(space("fates"), "fates", 3)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "FAIL"]
    runs = [tracking.get(trial.user_attrs[RUN_ID]) for trial in study.trials]
    assert [run.info.status for run in runs] == ["FINISHED", "KILLED", "FAILED"]
    assert [run.data.tags["optuna.state"] for run in runs] == ["COMPLETE", "PRUNED", "FAIL"]
    assert "out of patience" in runs[2].data.tags["failure"]


@pytest.mark.slow
def test_kill_dash_nine_loses_nothing(space, place):
    path, total = space("killed", epochs=30), 3
    arguments = ["sweep", "--space", str(path), "--name", "killed", "--trials", str(total)]
    process = subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], start_new_session=True)
    _wait_for_an_epoch("killed")
    os.kill(process.pid, signal.SIGKILL)  # the launcher alone: its worker must not go on as an orphan
    process.wait()
    parent = tracking.sweep("killed").info.run_id
    assert "RUNNING" in statuses(parent)

    assert spooflab(arguments) == 0
    study = optuna.load_study(study_name="killed", storage="sqlite:///optuna.db")
    assert len(settled(study)) == total
    assert all(trial.state.is_finished() for trial in own_trials(study))
    assert tracking.sweep("killed").info.status == "FINISHED"
    found = statuses(parent)
    assert "RUNNING" not in found
    assert found["FAILED"] == 1
    (dead,) = (run for run in tracking.children(parent) if run.info.status == "FAILED")
    assert "died" in dead.data.tags["failure"]


@pytest.mark.slow
def test_ctrl_c_puts_the_trial_back(space, place):
    path = space("interrupted", epochs=30)
    arguments = ["sweep", "--space", str(path), "--name", "interrupted", "--trials", "2", "--workers", "2"]
    process = subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], start_new_session=True)
    _wait_for_an_epoch("interrupted")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    parent = tracking.sweep("interrupted")
    assert parent.info.status == "KILLED"
    assert "RUNNING" not in statuses(parent.info.run_id)
    assert spooflab(arguments) == 0
    study = optuna.load_study(study_name="interrupted", storage="sqlite:///optuna.db")
    assert len(settled(study)) == 2
    assert tracking.sweep("interrupted").info.status == "FINISHED"


def test_a_wrong_key_is_found_before_the_first_trial(space, place, capsys):
    path = space("wrong", fixed={"model.lerning_rate": 1.0})
    assert spooflab(["sweep", "--space", str(path), "--trials", "1"]) == 1
    assert "lerning_rate" in capsys.readouterr().err
    assert tracking.find({tracking.SWEEP_TAG: "wrong"}) == []


def test_a_dry_run_runs_nothing(space, place, capsys):
    assert spooflab(["sweep", "--space", str(space("dry")), "--trials", "3", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["spooflab", "train"]] * 3
    assert tracking.find({tracking.SWEEP_TAG: "dry"}) == []


def test_the_summary_needs_an_evaluation_and_then_tells_all(space, place, capsys):
    launch(space("told"), "told", 1)
    assert spooflab(["summary", "--sweep", "told"]) == 1
    assert "evaluat" in capsys.readouterr().err
    assert spooflab(["evaluate", "--sweep", "told"]) == 0
    capsys.readouterr()
    assert spooflab(["summary", "--sweep", "told", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trials"] == {"COMPLETE": 1}
    assert told["run"] == tracking.winner("told")


def _break_down(epoch: int, measures: dict[str, float]) -> bool:
    raise RuntimeError("out of patience")


def _wait_for_an_epoch(name: str, patience_s: float = 180) -> None:
    """Wait until a trial of a sweep has reported an epoch."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            study = optuna.load_study(study_name=name, storage="sqlite:///optuna.db")
            if any(trial.intermediate_values for trial in study.trials):
                return
        except (KeyError, optuna.exceptions.StorageInternalError):
            pass
        time.sleep(0.2)
    raise AssertionError("no trial got anywhere")
