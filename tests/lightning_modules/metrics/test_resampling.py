"""Resampling without drawing everything has exactly the distribution of resampling and sorting everything."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from lightning_modules.metrics import resampling
from lightning_modules.metrics.resampling import (
    Ranking,
    eers_by_speaker,
    eers_by_trial,
    eers_of_weights,
    speaker_weights,
    trial_weights,
)
from tests.lightning_modules.metrics import reference


def classes(bonafide, spoof, decimals, seed=0):
    """Scores of overlapping classes; the fewer decimals, the more ties."""
    rng = np.random.default_rng(seed)
    return rng.normal(1, 1, bonafide).round(decimals), rng.normal(0, 1, spoof).round(decimals)


@pytest.mark.parametrize(("bonafide", "spoof", "decimals"), [(100, 200, 1), (40, 300, 6), (5, 3, 0), (1, 50, 2)])
def test_by_trial_the_distribution_is_the_naive_one(bonafide, spoof, decimals):
    scores = classes(bonafide, spoof, decimals)
    rng = np.random.default_rng(1)
    fast = eers_by_trial(Ranking.of(*scores), 4000, rng)
    naive = [reference.legacy_eer(*(rng.choice(part, part.size) for part in scores))[0] for _ in range(4000)]
    assert ks_2samp(fast, naive).pvalue > 0.01
    assert np.std(fast) == pytest.approx(np.std(naive), rel=0.06)


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_weights_are_repetitions(decimals):
    scores = classes(60, 90, decimals)
    ranking = Ranking.of(*scores)
    for weights in trial_weights(ranking.totals, 50, np.random.default_rng(2)):
        repeated = (np.repeat(part, times) for part, times in zip(scores, weights, strict=True))
        assert eers_of_weights(ranking, *weights) == reference.legacy_eer(*repeated)[0]


@pytest.mark.parametrize("coarse", [2, 7, 256])
@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_speakers_are_repeated_with_all_their_trials(decimals, coarse, monkeypatch):
    monkeypatch.setattr(resampling, "COARSE_RANKS", coarse)
    scores = classes(60, 90, decimals)
    rng = np.random.default_rng(3)
    ids = rng.integers(0, 8, 60), rng.integers(2, 10, 90)  # some speakers have trials of one class only
    weights = speaker_weights(ids, 200, rng)
    assert (weights.sum(1) == 10).all()
    for found, row in zip(eers_by_speaker(Ranking.of(*scores), ids, weights), weights, strict=True):
        repeated = (np.repeat(part, row[of_class]) for part, of_class in zip(scores, ids, strict=True))
        assert found == reference.legacy_eer(*repeated)[0]


def test_draws_that_leave_a_class_empty_are_drawn_anew():
    ids = np.array([0]), np.array([1, 2])
    weights = speaker_weights(ids, 100, np.random.default_rng(4))
    assert (weights[:, 0] > 0).all()
    assert (weights[:, 1:].sum(1) > 0).all()
