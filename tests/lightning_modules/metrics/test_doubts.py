"""Scores that are suspicious are said to be so, with the evidence; others are not."""

import numpy as np
import pytest

from lightning_modules.metrics.doubts import doubts
from lightning_modules.metrics.measures import measure
from lightning_modules.metrics.trials import SortedTrials


def said(bonafide, spoof, *, calibrated=False):
    trials = SortedTrials.of(bonafide, spoof)
    return doubts(trials, measure(trials), calibrated=calibrated)


@pytest.fixture
def llrs():
    """Well calibrated log-likelihood ratios: two normal classes, 8 apart with variance 8."""
    rng = np.random.default_rng(0)
    return rng.normal(4, np.sqrt(8), 2000), rng.normal(-4, np.sqrt(8), 4000)


def test_calibrated_scores_raise_none(llrs):
    assert said(*llrs) == []


def test_inverted(llrs):
    (doubt,) = said(*(-scores.round(2) for scores in llrs))
    assert "worse than chance" in doubt
    assert f"an EER of {measure(SortedTrials.of(*(scores.round(2) for scores in llrs))).eer:.2%}" in doubt


def test_probabilities(llrs):
    (doubt,) = said(*(1 / (1 + np.exp(-scores)) for scores in llrs))
    assert "as probabilities or cosines do" in doubt


def test_scores_far_off_the_scale(llrs):
    (doubt,) = said(*(scores + 30 for scores in llrs))
    assert "no calibrated log-likelihood ratios" in doubt


def test_scores_that_are_known_to_be_calibrated_are_not_judged_by_their_range(llrs):
    """A weak detector's log-likelihood ratios are all close to 0; where the calibration fails is said, as before."""
    rng = np.random.default_rng(0)
    weak = tuple(rng.normal(mean, 0.2, 500) for mean in (0.02, -0.02))  # variance: twice the mean
    assert "as probabilities or cosines do" in said(*weak)[0]
    assert said(*weak, calibrated=True) == []
    (doubt,) = said(*(scores + 30 for scores in llrs), calibrated=True)
    assert "their calibration does not hold on these trials" in doubt


def test_ties(llrs):
    (doubt,) = said(*(np.clip(np.round(scores / 4) * 4, -4, 4) for scores in llrs))
    assert "of 6,000 trials have the score of a trial of the other class (3 different scores)" in doubt
    assert said(*(np.round(scores, 6) for scores in llrs)) == []


def test_infinities(llrs):
    bonafide, spoof = llrs
    assert "1 scores are infinite; Cllr is infinite" in said(np.append(bonafide, -np.inf), spoof)
