"""Whoever comes first makes the store, once; a server that is not there is told."""

import multiprocessing
import os
import socket
import sqlite3

import pytest

from experiments import mlflow_store, tracking

AT_ONCE = 3


def _begin(folder, barrier, ended):
    os.chdir(folder)
    barrier.wait()
    with tracking.run("one of several") as run_id:
        pass
    ended.put(run_id)


@pytest.mark.slow
def test_trainings_that_start_at_once_in_an_empty_folder_make_one_store(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    context = multiprocessing.get_context("spawn")
    barrier, ended = context.Barrier(AT_ONCE), context.Queue()
    processes = [context.Process(target=_begin, args=(tmp_path, barrier, ended)) for _ in range(AT_ONCE)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * AT_ONCE
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        found = {run_id for (run_id,) in connection.execute("SELECT run_uuid FROM runs WHERE status = 'FINISHED'")}
    assert found == {ended.get() for _ in range(AT_ONCE)}


def test_a_server_that_is_not_there_is_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and does not listen
        uri = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(ConnectionError, match=f"no MLflow server answers at {uri} .* start it there"):
            mlflow_store._reach(uri, 0.0)
