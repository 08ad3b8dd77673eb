"""A real cluster of two nodes: each fills its cache; Ctrl-C, then a node killed in mid-sweep, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import optuna
import pytest
import yaml

from experiments import sweep_runs
from experiments.corpus import main as corpus
from sweeps.study import EARLIER, RETRY, TASK, load_study, own_trials, settled, without_replaced
from tests.sweeps.wreckage import ROOT, assert_accounted_for, running, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.ray]
_STORE_BYTES = 80 * 2**20
_SOON = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 1000}  # a dead node is known in seconds


@pytest.fixture(scope="module")
def nodes():
    """A cluster of two nodes with a core each, and all that they leave behind removed."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # short: sockets lie in it
    before = dict(os.environ)
    os.environ |= {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": folder}
    cluster = cluster_utils.Cluster()
    try:
        shared = {"num_cpus": 1, "object_store_memory": _STORE_BYTES}
        cluster.add_node(**shared, include_dashboard=False, _system_config=_SOON)
        cluster.second = cluster.add_node(**shared)
        yield cluster
    finally:
        cluster.shutdown()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder)


def test_every_node_fills_the_cache(nodes, place, tmp_path, capfd):
    values = yaml.safe_load((place.folder / "data.yaml").read_text())["data"]
    config = tmp_path / "data.yaml"
    config.write_text(yaml.safe_dump({"data": {**values, "cache_dir": str(tmp_path / "cache")}}))
    assert corpus(["cache", "--config", str(config), "--engine", "ray", "--address", nodes.address, "--json"]) == 0
    out, err = capfd.readouterr()
    assert err.count("filled") == 2
    (waveforms,) = yaml.safe_load(out)
    assert waveforms["records"] > 0


def test_ctrl_c_then_a_node_killed(nodes, place, quick_space, start):
    total, storage = 3, f"sqlite:///{place.folder / 'nodes.db'}"
    space = quick_space("nodes", fixed={"trainer.max_epochs": 100, "early_stopping.patience": 100})
    words = ["sweep", "--space", space, "--name", "nodes", "--trials", total, "--storage", storage]
    words += ["--engine", "ray", "--address", nodes.address]
    launcher = start(*words)
    wait_until(lambda: _is_queued(storage) or launcher.poll() is not None, "trials are queued")
    study = load_study("nodes", storage)
    wait_until(lambda: _at_work(study) == 2 or launcher.poll() is not None, "both nodes are at a trial")
    launcher.send_signal(signal.SIGINT)
    assert launcher.wait(timeout=60) == 130
    assert running(study) == []
    left = [trial for trial in without_replaced(own_trials(study)) if not trial.state.is_finished()]
    assert len(left) + len(settled(study)) == total
    assert "interrupted" in [trial.user_attrs.get(EARLIER) for trial in left]

    launcher = start(*words)
    wait_until(lambda: _at_work(study) == 2 or launcher.poll() is not None, "both nodes are at a trial again")
    nodes.remove_node(nodes.second, allow_graceful=False)
    assert launcher.wait(timeout=300) == 0
    assert_accounted_for(study, sweep_runs.sweep("nodes").info.run_id, total)
    assert [trial.user_attrs[RETRY] for trial in settled(study)].count(1) == 1  # Ctrl-C is no retry
    assert all(trial.state.name in ("COMPLETE", "PRUNED") for trial in settled(study))


def _is_queued(storage: str) -> bool:
    try:
        return bool(load_study("nodes", storage).trials)
    except (LookupError, FileNotFoundError):
        return False


def _at_work(study: optuna.Study) -> int:
    """Tasks that have reported an epoch of a trial that runs."""
    return len({trial.user_attrs[TASK] for trial in running(study) if trial.intermediate_values})
