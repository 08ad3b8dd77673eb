"""Draws follow from the seed and the epoch, and balance where asked to."""

from collections import Counter

import numpy as np
import pytest

from datamodules.sampling import SeededSampler, SequentialSampler, odds

LABELS = [1] * 10 + [0] * 90
CORPORA = ["a"] * 5 + ["b"] * 5 + ["a"] * 15 + ["b"] * 75
WEIGHTS = {"a": 0.25, "b": 0.75, "eval only": 0.0}


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


def shares(balanced):
    """(corpus, label) -> its share of the draws."""
    found: Counter[tuple[str, int]] = Counter()
    for corpus, label, chance in zip(CORPORA, LABELS, odds(LABELS, balanced, CORPORA, WEIGHTS), strict=True):
        found[corpus, label] += chance
    return dict(found)


def test_weights_are_shares_of_the_draws():
    expected = {("a", 1): 0.25 * 5 / 20, ("a", 0): 0.25 * 15 / 20, ("b", 1): 0.75 * 5 / 80, ("b", 0): 0.75 * 75 / 80}
    assert shares(balanced=False) == pytest.approx(expected)


def test_weights_and_balance_hold_together():
    expected = {("a", 1): 0.125, ("a", 0): 0.125, ("b", 1): 0.375, ("b", 0): 0.375}
    assert shares(balanced=True) == pytest.approx(expected)


def test_a_corpus_of_one_class_has_its_weight_all_the_same():
    chances = odds([1, 1, 0, 0], True, ["a", "a", "a", "spoofs"], {"a": 0.5, "spoofs": 0.5})
    assert chances == pytest.approx([0.125, 0.125, 0.25, 0.5])


def test_weighted_draws_follow_the_weights():
    sampler = SeededSampler(LABELS, seed=0, corpora=CORPORA, weights=WEIGHTS)
    drawn: Counter[str] = Counter()
    for epoch in range(50):
        sampler.set_epoch(epoch)
        drawn.update(CORPORA[draw.row] for draw in sampler)
    assert drawn.total() == 5000
    assert drawn["a"] / drawn.total() == pytest.approx(0.25, abs=0.02)


def test_without_weights_corpora_do_not_matter():
    np.testing.assert_array_equal(odds(LABELS, True), odds(LABELS, True, CORPORA, {}))
    assert list(SeededSampler(LABELS, 1, corpora=CORPORA)) == list(SeededSampler(LABELS, 1))


def test_sequential_is_always_alike():
    assert list(SequentialSampler(5)) == list(SequentialSampler(5))
    assert [draw.row for draw in SequentialSampler(3)] == [0, 1, 2]
