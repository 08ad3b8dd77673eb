"""Costs equal those of counting at every threshold there is, and of scikit-learn where it defines the same."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss

from lightning_modules.metrics.dcf import ASVSPOOF5, DetectionCosts, act_dcf, cllr, min_cllr, min_dcf
from lightning_modules.metrics.trials import SortedTrials
from tests.lightning_modules.metrics import reference

SCORES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=30)


def balanced(bonafide, spoof):
    """Labels and weights with which each class weighs half."""
    labels = np.repeat([1, 0], [len(bonafide), len(spoof)])
    return labels, np.where(labels == 1, 0.5 / len(bonafide), 0.5 / len(spoof))


@given(SCORES, SCORES)
def test_min_dcf_is_the_least_of_all_thresholds(bonafide, spoof):
    frr, far = reference.operating_points(np.array(bonafide), np.array(spoof))
    expected = ((0.95 * frr + 0.05 * 10 * far) / 0.5).min()
    assert min_dcf(SortedTrials.of(bonafide, spoof)) == pytest.approx(expected, abs=1e-12)


@given(SCORES, SCORES)
def test_act_dcf_counts_at_the_bayes_threshold_and_is_never_below_the_minimum(bonafide, spoof):
    frr = np.mean(np.array(bonafide) < -math.log(1.9))
    far = np.mean(np.array(spoof) >= -math.log(1.9))
    trials = SortedTrials.of(bonafide, spoof)
    assert act_dcf(trials) == pytest.approx((0.95 * frr + 0.5 * far) / 0.5)
    assert act_dcf(trials) >= min_dcf(trials) - 1e-12


@given(SCORES, SCORES)
def test_cllr_is_the_balanced_log_loss_in_bits(bonafide, spoof):
    labels, weights = balanced(bonafide, spoof)
    probability = 1 / (1 + np.exp(-np.array(bonafide + spoof)))
    expected = log_loss(labels, probability, sample_weight=weights, labels=[0, 1]) / math.log(2)
    assert cllr(SortedTrials.of(bonafide, spoof)) == pytest.approx(expected)


@given(SCORES, SCORES)
def test_min_cllr_is_that_of_isotonic_regression(bonafide, spoof):
    labels, weights = balanced(bonafide, spoof)
    scores = np.array(bonafide + spoof)
    posterior = IsotonicRegression().fit(scores, labels, weights).predict(scores)
    with np.errstate(divide="ignore"):
        llr = np.log(posterior / (1 - posterior))
    expected = cllr(SortedTrials.of(llr[labels == 1], llr[labels == 0]))
    trials = SortedTrials.of(bonafide, spoof)
    assert min_cllr(trials) == pytest.approx(expected, abs=1e-9)
    assert -1e-9 <= min_cllr(trials) <= min(1, cllr(trials)) + 1e-9


def test_by_hand():
    perfect, constant = SortedTrials.of([2.0, 3.0], [-1.0, 0.0]), SortedTrials.of([1.0, 1.0], [1.0])
    assert (min_dcf(perfect), min_cllr(perfect)) == (0, 0)
    assert (min_dcf(constant), min_cllr(constant)) == (1, 1)
    assert cllr(SortedTrials.of([0.0], [0.0])) == 1
    assert ASVSPOOF5.bayes_threshold == pytest.approx(-0.642, abs=5e-4)
    assert act_dcf(SortedTrials.of([-0.64], [-0.65])) == 0
    assert act_dcf(SortedTrials.of([ASVSPOOF5.bayes_threshold], [-1.0])) == 0  # at the threshold: accepted


def test_no_overflow_and_infinities():
    assert cllr(SortedTrials.of([-2000.0], [0.0])) == pytest.approx((2000 / math.log(2) + 1) / 2)
    assert cllr(SortedTrials.of([math.inf], [-math.inf])) == 0
    assert cllr(SortedTrials.of([-math.inf], [0.0])) == math.inf
    assert min_cllr(SortedTrials.of([math.inf, 0.0], [-math.inf, 0.0])) == pytest.approx(0.5)


def test_float32_scores_keep_their_precision():
    rng = np.random.default_rng(0)
    bonafide, spoof = rng.normal(2, 1, 5000), rng.normal(0, 1, 5000)
    single = SortedTrials.of(bonafide.astype(np.float32), spoof.astype(np.float32))
    assert cllr(single) == pytest.approx(cllr(SortedTrials.of(bonafide, spoof)), rel=1e-6)


@pytest.mark.parametrize("values", [{"p_spoof": 0.0}, {"p_spoof": 1.0}, {"miss": 0.0}, {"false_acceptance": -1.0}])
def test_costs_that_are_none_are_refused(values):
    with pytest.raises(ValueError, match="expected 0 < p_spoof < 1"):
        DetectionCosts(**values)
