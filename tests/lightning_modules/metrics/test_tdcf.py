"""The t-DCF equals its definition at every threshold, in both versions; an ASV that makes none is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_modules.metrics.tdcf import AsvErrors, AsvScores, TandemWeights, asv_errors, min_tdcf
from lightning_modules.metrics.trials import SortedTrials
from tests.lightning_modules.metrics import reference

SCORES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=30)
ASV = AsvErrors(threshold=0.0, eer=0.02, miss=0.03, false_acceptance=0.01, spoof_miss=0.3)


@given(SCORES, SCORES)
def test_the_definition_at_every_threshold(bonafide, spoof):
    frr, far = reference.operating_points(np.array(bonafide), np.array(spoof))
    target, nontarget = 0.95 * 0.99, 0.95 * 0.01
    c1, c2 = target * (1 - 0.03) - nontarget * 10 * 0.01, 10 * 0.05 * (1 - 0.3)
    c0 = target * 0.03 + nontarget * 10 * 0.01
    trials = SortedTrials.of(bonafide, spoof)
    assert min_tdcf(trials, ASV, "v1") == pytest.approx(((c1 * frr + c2 * far) / min(c1, c2)).min(), abs=1e-12)
    expected = ((c0 + (target - c0) * frr + c2 * far) / (c0 + min(target - c0, c2))).min()
    assert min_tdcf(trials, ASV, "v2") == pytest.approx(expected, abs=1e-12)
    assert 0 <= min_tdcf(trials, ASV, "v1") <= 1
    assert min_tdcf(trials, ASV, "v1") <= min_tdcf(trials, ASV, "v2") <= 1


def test_asv_errors_by_hand():
    errors = asv_errors(target=[1.0, 2.0, 3.0, 4.0], nontarget=[-1.0, 0.0, 2.5, 0.5], spoof=[0.0, 5.0])
    assert errors == AsvErrors(threshold=1.0, eer=0.25, miss=0.0, false_acceptance=0.25, spoof_miss=0.5)


def test_each_attack_has_its_own_spoofs():
    scores = AsvScores([1.0, 2.0], [-1.0, 0.0], [0.5, 3.0, -3.0], attacks=["A1", "A1", "A2"])
    assert scores.errors().spoof_miss == pytest.approx(1 / 3)
    assert scores.errors("A1").spoof_miss == 0
    assert scores.errors("A2") is None  # all rejected: it costs nothing whatever the countermeasure does
    assert scores.errors("A3") is None
    assert AsvScores([1.0], [0.0], [0.5]).errors("A1") is None


def test_an_asv_with_which_it_is_undefined_is_refused():
    rejects_all = AsvErrors(threshold=0.0, eer=0.0, miss=0.0, false_acceptance=0.0, spoof_miss=1.0)
    useless = AsvErrors(threshold=0.0, eer=1.0, miss=1.0, false_acceptance=1.0, spoof_miss=0.0)
    for asv in (rejects_all, useless):
        with pytest.raises(ValueError, match="higher must mean more alike"):
            TandemWeights.of(asv, "v1")
    with pytest.raises(ValueError, match="'v3'"):
        min_tdcf(SortedTrials.of([1.0], [0.0]), ASV, "v3")
    with pytest.raises(ValueError, match="ASV non-target"):
        asv_errors([1.0], [], [0.0])
