"""Processes that fill one cache at once compute once; one that is killed leaves nothing that counts."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from datamodules import feature_cache
from datamodules.feature_cache import RecordStore
from tests.datamodules.test_feature_cache import NAMES, record, same


def _slowly(root: Path, log: Path) -> None:
    def compute(index):
        time.sleep(0.05)
        with log.open("a") as file:
            file.write(f"{index} ")
        return record(index)

    RecordStore(root, {}, NAMES, compute).fill()


def _start(*arguments) -> multiprocessing.process.BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=_slowly, args=arguments)
    process.start()
    return process


def test_processes_that_ask_at_once_compute_once(tmp_path):
    processes = [_start(tmp_path / "cache", tmp_path / "log") for _ in range(4)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert (tmp_path / "log").read_text().split() == ["0", "1", "2"]


@pytest.mark.parametrize("delay_s", [0.02, 0.08, 0.13])
def test_kill_dash_nine_at_any_moment_leaves_nothing_that_counts(tmp_path, delay_s, monkeypatch):
    monkeypatch.setattr(feature_cache, "SHARD_BYTES", 1)
    process = _start(tmp_path / "cache", tmp_path / "log")
    time.sleep(delay_s)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    store = RecordStore(tmp_path / "cache", {}, NAMES, record)
    done = set(range(len(NAMES))) - set(store.missing)
    assert same(store, done)
    store.fill()
    assert same(RecordStore(tmp_path / "cache", {}, NAMES, record))
