"""What is asked of a cluster before any task runs on it."""

import sys

import pytest

from experiments.ray_cluster import Needs, Surroundings, connected, refuse_local_stores


def test_files_are_refused_where_there_are_other_machines():
    files = ["sqlite:///optuna.db", "http://host:5000"]
    refuse_local_stores(files, {"here"}, "here")  # several nodes of one machine have its name
    refuse_local_stores(["postgresql+psycopg2://u:p@host/optuna"], {"here", "there"}, "here")
    with pytest.raises(ValueError, match=r"sqlite:///optuna\.db and the machines there beside here") as refusal:
        refuse_local_stores(files, {"here", "there"}, "here")
    assert "http://host" not in str(refusal.value)


def test_threads_are_the_cores_asked_for(monkeypatch):
    monkeypatch.delenv("SPOOFLAB_THREADS", raising=False)
    assert [Needs(cpus).threads for cpus in (0.5, 1, 4)] == [1, 1, 4]
    monkeypatch.setenv("SPOOFLAB_THREADS", "3")
    assert Needs(1).threads == 3


def test_surroundings_are_taken_over(tmp_path, monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "UNRELATED"):
        monkeypatch.setenv(name, "told")
    monkeypatch.chdir(tmp_path)
    here = Surroundings.here()
    assert "told" not in repr(here)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "other")
    monkeypatch.chdir("/")
    here.enter()
    assert Surroundings.here() == here
    assert "UNRELATED" not in here.settings


def test_a_node_without_the_folder_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no folder {tmp_path / 'nowhere'}"):
        Surroundings(tmp_path / "nowhere", {}).enter()


def test_without_ray_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RuntimeError, match=r"pip install -e '\.\[ray\]'"), connected():
        pass
