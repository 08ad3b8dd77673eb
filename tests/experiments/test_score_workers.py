"""Answers come in the order of the inputs, whatever is done first, and a file that kills its reader is a bad file."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from datamodules.audio import AudioError
from experiments.score_item import Item
from experiments.score_workers import AHEAD, judge_all, judge_many


@dataclass(frozen=True)
class Pretender:
    """A judge that needs no model: a file's name says what happens."""

    def open(self):
        def judge(path):
            if path.stem.startswith("deadly"):
                os.kill(os.getpid(), signal.SIGKILL)
            if path.stem.startswith("bad"):
                raise AudioError(f"{path}: found nothing")
            if path.stem.startswith("slow"):
                time.sleep(0.5)
            return os.getpid()

        return judge


def items(*names):
    return [Item(Path(f"{name}.wav"), name) for name in names]


def test_order_is_that_of_the_inputs_and_several_processes_answer():
    names = [f"{'slow' if number % 5 == 0 else 'bad' if number % 7 == 3 else 'quick'}{number}" for number in range(40)]
    found = list(judge_all(Pretender(), items(*names), 2))
    assert [item.utterance for item, _ in found] == names
    assert [item.utterance for item, answer in found if isinstance(answer, AudioError)] == [
        n for n in names if "bad" in n
    ]
    processes = {answer for _, answer in found if not isinstance(answer, AudioError)}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_no_more_is_taken_than_is_under_way_and_who_stops_early_leaves_nothing_behind():
    taken = []

    def endless():
        number = 0
        while True:
            taken.append(number)
            yield Item(Path(f"quick{number}.wav"), str(number))
            number += 1

    answers = judge_all(Pretender(), endless(), 2)
    for _ in range(5):
        next(answers)
    assert len(taken) <= 5 + 2 * AHEAD
    answers.close()
    waited = 0
    while multiprocessing.active_children() and waited < 200:
        time.sleep(0.1)
        waited += 1
    assert multiprocessing.active_children() == []


def test_a_file_that_kills_its_reader_is_named_and_the_others_are_judged():
    names = ["a", "deadly1", "b", "deadly2", "c"]
    found = list(judge_all(Pretender(), items(*names), 2))
    assert [item.utterance for item, _ in found] == names
    told = {item.utterance: answer for item, answer in found if isinstance(answer, AudioError)}
    assert set(told) == {"deadly1", "deadly2"}
    assert "ends the process that reads it" in str(told["deadly1"])


def test_when_nothing_can_be_judged_that_is_an_error():
    with pytest.raises(RuntimeError, match="in a row that ended its process"):
        list(judge_all(Pretender(), items("deadly1", "deadly2", "deadly3", "deadly4"), 2))


def test_processes_are_started_once_it_is_known_to_take_long():
    names = ["slow1", "slow2", *(f"quick{number}" for number in range(30))]
    found = list(judge_many(Pretender(), items(*names), len(names), 2, trial_s=0.3, worth_s=10.0))
    assert [item.utterance for item, _ in found] == names
    assert [answer for _, answer in found[:2]] == [os.getpid()] * 2
    assert os.getpid() not in {answer for _, answer in found[2:]}
    here = judge_many(Pretender(), items(*names), len(names), 2, trial_s=0.3, worth_s=60.0)
    assert {answer for _, answer in here} == {os.getpid()}
