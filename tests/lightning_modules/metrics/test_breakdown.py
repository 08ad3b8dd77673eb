"""An attack is measured against all bona fide trials, a condition within itself."""

import pytest

from lightning_modules.metrics.breakdown import by_attack, by_condition, duration_bins
from lightning_modules.metrics.tdcf import AsvErrors

ASV = AsvErrors(threshold=0.0, eer=0.02, miss=0.03, false_acceptance=0.01, spoof_miss=0.3)


def test_each_attack_against_all_bona_fide_trials():
    scores, labels = [2.0, 1.0, 3.0, 4.0, 0.0], [1, 1, 0, 0, 0]
    attacks = ["-", "-", "A01", "A01", "A02"]
    found = by_attack(scores, labels, attacks, lambda name: ASV if name == "A02" else None)
    assert {name: (row.bonafide, row.spoof, row.eer) for name, row in found.items()} == {
        "A01": (2, 2, 1.0),
        "A02": (2, 1, 0.0),
    }
    assert found["A01"].min_tdcf_v1 is None
    assert found["A02"].min_tdcf_v1 == 0


def test_a_condition_has_trials_of_its_own():
    scores = [3.0, 1.0, 0.0, 5.0, 2.0, 4.0]
    labels = [1, 0, 0, 1, 0, 0]
    found = by_condition(scores, labels, ["alaw", "alaw", "alaw", "none", "opus", "none"], threshold=2.0)
    assert list(found) == ["alaw", "none", "opus"]
    assert (found["alaw"].bonafide, found["alaw"].spoof, found["alaw"].frr, found["alaw"].far) == (1, 2, 0, 0)
    assert found["none"].measures.eer == 0
    assert found["none"].far == 1
    assert (found["opus"].measures, found["opus"].frr, found["opus"].far) == (None, None, 0)


def test_durations_fall_into_bins_that_sort():
    bins = duration_bins([0.2, 1.0, 2.5, 5.0, 9.9, 10.0, 3600.0])
    assert bins == ["0-1 s", "1-2 s", "2-3 s", "4-6 s", "6-10 s", ">=10 s", ">=10 s"]
    assert sorted(bins) == bins


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="found 1 attacks for 2 scores"):
        by_attack([1.0, 0.0], [1, 0], ["-"])
    with pytest.raises(ValueError, match="found labels"):
        by_attack([1.0, 0.0], [1, 2], ["-", "A01"])
    with pytest.raises(ValueError, match="no bona fide score"):
        by_attack([1.0, 0.0], [0, 0], ["A01", "A01"])
    with pytest.raises(ValueError, match="found 3 conditions for 2 scores"):
        by_condition([1.0, 0.0], [1, 0], ["a", "b", "c"], 0.0)
