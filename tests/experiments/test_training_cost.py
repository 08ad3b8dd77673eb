"""What a training takes is measured on a few of its real steps."""

import pytest

from experiments.training_config import parse
from experiments.training_cost import _Clock, training_cost


@pytest.mark.parametrize("mode", ["utterance", "corpus"])
def test_a_few_steps_tell_of_the_whole(place, mode):
    normalisation = {
        "model__normalisation__class_path": "lightning_modules.normalisation.Normalisation",
        "model__normalisation__init_args__mode": mode,
        "model__normalisation__init_args__bins": 40,
    }
    words = place.words(epochs=7, **normalisation)
    cost = training_cost(words, steps=2)
    assert cost.epochs == 7
    assert cost.epoch_s > 0
    assert cost.seconds == pytest.approx(7 * cost.epoch_s)
    assert cost.parameters == sum(p.numel() for p in parse(words).model.parameters())
    assert cost.macs > 0


def test_the_first_batch_is_left_out(monkeypatch):
    times = iter([0.0, 10.0, 11.0, 12.5, 14.0])
    monkeypatch.setattr("experiments.training_cost.time.perf_counter", lambda: next(times))
    clock = _Clock()
    for _ in range(5):
        clock.on_train_batch_end(None)
    assert clock.step_s("train") == 1.5
    assert clock.step_s("dev") == 0.0


def test_single_batches_are_timed_from_the_end_of_the_other_partition(monkeypatch):
    times = iter([0.0, 9.0, 11.0, 12.0, 15.0, 16.0])
    monkeypatch.setattr("experiments.training_cost.time.perf_counter", lambda: next(times))
    clock = _Clock()
    for _ in range(3):
        clock.on_train_batch_end(None)
        clock.on_validation_batch_end(None)
    assert clock.step_s("train") == 3.0
    assert clock.step_s("dev") == 1.0


def test_an_epoch_of_one_batch_takes_time(place):
    cost = training_cost(place.words(epochs=2, data__batch_size=1000), steps=3)
    assert cost.epoch_s > 0
