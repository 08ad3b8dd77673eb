"""Workers that ask at once never get the same trial."""

import multiprocessing

import optuna
from optuna.storages import RDBStorage

from sweeps.storage import SqliteStorage, open_storage

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


def test_a_storage_in_memory_needs_no_turns():
    storage = open_storage("sqlite://")
    assert isinstance(storage, RDBStorage)
    assert not isinstance(storage, SqliteStorage)
