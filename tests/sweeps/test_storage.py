"""Workers that ask at once never get the same trial."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

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


def test_a_new_database_may_be_opened_by_many_at_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        for turn in range(5):
            url = f"sqlite:///{tmp_path / f'new{turn}.db'}"
            opened = list(pool.map(open_storage, [url] * 8))
            assert all(storage.get_all_studies() == [] for storage in opened)


@pytest.mark.postgres
def test_a_new_database_of_a_server_may_be_opened_by_many_at_once(postgres):
    with ThreadPoolExecutor(8) as pool:
        for turn in range(5):
            opened = list(pool.map(open_storage, [postgres.new_database(f"new{turn}")] * 8))
            assert all(storage.get_all_studies() == [] for storage in opened)
            for storage in opened:
                storage.engine.dispose()  # a server has a limit of connections


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder: .*nowhere"):
        open_storage(f"sqlite:///{tmp_path / 'nowhere' / 'optuna.db'}")


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
