"""Runs end with their true status, adopt the run that `mlflow run` made, and keep what columns can hold."""

import mlflow
import pytest

from experiments import sweep_runs, tracking
from experiments.provenance import code_state


def test_a_run_is_finished_with_the_state_of_the_code(place):
    with tracking.run("plain", tags={"colour": "blue"}) as run_id:
        assert tracking.get(run_id).info.status == "RUNNING"
    run = tracking.get(run_id)
    assert (run.info.status, run.info.run_name, run.data.tags["colour"]) == ("FINISHED", "plain", "blue")
    assert set(code_state()) <= set(run.data.tags)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [(RuntimeError("no disk"), "FAILED", "no disk"), (KeyboardInterrupt(), "KILLED", "interr")],
)
def test_an_exception_is_told_and_goes_on(place, error, status, reason):
    started = []

    def work() -> None:
        with tracking.run("broken") as run_id:
            started.append(run_id)
            raise error

    with pytest.raises(type(error)):
        work()
    run = tracking.get(started[0])
    assert run.info.status == status
    assert reason in run.data.tags["failure"]


def test_a_killed_run_stays_killed(place):
    with tracking.run("stopped") as run_id:
        tracking.kill(run_id, {"stopped_by": "pruner"})
    assert tracking.get(run_id).info.status == "KILLED"


def test_the_run_of_a_project_is_adopted_and_its_children_are_not(place, monkeypatch):
    client = mlflow.MlflowClient()
    made = client.create_run(client.create_experiment("of mlflow run")).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", made)
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None)  # as in a process of its own
    with tracking.run("project") as parent:
        assert parent == made
        with tracking.run("child", parent=parent) as child:
            assert child != parent
    assert [run.info.run_id for run in tracking.children(parent)] == [child]
    assert tracking.get(child).info.experiment_id == tracking.get(parent).info.experiment_id


def test_long_parameters_stand_in_the_config_alone(place):
    config = {"model": {"short": 1, "long": "x" * 600, "unset": None}}
    with tracking.run("configured") as run_id:
        tracking.log_config(run_id, config)
        tracking.log_config(run_id, config)  # as a resumed run does
    assert tracking.get(run_id).data.params == {"model.short": "1"}
    assert "x" * 600 in tracking.fetch(run_id, tracking.CONFIG_ARTIFACT).read_text()


def test_what_is_missing_is_named(place):
    with tracking.run("empty") as run_id:
        pass
    with pytest.raises(FileNotFoundError, match=run_id):
        tracking.fetch(run_id, "nothing.txt")
    with pytest.raises(LookupError, match="nowhere"):
        tracking.get("nowhere")
    with pytest.raises(LookupError, match="unheard-of"):
        sweep_runs.winner("unheard-of")


def test_a_deleted_run_is_not_there_and_a_new_one_takes_its_place(place):
    with tracking.run("first") as first:
        pass
    mlflow.MlflowClient().delete_run(first)
    assert not tracking.exists(first)
    with pytest.raises(LookupError, match=rf"run {first} was deleted.*restore --run-id {first}"):
        tracking.get(first)
    with tracking.run("second", resume=first) as second:
        pass
    assert second != first
    assert tracking.get(second).info.status == "FINISHED"
