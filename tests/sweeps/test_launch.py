"""A sweep on real audio: exact totals, true statuses, one answer, and nothing lost to a kill."""

import json

import mlflow
import pytest
import yaml

from experiments import sweep_runs, tracking
from experiments.cli import main as spooflab
from experiments.train import SCRATCH
from sweeps.launch import launch
from sweeps.study import CAUSE, DEFAULT_STORAGE, FAILURE, RUN_ID, load_study, settled
from sweeps.worker import Job, work


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


def in_process(monkeypatch) -> None:
    """Have the launcher's own process work, so that a test can alter what it calls."""

    def run(members, study, update):
        work(Job(study.study_name, DEFAULT_STORAGE, threads=1))

    monkeypatch.setattr("sweeps.engine.run_crew", run)


def statuses(parent: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for run in tracking.children(parent):
        found[run.info.status] = found.get(run.info.status, 0) + 1
    return found


def test_one_row_with_the_answer_on_it(space, place):
    study = launch(space("answer"), "answer", 3)
    parent = sweep_runs.sweep("answer")
    assert parent.info.status == "FINISHED"
    top_level = [
        run
        for run in mlflow.search_runs(search_all_experiments=True, output_format="list")
        if "mlflow.parentRunId" not in run.data.tags
    ]
    assert [run.info.run_id for run in top_level if run.data.tags["mlflow.runName"] == "answer"] == [parent.info.run_id]
    winner = tracking.get(sweep_runs.winner("answer"))
    assert parent.data.metrics["best/dev_eer"] == winner.data.metrics["best/dev_eer"] == study.best_value
    assert len(tracking.children(parent.info.run_id)) == 3
    folder = tracking.fetch(parent.info.run_id, "sweep")
    assert {path.name for path in folder.iterdir()} == {
        *("answer.json", "best.yaml", "figures", "figures.html", "space.yaml", "trials.csv", "trials.json")
    }
    # best.yaml is all that it takes to train the winner once more.
    assert yaml.safe_load((folder / "best.yaml").read_text())["seed_everything"] == int(
        winner.data.params["seed_everything"]
    )

    launch(space("answer"), "answer", 4)
    assert len(settled(study)) == 4
    assert sweep_runs.sweep("answer").info.run_id == parent.info.run_id
    launch(space("answer"), "answer", 4)
    assert len(study.trials) == 4


def test_pruned_and_failed_trials_are_told_apart(space, place, monkeypatch):
    """Statuses in MLflow are those of Optuna: complete FINISHED, pruned KILLED, failed FAILED with the reason."""
    import sweeps.objective as module

    real = module.train

    def train(words, **options):
        number = int(options["tags"]["optuna.trial"])
        verdicts = {1: lambda epoch, measures: False, 2: _break_down}
        return real(words, **{**options, "keep_going": verdicts.get(number, options["keep_going"])})

    monkeypatch.setattr(module, "train", train)
    in_process(monkeypatch)
    study = launch(space("fates"), "fates", 3)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "FAIL"]
    runs = [tracking.get(trial.user_attrs[RUN_ID]) for trial in study.trials]
    assert [run.info.status for run in runs] == ["FINISHED", "KILLED", "FAILED"]
    assert [run.data.tags["optuna.state"] for run in runs] == ["COMPLETE", "PRUNED", "FAIL"]
    assert "out of patience" in runs[2].data.tags["failure"]
    assert study.trials[2].user_attrs[CAUSE] == "RuntimeError: out of patience"
    assert not any((SCRATCH / run.info.run_id).exists() for run in runs)


def test_three_failures_of_one_cause_stop_a_sweep_that_can_be_tried_again(quick_space, place, monkeypatch, capsys):
    in_process(monkeypatch)
    path = quick_space("hopeless", fixed={"trainer.max_epochs": 1, "trainer.limit_train_batches": 0})
    words = ["sweep", "--space", str(path), "--name", "hopeless", "--trials", "7"]
    for failed in (3, 6):
        assert spooflab(words) == 1
        told = capsys.readouterr().err
        assert "failed in a row of the same cause: RuntimeError: training ended before its first epoch" in told
        assert "type the same command again" in told
        study = load_study("hopeless", DEFAULT_STORAGE)
        assert [trial.state.name for trial in settled(study)] == ["FAIL"] * failed
        parent = sweep_runs.sweep("hopeless")
        assert parent.info.status == "FAILED"
        assert statuses(parent.info.run_id) == {"FAILED": failed}


def test_want_of_memory_is_told_with_a_hint(quick_space, place, monkeypatch):
    def train(words, **options):
        with tracking.run("hungry", parent=options["parent"], tags=options["tags"]) as run_id:
            options["on_start"](run_id)
            raise MemoryError

    monkeypatch.setattr("sweeps.objective.train", train)
    in_process(monkeypatch)
    study = launch(quick_space("hungry"), "hungry", 1)
    (trial,) = settled(study)
    failure = tracking.get(trial.user_attrs[RUN_ID]).data.tags["failure"]
    assert failure == trial.user_attrs[FAILURE]
    assert "lower data.batch_size" in failure


def test_a_wrong_key_is_found_before_the_first_trial(space, place, capsys):
    path = space("wrong", fixed={"model.lerning_rate": 1.0})
    assert spooflab(["sweep", "--space", str(path), "--trials", "1"]) == 1
    assert "lerning_rate" in capsys.readouterr().err
    assert tracking.find({sweep_runs.SWEEP_TAG: "wrong"}) == []


def test_a_dry_run_runs_nothing(space, place, capsys):
    assert spooflab(["sweep", "--space", str(space("dry")), "--trials", "3", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[:2] for line in out.splitlines()[:3]] == [["spooflab", "train"]] * 3
    assert "3 trials, 1 worker(s): about" in out
    assert tracking.find({sweep_runs.SWEEP_TAG: "dry"}) == []


def test_the_summary_needs_an_evaluation_and_then_tells_all(space, place, capsys):
    launch(space("told"), "told", 1)
    assert spooflab(["summary", "--sweep", "told"]) == 1
    assert "evaluat" in capsys.readouterr().err
    assert spooflab(["evaluate", "--sweep", "told"]) == 0
    capsys.readouterr()
    assert spooflab(["summary", "--sweep", "told", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trials"] == {"COMPLETE": 1}
    assert told["run"] == sweep_runs.winner("told")


def _break_down(epoch: int, measures: dict[str, float]) -> bool:
    raise RuntimeError("out of patience")
