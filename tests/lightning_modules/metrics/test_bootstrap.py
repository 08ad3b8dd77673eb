"""Intervals say how they were made, differences are paired, and published intervals are met."""

import numpy as np
import pytest

from lightning_modules.metrics.bootstrap import bootstrap_difference, bootstrap_eer, bootstrap_mean_difference
from tests.lightning_modules.metrics import asvspoof


@pytest.fixture
def trials():
    """Scores with ties, labels and speakers of 300 trials."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [100, 200])
    speakers = [f"S{number}" for number in rng.integers(0, 12, 300)]
    return rng.normal(labels, 1).round(1), labels, speakers


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


def test_what_cannot_be_resampled_is_refused(trials):
    scores, labels, _ = trials
    for names in (["S1"] * 300, ["S1"] * 100 + ["S2"] * 200):  # one of each class: all resamples are the same
        with pytest.raises(ValueError, match="one speaker only in a class"):
            bootstrap_eer(scores, labels, names)
    with pytest.raises(ValueError, match="found 2 speakers for 300 trials"):
        bootstrap_eer(scores, labels, ["S1", "S2"])
    with pytest.raises(ValueError, match="0 < level < 1"):
        bootstrap_eer(scores, labels, level=95)


def test_a_system_does_not_differ_from_itself(trials):
    scores, labels, speakers = trials
    for names in (None, speakers):
        same = bootstrap_difference(scores, scores, labels, names, resamples=100)
        assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)


def test_a_better_system_is_seen_to_be_better_and_the_sign_is_ours_minus_theirs(trials):
    scores, labels, speakers = trials
    better = scores + 2 * labels
    for names, unit in ((None, "trial"), (speakers, "speaker")):
        found = bootstrap_difference(better, scores, labels, names, resamples=400)
        assert found.unit == unit
        assert found.low <= found.difference <= found.high < 0
        assert found.p_value == pytest.approx(2 / 401)
        swapped = bootstrap_difference(scores, better, labels, names, resamples=400)
        assert swapped.difference == -found.difference
        assert swapped.low > 0


def test_pairing_takes_out_what_the_systems_share(trials):
    """Two systems that err on the same trials: their difference is surer than either of them."""
    scores, labels, _ = trials
    other = scores + 0.05 * np.random.default_rng(1).normal(size=scores.size)
    difference = bootstrap_difference(scores, other, labels, resamples=400)
    alone = bootstrap_eer(scores, labels, resamples=400)
    assert difference.high - difference.low < 0.7 * (alone.high - alone.low)


def test_the_p_value_is_uniform_where_there_is_no_difference():
    """Of 200 pairs of equally good systems about a tenth have p < .1."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [150, 150])
    p_values = [
        bootstrap_difference(rng.normal(labels, 1), rng.normal(labels, 1), labels, resamples=99).p_value
        for _ in range(200)
    ]
    assert 0.03 < np.mean(np.array(p_values) < 0.1) < 0.18


def test_other_lengths_are_refused(trials):
    scores, labels, _ = trials
    with pytest.raises(ValueError, match="expected \\(trials,\\) for both"):
        bootstrap_difference(scores, scores[1:], labels)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "low", "high"), [("softmax", 0.0486, 0.0525), ("amsoftmax", 0.0301, 0.0333)])
def test_golden_intervals(realdata, name, low, high):
    file = asvspoof.load(realdata, name)
    by_trial = bootstrap_eer(file.scores, file.labels)
    by_speaker = bootstrap_eer(file.scores, file.labels, file.speakers, resamples=300)
    assert (by_trial.low, by_trial.high) == pytest.approx((low, high), abs=4e-4)
    assert by_speaker.high - by_speaker.low > 2 * (high - low)  # trials of a speaker go together


def test_trainings_that_differ_widen_the_interval_of_their_mean(trials):
    scores, labels, speakers = trials
    other = scores + 0.5 * labels
    apart = [scores, scores + labels]
    for names in (None, speakers):
        alone = bootstrap_mean_difference([scores], [other], labels, names, resamples=200)
        assert alone == bootstrap_difference(scores, other, labels, names, resamples=200)
        twice = bootstrap_mean_difference([scores, scores], [other, other], labels, names, resamples=200)
        assert (twice.difference, twice.low, twice.high) == (alone.difference, alone.low, alone.high)
        mixed = bootstrap_mean_difference(apart, [other, other], labels, names, resamples=200)
        assert mixed.high - mixed.low > 1.3 * (alone.high - alone.low)
    with pytest.raises(ValueError, match="found 1 and 2 trainings"):
        bootstrap_mean_difference([scores], apart, labels)
