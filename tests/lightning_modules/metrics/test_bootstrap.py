"""The bootstrap has the distribution of resampling and sorting naively, and the intervals that are published."""

import numpy as np
import pytest

from lightning_modules.metrics import bootstrap
from lightning_modules.metrics.bootstrap import bootstrap_eer
from tests.lightning_modules.metrics import asvspoof, reference


@pytest.fixture
def trials():
    """Scores with ties, labels and speakers of 300 trials."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [100, 200])
    speakers = [f"S{number}" for number in rng.integers(0, 12, 300)]
    return rng.normal(labels, 1).round(1), labels, speakers


def test_a_weighted_eer_is_that_of_the_repeated_trials(trials):
    scores, labels, speakers = trials
    bonafide, spoof = scores[labels == 1], scores[labels == 0]
    _, ids = np.unique(speakers, return_inverse=True)
    draw = bootstrap._speaker_draw(bonafide, ids[:100], spoof, ids[100:], np.random.default_rng(3))
    rng = np.random.default_rng(3)
    for _ in range(20):
        weights = np.bincount(rng.integers(12, size=12), minlength=12)
        repeated = np.repeat(bonafide, weights[ids[:100]]), np.repeat(spoof, weights[ids[100:]])
        assert bootstrap._weighted_eer(draw()) == reference.legacy_eer(*repeated)[0]


def test_trial_resamples_have_the_naive_distribution(trials):
    scores, labels, _ = trials
    bonafide, spoof = scores[labels == 1], scores[labels == 0]
    draw = bootstrap._trial_draw(bonafide, spoof, np.random.default_rng(1))
    fast = [bootstrap._weighted_eer(draw()) for _ in range(4000)]
    rng = np.random.default_rng(2)
    naive = [reference.legacy_eer(rng.choice(bonafide, 100), rng.choice(spoof, 200))[0] for _ in range(4000)]
    assert np.mean(fast) == pytest.approx(np.mean(naive), abs=4 * np.std(naive) / np.sqrt(2000))
    assert np.std(fast) == pytest.approx(np.std(naive), rel=0.06)
    assert np.quantile(fast, [0.025, 0.975]) == pytest.approx(np.quantile(naive, [0.025, 0.975]), abs=0.008)


def test_same_seed_same_interval(trials):
    assert bootstrap_eer(*trials, resamples=50, seed=7) == bootstrap_eer(*trials, resamples=50, seed=7)
    assert bootstrap_eer(*trials, resamples=50, seed=7) != bootstrap_eer(*trials, resamples=50, seed=8)


def test_the_interval_says_how_it_was_made(trials):
    scores, labels, speakers = trials
    by_trial = bootstrap_eer(scores, labels, resamples=200, level=0.9)
    by_speaker = bootstrap_eer(scores, labels, speakers, resamples=200)
    assert (by_trial.unit, by_trial.level, by_trial.resamples) == ("trial", 0.9, 200)
    assert by_speaker.unit == "speaker"
    for interval in (by_trial, by_speaker):
        assert interval.low < interval.eer < interval.high


def test_draws_that_leave_a_class_empty_are_drawn_anew():
    interval = bootstrap_eer([2.0, 1.0, 0.0], [1, 0, 0], ["A", "B", "C"], resamples=50)
    assert (interval.low, interval.high) == (0, 0)


def test_what_cannot_be_resampled_is_refused(trials):
    scores, labels, _ = trials
    with pytest.raises(ValueError, match="one speaker only"):
        bootstrap_eer(scores, labels, ["S1"] * 300)
    with pytest.raises(ValueError, match="found 2 speakers for 300 trials"):
        bootstrap_eer(scores, labels, ["S1", "S2"])
    with pytest.raises(ValueError, match="0 < level < 1"):
        bootstrap_eer(scores, labels, level=95)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "low", "high"), [("softmax", 0.0486, 0.0525), ("amsoftmax", 0.0301, 0.0333)])
def test_golden_intervals(realdata, name, low, high):
    file = asvspoof.load(realdata, name)
    by_trial = bootstrap_eer(file.scores, file.labels)
    by_speaker = bootstrap_eer(file.scores, file.labels, file.speakers, resamples=300)
    assert (by_trial.low, by_trial.high) == pytest.approx((low, high), abs=4e-4)
    assert by_speaker.high - by_speaker.low > 2 * (high - low)  # trials of a speaker go together
