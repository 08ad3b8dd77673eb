"""Workers killed at random, a database server restarted, a launcher killed: every trial is there, once, and true."""

import os
import random
import signal

import mlflow
import pytest
import torch

from experiments import sweep_runs, tracking
from experiments.train import train
from sweeps.signature import gone
from sweeps.storage import WORKER
from sweeps.study import RETRY_OF, RUN_ID, load_study, own_trials, settled, without_replaced
from tests.sweeps.wreckage import assert_accounted_for, kill_a_worker, running, wait_until

TRIALS, WORKERS, PATIENCE_S = 40, 4, 900
# Trials that no rule ends before their last epoch.
PATIENT = {"pruner": {"startup_trials": 99}, "fixed": {"trainer.max_epochs": 25, "early_stopping.patience": 99}}


@pytest.fixture
def sweep(start):
    """Launch a sweep as a person does, and return its process once its study tells of it."""

    def launched(path, name, storage, trials=TRIALS, workers=WORKERS):
        words = ["--space", path, "--name", name, "--trials", trials, "--workers", workers, "--storage", storage]
        process = start("sweep", *words, SPOOFLAB_THREADS="1")
        wait_until(lambda: _is_launched(name, storage) or process.poll() is not None, "the sweep is launched")
        return process

    return launched


def train_on_one_thread(config):
    """Train as the workers above did: another number of threads adds in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(["--config", str(config)])
    finally:
        torch.set_num_threads(before)


def _is_launched(name, storage) -> bool:
    try:
        return "parent" in load_study(name, storage).user_attrs
    except (LookupError, FileNotFoundError):
        return False


@pytest.mark.slow
@pytest.mark.postgres
def test_postgresql_two_workers_killed_and_the_server_restarted(quick_space, place, postgres, sweep):
    rng = random.Random(7)
    process = sweep(quick_space("served"), "served", postgres.url)
    study = load_study("served", postgres.url, wait=True)
    kill_a_worker(study, 4, rng)
    wait_until(lambda: len(settled(study)) >= 12, "12 trials ended")
    postgres.stop()
    postgres.start()
    kill_a_worker(study, 20, rng)
    assert process.wait(timeout=PATIENCE_S) == 0
    assert_accounted_for(study, sweep_runs.sweep("served").info.run_id, TRIALS)
    assert sweep_runs.sweep("served").info.status == "FINISHED"
    assert all(trial.state.name == "COMPLETE" for trial in settled(study))


@pytest.mark.slow
def test_sqlite_two_workers_killed(quick_space, place, sweep):
    rng = random.Random(8)
    storage = f"sqlite:///{place.folder / 'kills.db'}"
    process = sweep(quick_space("filed"), "filed", storage)
    study = load_study("filed", storage)
    kill_a_worker(study, 4, rng)
    kill_a_worker(study, 15, rng)
    assert process.wait(timeout=PATIENCE_S) == 0
    assert_accounted_for(study, sweep_runs.sweep("filed").info.run_id, TRIALS)
    assert sweep_runs.sweep("filed").info.status == "FINISHED"
    assert all(trial.state.name == "COMPLETE" for trial in settled(study))


@pytest.mark.slow
def test_a_killed_launcher_takes_its_workers_along_and_its_trial_goes_on(quick_space, place, sweep):
    storage = f"sqlite:///{place.folder / 'launcher.db'}"
    path = quick_space("launched", **PATIENT)
    process = sweep(path, "launched", storage, trials=2, workers=1)
    study = load_study("launched", storage)
    wait_until(lambda: any(len(trial.intermediate_values) >= 3 for trial in study.trials), "three epochs")
    worker = running(study)[0].user_attrs[WORKER]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: gone(worker) is True, "its worker is gone too")
    parent = sweep_runs.sweep("launched").info.run_id
    assert tracking.get(parent).info.status == "RUNNING"

    assert sweep(path, "launched", storage, trials=2, workers=1).wait(timeout=PATIENCE_S) == 0
    assert_accounted_for(study, parent, total=2)
    assert sweep_runs.sweep("launched").info.status == "FINISHED"
    (again,) = [trial for trial in settled(study) if RETRY_OF in trial.user_attrs]
    run = tracking.get(again.user_attrs[RUN_ID])
    assert "died" in run.data.tags["failure.earlier"]
    assert sorted(again.intermediate_values) == list(range(25))

    # It went on from its last checkpoint, and came to what the same training does without a break.
    logged = mlflow.MlflowClient().get_metric_history(run.info.run_id, "dev/loss")
    assert 25 <= len(logged) <= 26
    whole = train_on_one_thread(tracking.fetch(run.info.run_id, tracking.CONFIG_ARTIFACT))
    assert tracking.history(whole.run_id, "dev/loss") == tracking.history(run.info.run_id, "dev/loss")
    assert again.value == whole.dev_eer


@pytest.mark.slow
def test_ctrl_c_puts_every_trial_back(quick_space, place, sweep):
    storage = f"sqlite:///{place.folder / 'interrupted.db'}"
    path = quick_space("interrupted", **PATIENT)
    process = sweep(path, "interrupted", storage, trials=2, workers=2)
    study = load_study("interrupted", storage)
    wait_until(lambda: len(running(study)) == 2 and any(t.intermediate_values for t in running(study)), "both run")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=PATIENCE_S) == 130
    parent = sweep_runs.sweep("interrupted")
    assert parent.info.status == "KILLED"
    assert {run.info.status for run in tracking.children(parent.info.run_id)} == {"SCHEDULED"}
    assert [trial.state.name for trial in without_replaced(own_trials(study))] == ["WAITING"] * 2

    assert sweep(path, "interrupted", storage, trials=2, workers=2).wait(timeout=PATIENCE_S) == 0
    assert_accounted_for(study, parent.info.run_id, total=2)
    assert sweep_runs.sweep("interrupted").info.status == "FINISHED"
