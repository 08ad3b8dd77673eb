"""The index by hand, chance by simulation, intervals as published."""

import numpy as np
import pytest

from experiments.drift_measures import holm, share_change, shift

RNG = np.random.default_rng(3)


def moved(reference, new, **options):
    return shift(np.asarray(reference, float), np.asarray(new, float), permutations=199, **options)


def test_psi_is_that_of_the_shares_by_hand():
    # Two bins hold every value: 30 and 10 of the reference, 10 and 30 of the new, half a value added to each.
    found = moved([0] * 30 + [1] * 10, [0] * 10 + [1] * 30)
    p, q = np.array([30.5, 10.5]) / 41, np.array([10.5, 30.5]) / 41
    assert found.psi == pytest.approx(float(np.sum((q - p) * np.log(q / p))))
    assert found.ks == pytest.approx(0.5)


def test_bins_hold_equally_many_of_the_reference():
    reference = np.arange(100.0)
    new = np.concatenate((np.arange(100.0), np.full(100, 1000.0)))  # half of them beyond all bins
    p = np.full(10, 10.5) / 105
    q = (np.array([10.0] * 9 + [110]) + 0.5) / 205
    assert moved(reference, new).psi == pytest.approx(float(np.sum((q - p) * np.log(q / p))))


def test_the_same_values_have_not_moved():
    values = RNG.normal(size=50)
    found = moved(values, values[::-1])
    assert found.psi == pytest.approx(0)
    assert found.p_value == 1
    assert found.reading(found.p_value) == "none"


def test_small_samples_of_one_distribution_are_no_drift_though_their_psi_is_large():
    found = [moved(RNG.normal(size=40), RNG.normal(size=40)) for _ in range(60)]
    psis = np.array([each.psi for each in found])
    assert np.mean(psis > 0.25) > 0.5  # by the usual reading alone most would be drift
    assert np.mean(psis) == pytest.approx(np.mean([each.psi_by_chance for each in found]), rel=0.25)
    assert np.mean([each.p_value <= 0.05 for each in found]) <= 0.15
    assert sum(each.reading(each.p_value) != "none" for each in found) <= 3


def test_a_shift_is_found_and_read_by_its_size():
    reference = RNG.normal(size=3000)
    readings = {}
    for by in (0.0, 0.15, 0.4, 1.0):
        found = moved(reference, RNG.normal(by, size=3000))
        readings[by] = found.reading(found.p_value)
    assert readings == {0.0: "none", 0.15: "slight", 0.4: "moderate", 1.0: "major"}


def test_values_below_a_constant_reference_are_seen():
    found = moved([16000] * 40, [8000] * 30 + [16000] * 10)
    assert found.psi > 1
    assert found.p_value <= 0.01
    assert moved([16000] * 40, [16000] * 40).psi == 0


def test_values_above_a_constant_reference_are_seen():
    assert moved([0] * 40, np.linspace(0.1, 1, 40)).psi > 1


@pytest.mark.parametrize("values", [[1.0] * 19, [*([1.0] * 40), np.nan], [*([1.0] * 40), np.inf]])
def test_too_few_values_or_none_are_refused(values):
    with pytest.raises(ValueError, match="expected at least 20, all finite"):
        moved([1.0] * 30, values)


def test_interval_of_a_difference_is_newcombes():
    # Newcombe 1998, table II (a): 56 of 70 and 48 of 80, method 10: 0.0524 to 0.3339.
    change = share_change(np.arange(80) < 48, np.arange(70) < 56)
    assert (change.reference, change.share) == (0.6, 0.8)
    assert (change.low, change.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert change.is_certain
    assert not share_change(np.arange(40) < 20, np.arange(40) < 22).is_certain


def test_p_values_of_several_questions_are_holms():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
