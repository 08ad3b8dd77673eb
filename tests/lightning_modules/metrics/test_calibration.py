"""Calibrated scores are log-likelihood ratios, of one detector as of several."""

import numpy as np
import pytest

from lightning_modules.metrics.calibration import Calibration, equal_weights, fit_calibration, fit_fusion


def gaussian_trials(bonafide=20_000, spoof=60_000):
    """Scores N(+1, 1) and N(-1, 1), whose log-likelihood ratio is twice the score."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [bonafide, spoof])
    return rng.normal(2 * labels - 1, 1), labels


def test_gaussian_scores_get_their_true_ratio_whatever_the_balance():
    scores, labels = gaussian_trials()
    calibration = fit_calibration(5 * scores + 3, labels)
    assert calibration.llr([3, 8]) == pytest.approx([0, 2], abs=0.05)


def test_probability_follows_the_prior():
    calibration = Calibration(scale=2.0, offset=1.0)
    assert calibration.probability([-0.5]) == pytest.approx([0.5])
    assert calibration.probability([-0.5], prior=0.9) == pytest.approx([0.9])
    assert calibration.probability([-1e6, 1e6]).tolist() == [0, 1]


def test_classes_that_do_not_overlap_stay_finite():
    calibration = fit_calibration([5.0, 6.0, 0.0, 1.0], [1, 1, 0, 0])
    assert 0 < calibration.scale < 10
    assert calibration.llr(3.0) == pytest.approx(0, abs=1e-3)


def test_inverted_scores_show_in_the_sign():
    scores, labels = gaussian_trials(500, 500)
    assert fit_calibration(-scores, labels).scale < 0


def test_constant_scores_are_no_evidence():
    assert fit_calibration([1.0, 1.0, 1.0], [1, 0, 0]) == Calibration(0.0, 0.0)


def test_infinite_scores_are_refused():
    with pytest.raises(ValueError, match="infinite"):
        fit_calibration([np.inf, 0.0], [1, 0])


def test_two_independent_witnesses_count_by_what_each_can_tell():
    first, labels = gaussian_trials()
    second = 3 * np.random.default_rng(1).normal(labels - 0.5, 1)  # log-likelihood ratio: a third of the score
    fitted = fit_fusion(np.column_stack((first, second)), labels)
    assert fitted.weights == pytest.approx((2, 1 / 3), abs=0.03)
    assert fitted.llr([[0.0, 0.0]]) == pytest.approx([0], abs=0.05)


def test_detectors_that_say_the_same_share_the_weight():
    scores, labels = gaussian_trials(500, 500)
    fitted = fit_fusion(np.column_stack((scores, scores)), labels)
    assert fitted.weights[0] == pytest.approx(fitted.weights[1], rel=1e-6)
    assert sum(fitted.weights) == pytest.approx(fit_calibration(scores, labels).scale, rel=0.03)


def test_a_constant_detector_gets_no_weight():
    scores, labels = gaussian_trials(500, 500)
    fitted = fit_fusion(np.column_stack((np.full(1000, 0.1), scores)), labels)
    alone = fit_calibration(scores, labels)
    assert fitted.weights == pytest.approx((0, alone.scale))
    assert fitted.offset == pytest.approx(alone.offset)


def test_equal_weights_are_the_mean():
    assert equal_weights(4).llr([[1.0, 2.0, 3.0, 6.0]]) == pytest.approx([3])
