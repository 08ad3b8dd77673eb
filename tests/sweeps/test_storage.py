"""Workers that ask at once never get the same trial."""

import multiprocessing

import optuna
import pytest

from experiments.cli import main as spooflab
from sweeps.storage import open_storage
from sweeps.study import load_study

TRIALS, WORKERS = 40, 4


def _take(url, barrier, taken):
    study = optuna.load_study(study_name="race", storage=open_storage(url))
    for _ in range(TRIALS // WORKERS):
        barrier.wait()
        taken.put(study.ask().number)


def test_workers_that_ask_at_once_take_different_trials(tmp_path):
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    study = optuna.create_study(study_name="race", storage=open_storage(url))
    for _ in range(TRIALS):
        study.enqueue_trial({})
    context = multiprocessing.get_context("spawn")
    barrier, taken = context.Barrier(WORKERS), context.Queue()
    processes = [context.Process(target=_take, args=(url, barrier, taken)) for _ in range(WORKERS)]
    for process in processes:
        process.start()
    numbers = [taken.get(timeout=120) for _ in range(TRIALS)]
    for process in processes:
        process.join()
    assert sorted(numbers) == list(range(TRIALS))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_storage_in_memory_is_refused_since_workers_would_not_see_it(url):
    with pytest.raises(ValueError, match=r"workers would not see.*sqlite:///optuna\.db"):
        open_storage(url)


def test_who_only_reads_makes_no_database(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///runs.db")
    url = "sqlite:///typo.db"
    for words in (["--reconcile", "--name", "demo"], ["worker", "--name", "demo"], ["clean"]):
        assert spooflab(["sweep", *words, "--storage", url]) == 1
        assert "no such file: typo.db" in capsys.readouterr().err
    assert not list(tmp_path.glob("typo*"))
    optuna.create_study(study_name="real", storage=open_storage(url))
    with pytest.raises(LookupError, match="there are: real"):
        load_study("demo", url)
