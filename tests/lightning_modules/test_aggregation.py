"""One score of many windows: by definition, and of one window that window's."""

import numpy as np
import pytest
from scipy.special import expit, logit

from lightning_modules.aggregation import AGGREGATIONS, MEANING, Aggregate

LLRS = np.random.default_rng(0).normal(0.5, 3.0, 200)


def aggregated(kind, llrs):
    aggregate = Aggregate(kind)
    for llr in llrs:
        aggregate.add(float(llr))
    return aggregate.score


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("mean", LLRS.mean()),
        ("min", LLRS.min()),
        ("max", LLRS.max()),
        ("calibrated", logit(expit(LLRS).mean())),
    ],
)
def test_a_score_is_what_its_name_says(kind, expected):
    assert aggregated(kind, LLRS) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kind", AGGREGATIONS)
def test_one_window_is_the_whole(kind):
    assert aggregated(kind, [-1.25]) == pytest.approx(-1.25)
    assert kind in MEANING


def test_probabilities_that_round_to_one_are_still_told_apart():
    assert aggregated("calibrated", [60.0, 80.0]) == pytest.approx(60.0 + np.log(2), abs=1e-6)
    assert aggregated("calibrated", [1000.0, -1000.0]) == pytest.approx(0.0, abs=1e-6)


def test_nothing_is_no_score():
    with pytest.raises(ValueError, match="no window"):
        _ = Aggregate("mean").score
    with pytest.raises(ValueError, match="median"):
        Aggregate("median")
