"""Draws follow from the seed and the epoch, and balance where asked to."""

from collections import Counter

from datamodules.sampling import SeededSampler, SequentialSampler

LABELS = [1] * 10 + [0] * 90


def test_an_epoch_draws_every_trial_once():
    assert sorted(draw.row for draw in SeededSampler(LABELS, seed=1)) == list(range(100))


def test_draws_depend_on_seed_and_epoch_alone():
    first, second = SeededSampler(LABELS, seed=1), SeededSampler(LABELS, seed=1)
    list(first)  # what was drawn before does not matter
    first.set_epoch(3)
    second.set_epoch(3)
    assert list(first) == list(second)
    second.set_epoch(4)
    assert list(first) != list(second)
    assert list(SeededSampler(LABELS, seed=2)) != list(SeededSampler(LABELS, seed=1))


def test_no_two_draws_share_a_seed():
    sampler = SeededSampler(LABELS, seed=1)
    seeds = [draw.seed for draw in sampler]
    sampler.set_epoch(1)
    seeds += [draw.seed for draw in sampler]
    assert len(set(seeds)) == len(seeds)


def test_balanced_draws_both_classes_equally_often():
    sampler = SeededSampler(LABELS, seed=0, balanced=True)
    counts: Counter[int] = Counter()
    for epoch in range(50):
        sampler.set_epoch(epoch)
        counts.update(LABELS[draw.row] for draw in sampler)
    assert abs(counts[1] / counts.total() - 0.5) < 0.03


def test_sequential_is_always_alike():
    assert list(SequentialSampler(5)) == list(SequentialSampler(5))
    assert [draw.row for draw in SequentialSampler(3)] == [0, 1, 2]
