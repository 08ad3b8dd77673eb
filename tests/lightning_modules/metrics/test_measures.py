"""All measures agree with their references; nothing but the order of the scores matters where it should not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from torch import tensor
from torchmetrics.functional.classification import binary_auroc, binary_eer

from lightning_modules.metrics.measures import area_under_roc, measure
from lightning_modules.metrics.tdcf import AsvErrors
from lightning_modules.metrics.trials import SortedTrials

SCORES = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=30)
BY_RANK = ("eer", "eer_grouped", "eer_rocch", "min_tdcf_v1", "min_tdcf_v2", "min_dcf", "min_cllr", "auc")
ASV = AsvErrors(threshold=0.0, eer=0.02, miss=0.03, false_acceptance=0.01, spoof_miss=0.3)


@given(SCORES, SCORES)
def test_auc_is_scikit_learns_and_torchmetrics(bonafide, spoof):
    labels = np.repeat([1, 0], [len(bonafide), len(spoof)])
    area = area_under_roc(SortedTrials.of(bonafide, spoof))
    assert area == pytest.approx(roc_auc_score(labels, bonafide + spoof))
    probabilities = (tensor(bonafide + spoof).double() + 4) / 8
    assert area == pytest.approx(float(binary_auroc(probabilities, tensor(labels))), abs=1e-6)


def test_grouped_eer_is_torchmetrics_where_there_are_trials_enough():
    rng = np.random.default_rng(1)
    bonafide, spoof = rng.uniform(0.2, 1, 500), rng.uniform(0, 0.8, 700)
    labels = tensor(np.repeat([1, 0], [500, 700]))
    expected = float(binary_eer(tensor(np.concatenate((bonafide, spoof))), labels))
    assert measure(SortedTrials.of(bonafide, spoof)).eer_grouped == pytest.approx(expected, abs=1 / 500)


@given(SCORES, SCORES)
def test_only_ranks_matter_but_to_the_costs_of_likelihood_ratios(bonafide, spoof):
    plain = measure(SortedTrials.of(bonafide, spoof), ASV)
    bent = measure(SortedTrials.of(np.exp(bonafide) - 7, np.exp(spoof) - 7), ASV)
    for name in BY_RANK:
        assert getattr(bent, name) == pytest.approx(getattr(plain, name), abs=1e-9), name
        assert 0 <= getattr(plain, name) <= 1, name


@pytest.mark.parametrize(
    ("bonafide", "spoof", "eers", "min_dcf", "auc"),
    [
        ([1.0, 1.0, 1.0], [1.0, 1.0], (1.0, 0.5, 0.5), 1.0, 0.5),  # all equal
        ([2.0, 3.0], [0.0, 1.0], (0.0, 0.0, 0.0), 0.0, 1.0),  # perfect
        ([0.0, 1.0], [2.0, 3.0], (1.0, 1.0, 0.5), 1.0, 0.0),  # inverted
        ([1.0], [0.0, 2.0], (0.25, 0.25, 1 / 3), 0.5, 0.5),  # one bona fide
        ([math.inf, 0.0], [-math.inf, 0.0], (0.5, 0.25, 0.25), 0.5, 0.875),  # infinities
    ],
)
def test_degenerate_cases_by_hand(bonafide, spoof, eers, min_dcf, auc):
    found = measure(SortedTrials.of(bonafide, spoof))
    assert (found.eer, found.eer_grouped, found.eer_rocch) == pytest.approx(eers)
    assert (found.min_dcf, found.auc) == pytest.approx((min_dcf, auc))
    assert (found.bonafide, found.spoof) == (len(bonafide), len(spoof))
    assert found.min_tdcf_v1 is found.min_tdcf_v2 is None
