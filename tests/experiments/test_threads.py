"""A process uses its share of the cores, and says so."""

import os

import pytest
import torch

from experiments.threads import VARIABLE, share, use


@pytest.mark.parametrize(("processes", "threads"), [(1, 6), (2, 3), (4, 1), (50, 1), (0, 6)])
def test_an_equal_part_of_the_cores(monkeypatch, processes, threads):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
    assert share(processes) == threads


def test_a_person_may_say_otherwise(monkeypatch):
    monkeypatch.setenv(VARIABLE, "3")
    assert share(8) == 3
    monkeypatch.setenv(VARIABLE, "many")
    with pytest.raises(ValueError, match="found 'many'"):
        share()


def test_use(capsys):
    before = torch.get_num_threads()
    try:
        use(1)
        assert torch.get_num_threads() == 1
        assert "threads: 1 of" in capsys.readouterr().err
    finally:
        torch.set_num_threads(before)
