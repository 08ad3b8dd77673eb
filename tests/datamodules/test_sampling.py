"""Draws follow from the seed and the epoch, and balance where asked to."""

from collections import Counter

import numpy as np
import pytest

from datamodules.sampling import RankBatches, SeededSampler, SequentialSampler, odds

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


def dealt(trials, batch_size, ranks):
    """The batches of every rank, as rows."""
    batches = [RankBatches(SequentialSampler(trials), batch_size, rank, ranks) for rank in range(ranks)]
    drawn = [[[draw.row for draw in batch] for batch in part] for part in batches]
    assert [len(part) for part in batches] == [len(part) for part in drawn]
    return drawn


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
@pytest.mark.parametrize("batch_size", [2, 3, 16])
@pytest.mark.parametrize("trials", [8, 9, 17, 32, 33, 97, 1000])
def test_ranks_share_an_epoch_and_wait_for_none(trials, batch_size, ranks):
    parts = dealt(trials, batch_size, ranks)
    assert sorted(row for part in parts for batch in part for row in batch) == list(range(trials))
    assert len({len(part) for part in parts}) == 1
    for together in zip(*parts, strict=True):
        sizes = {len(batch) for batch in together}
        assert 1 <= min(sizes) <= max(sizes) <= min(batch_size, min(sizes) + 1)


def test_ranks_share_what_one_process_would_draw_at_once():
    assert dealt(64, 8, 2) == [
        [list(range(start + rank, start + 16, 2)) for start in range(0, 64, 16)] for rank in range(2)
    ]


def test_batches_of_one_that_cannot_be_divided():
    assert dealt(3, 1, 2) == [[[0, 2]], [[1]]]


def test_more_ranks_than_trials_is_an_error():
    with pytest.raises(ValueError, match="found 3 trials for 4 processes"):
        RankBatches(SequentialSampler(3), 2, 0, 4)
