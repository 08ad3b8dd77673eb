"""Workers killed at random, a database server restarted, a launcher killed: every trial is there, once, and true."""

import os
import random
import signal

import pytest

from experiments import tracking
from sweeps.study import RETRY_OF, load_study, settled
from tests.sweeps.wreckage import assert_accounted_for, kill_a_worker, running, start, wait_until

TRIALS, WORKERS = 40, 4


def sweep(path, name, storage, trials=TRIALS, workers=WORKERS):
    words = ["--space", path, "--name", name, "--trials", trials, "--workers", workers, "--storage", storage]
    process = start("sweep", *words, SPOOFLAB_THREADS="1")
    wait_until(lambda: _is_launched(name, storage) or process.poll() is not None, "the sweep is launched")
    assert process.poll() is None
    return process


def _is_launched(name, storage) -> bool:
    try:
        return "parent" in load_study(name, storage).user_attrs
    except LookupError:
        return False


@pytest.mark.slow
@pytest.mark.postgres
def test_postgresql_two_workers_killed_and_the_server_restarted(quick_space, place, postgres):
    rng = random.Random(7)
    process = sweep(quick_space("served"), "served", postgres.url)
    study = load_study("served", postgres.url, wait=True)
    kill_a_worker(study, 4, rng)
    wait_until(lambda: len(settled(study)) >= 12, "12 trials ended")
    postgres.stop()
    postgres.start()
    kill_a_worker(study, 20, rng)
    assert process.wait(timeout=300) == 0
    assert_accounted_for(study, tracking.sweep("served").info.run_id, TRIALS)
    assert tracking.sweep("served").info.status == "FINISHED"
    assert all(trial.state.name == "COMPLETE" for trial in settled(study))


@pytest.mark.slow
def test_sqlite_two_workers_killed(quick_space, place):
    rng = random.Random(8)
    storage = f"sqlite:///{place.folder / 'kills.db'}"
    process = sweep(quick_space("filed"), "filed", storage)
    study = load_study("filed", storage)
    kill_a_worker(study, 4, rng)
    kill_a_worker(study, 15, rng)
    assert process.wait(timeout=300) == 0
    assert_accounted_for(study, tracking.sweep("filed").info.run_id, TRIALS)
    assert tracking.sweep("filed").info.status == "FINISHED"
    assert all(trial.state.name == "COMPLETE" for trial in settled(study))
