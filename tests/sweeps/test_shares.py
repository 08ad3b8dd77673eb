"""Cores and GPUs are dealt out evenly, and none is forgotten."""

import pytest

from sweeps.shares import cores_of, gpus_of, visible_gpus


@pytest.mark.parametrize(("cores", "workers"), [(8, 2), (8, 3), (5, 4), (2, 2), (1, 1)])
def test_every_core_is_one_worker_s(cores, workers):
    dealt = [cores_of(index, workers, range(cores)) for index in range(workers)]
    assert sorted(core for share in dealt for core in share) == list(range(cores))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


def test_more_workers_than_cores_share_evenly():
    assert [cores_of(index, 5, [2, 3]) for index in range(5)] == [[2], [3], [2], [3], [2]]


def test_gpus_go_round():
    assert [gpus_of(index, 1, ["0", "1"]) for index in range(3)] == [["0"], ["1"], ["0"]]
    assert [gpus_of(index, 2, ["4", "5", "6", "7"]) for index in range(3)] == [["4", "5"], ["6", "7"], ["4", "5"]]
    assert gpus_of(1, 3, ["0", "1"]) == ["1", "0"]


def test_only_gpus_that_this_process_may_use_are_dealt(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, 5")
    assert visible_gpus() == ["3", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == []
