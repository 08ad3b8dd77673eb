"""Checkpoints of the best stay, the others' go; nothing registered and nothing that runs is touched."""

import json

import mlflow
import pytest
from optuna.trial import TrialState

from experiments import registry, sweep_runs, tracking, tracking_artifacts
from experiments.cli import main as spooflab
from experiments.train import SCRATCH
from sweeps.clean import disks
from sweeps.findings import findings
from sweeps.retention import DROPPED_TAG, beyond, drop_checkpoints
from sweeps.storage import open_storage
from sweeps.study import RUN_ID
from tests.sweeps.made_up import study, trial

EER = ("dev/eer",)


@pytest.fixture
def trained(place, tmp_path):
    """Return a function that makes a run with a checkpoint of so many bytes."""

    def made(name: str, size: int = 100, parent: str | None = None) -> str:
        (tmp_path / "best.ckpt").write_bytes(b"x" * size)
        with tracking.run(name, parent=parent) as run_id:
            tracking.log_files(run_id, tmp_path / "best.ckpt", "checkpoint")
            tracking.log_config(run_id, {"seed": 1})
        return run_id

    return made


def test_the_best_are_those_of_the_ranking():
    made = study(
        trial(0.3, learning_rate=0.03),
        trial(0.1, learning_rate=0.01),
        trial(0.5, state=TrialState.PRUNED, learning_rate=0.05),
        trial(0.2, learning_rate=0.02),
    )
    assert beyond(findings(made, EER, ()), 2) == ["run0.03", "run0.05"]
    assert beyond(findings(made, EER, ()), 9) == ["run0.05"]


def test_of_several_measures_the_front_comes_first():
    made = study(
        trial((0.1, 30.0), learning_rate=0.01),
        trial((0.2, 31.0), learning_rate=0.02),
        trial((0.3, 10.0), learning_rate=0.03),
        measures=2,
    )
    assert beyond(findings(made, ("dev/eer", "latency_ms"), ()), 2) == ["run0.02"]


def test_a_dropped_checkpoint_leaves_the_rest(trained):
    run_id = trained("dropped")
    assert drop_checkpoints([run_id], "beyond the best") == [run_id]
    assert set(tracking_artifacts.sizes(run_id)) == {"config.yaml"}
    assert tracking.get(run_id).data.tags[DROPPED_TAG] == "beyond the best"
    assert drop_checkpoints([run_id], "again") == []


def test_registered_runs_are_spared(trained):
    run_id = trained("registered")
    client = mlflow.MlflowClient()
    client.create_registered_model("spared")
    client.create_model_version("spared", source=f"runs:/{run_id}/checkpoint", run_id=run_id)
    assert run_id in registry.registered_runs()
    assert drop_checkpoints([run_id], "beyond the best") == []
    assert "checkpoint/best.ckpt" in tracking_artifacts.sizes(run_id)


def test_all_artifacts_of_a_run_cannot_be_deleted_at_once(trained):
    for folder in ("", "/", "."):
        with pytest.raises(ValueError, match="expected a name"):
            tracking_artifacts.delete("run", folder)


def test_clean_shows_first_and_frees_when_told(trained, place, capsys, tmp_path):
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    with tracking.run("cleaned", tags={sweep_runs.SWEEP_TAG: "cleaned"}) as parent:
        runs = [trained(f"trial {k}", 1000 * (k + 1), parent) for k in range(3)]
    made = study(*(trial(0.1 * (k + 1), attributes={RUN_ID: run_id}) for k, run_id in enumerate(runs)))
    import optuna

    optuna.copy_study(
        from_study_name=made.study_name,
        from_storage=made._storage,
        to_storage=open_storage(storage),
        to_study_name="cleaned",
    )
    (SCRATCH / runs[0]).mkdir(parents=True)
    (SCRATCH / runs[0] / "last.ckpt").write_bytes(b"x" * 50)
    words = ["sweep", "clean", "--name", "cleaned", "--storage", storage, "--keep-checkpoints", "1"]

    assert spooflab([*words, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["sweeps"]
    assert (told["checkpoints"], told["free_checkpoints"], told["scratch"], told["free_scratch"]) == (
        6000,
        5000,
        50,
        50,
    )
    assert set(told["surplus"]) == set(runs[1:])
    assert "checkpoint/best.ckpt" in tracking_artifacts.sizes(runs[2])

    assert spooflab([*words, "--yes"]) == 0
    assert "freed" in capsys.readouterr().out
    assert [sum(tracking_artifacts.sizes(run_id).values()) > 1000 for run_id in runs] == [True, False, False]
    assert not (SCRATCH / runs[0]).exists()
    (after,) = disks(storage, 1, "cleaned")
    assert (after.free_checkpoints, after.free_scratch) == (0, 0)


def test_what_runs_is_not_cleaned_nor_what_nobody_knows_the_best_of(trained, place, tmp_path, capsys):
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    open_storage(storage)
    with tracking.run("busy", tags={sweep_runs.SWEEP_TAG: "busy"}) as parent:
        run_id = trained("trial 0", parent=parent)
        (disk,) = disks(storage, 1, "busy")
        assert disk.remark.startswith("running")
    (disk,) = disks(storage, 1, "busy")
    assert "give --storage" in disk.remark
    assert disk.surplus == ()
    assert spooflab(["sweep", "clean", "--storage", storage]) == 0
    assert "busy" in capsys.readouterr().out
    long = "a_sweep_of_which_the_name_says_all_that_is_to_be_known_of_it_and_of_what_it_searches_for"
    with tracking.run(long, tags={sweep_runs.SWEEP_TAG: long}):
        pass
    assert spooflab(["sweep", "clean", "--storage", storage]) == 0
    assert f"│ {long} │" in capsys.readouterr().out  # whole, where no terminal says how wide it is
    assert "checkpoint/best.ckpt" in tracking_artifacts.sizes(run_id)
    with pytest.raises(SystemExit):
        spooflab(["sweep", "clean", "--yes"])


def test_where_there_is_no_sweep_clean_says_so(place, monkeypatch, capsys):
    monkeypatch.setattr(tracking, "find_tagged", lambda _tag: [])
    assert spooflab(["sweep", "clean"]) == 0
    assert "no sweep is in sqlite:///" in capsys.readouterr().out
