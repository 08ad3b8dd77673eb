"""The EER equals its published definitions, on any scores, in all three variants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.trials import split_by_label
from tests.lightning_modules.metrics import asvspoof, reference

VARIANTS = ("legacy", "grouped", "rocch")
tied = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=25)
smooth = st.lists(st.floats(-100, 100), min_size=1, max_size=25)
scores = st.one_of(tied, smooth)


@given(bonafide=scores, spoof=scores)
def test_legacy_is_the_published_way_to_the_last_bit(bonafide, spoof):
    assert equal_error_rate(bonafide, spoof) == reference.legacy_eer(np.array(bonafide), np.array(spoof))


@given(bonafide=scores, spoof=scores)
def test_grouped_is_the_best_threshold(bonafide, spoof):
    expected = reference.grouped_eer(np.array(bonafide), np.array(spoof))
    assert equal_error_rate(bonafide, spoof, "grouped").eer == pytest.approx(expected, abs=1e-12)


@given(bonafide=scores, spoof=scores)
def test_rocch_is_the_best_mixture_of_thresholds(bonafide, spoof):
    expected = reference.rocch_eer(np.array(bonafide), np.array(spoof))
    assert equal_error_rate(bonafide, spoof, "rocch").eer == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_large_sets_agree_with_the_published_way(seed):
    rng = np.random.default_rng(seed)
    bonafide, spoof = rng.normal(1, 1, 3001).round(seed), rng.normal(0, 2, 7013).round(seed)
    assert equal_error_rate(bonafide, spoof) == reference.legacy_eer(bonafide, spoof)
    assert equal_error_rate(spoof, bonafide) == reference.legacy_eer(spoof, bonafide)


@given(bonafide=tied, spoof=tied, variant=st.sampled_from(VARIANTS))
def test_only_the_order_of_the_scores_matters(bonafide, spoof, variant):
    stretched = [np.exp(values) * 3 - 7 for values in (bonafide, spoof)]
    assert equal_error_rate(*stretched, variant).eer == equal_error_rate(bonafide, spoof, variant).eer


@given(bonafide=scores, spoof=scores, variant=st.sampled_from(VARIANTS))
def test_bounds(bonafide, spoof, variant):
    result = equal_error_rate(bonafide, spoof, variant)
    assert 0 <= result.eer <= 1
    assert min(bonafide + spoof) - 0.001 <= result.threshold <= max(bonafide + spoof)


@given(bonafide=scores, spoof=scores)
def test_the_hull_is_never_worse_than_chance_or_a_threshold(bonafide, spoof):
    hull = equal_error_rate(bonafide, spoof, "rocch").eer
    assert hull <= 0.5 + 1e-12
    frr, far = reference.operating_points(np.array(bonafide), np.array(spoof))
    assert hull <= np.maximum(frr, far).min() + 1e-12


@given(bonafide=scores, spoof=scores)
def test_hull_is_symmetric_in_the_classes(bonafide, spoof):
    swapped = equal_error_rate([-s for s in spoof], [-s for s in bonafide], "rocch").eer
    assert swapped == pytest.approx(equal_error_rate(bonafide, spoof, "rocch").eer, abs=1e-12)


@given(bonafide=scores, spoof=scores)
def test_the_grouped_threshold_gives_the_grouped_rate(bonafide, spoof):
    eer, threshold = equal_error_rate(bonafide, spoof, "grouped")
    frr, far = np.mean(np.array(bonafide) <= threshold), np.mean(np.array(spoof) > threshold)
    assert (frr + far) / 2 == pytest.approx(eer)


@pytest.mark.parametrize(
    ("bonafide", "spoof", "legacy", "grouped", "rocch"),
    [
        ([1, 1, 1], [1, 1], 1.0, 0.5, 0.5),  # constant
        ([2, 3], [0, 1], 0.0, 0.0, 0.0),  # apart
        ([0, 1], [2, 3], 1.0, 1.0, 0.5),  # inverted
        ([1], [0, 2], 0.25, 0.25, 1 / 3),  # one bona fide
        ([np.inf, 1], [-np.inf, 0], 0.0, 0.0, 0.0),
        ([np.inf, np.inf], [np.inf, -np.inf], 0.5, 0.25, 1 / 3),
    ],
)
def test_by_hand(bonafide, spoof, legacy, grouped, rocch):
    found = [equal_error_rate(bonafide, spoof, variant).eer for variant in VARIANTS]
    assert found == pytest.approx([legacy, grouped, rocch])


def test_float32_scores_keep_their_order():
    rng = np.random.default_rng(0)
    bonafide, spoof = rng.normal(1, 1, 500).astype(np.float32), rng.normal(0, 1, 700).astype(np.float32)
    assert equal_error_rate(bonafide, spoof).eer == reference.legacy_eer(bonafide, spoof)[0]


@pytest.mark.parametrize(
    ("bonafide", "spoof", "message"),
    [
        ([], [1.0], "no bona fide score"),
        ([1.0], [], "no spoof score"),
        ([1.0], [0.0, np.nan], "NaN in 1 of 2 spoof scores, first at position 1"),
    ],
)
def test_what_has_no_eer_is_refused(bonafide, spoof, message):
    with pytest.raises(ValueError, match=message):
        equal_error_rate(bonafide, spoof)
    with pytest.raises(ValueError, match="expected one of legacy, grouped, rocch"):
        equal_error_rate([1.0], [0.0], "pav")


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "eer_percent"), [("softmax", 5.058), ("amsoftmax", 3.165)])
def test_golden_eer(realdata, name, eer_percent):
    file = asvspoof.load(realdata, name)
    classes = split_by_label(file.scores, file.labels)
    assert [len(scores) for scores in classes] == [7355, 63_882]
    assert round(100 * equal_error_rate(*classes).eer, 3) == eer_percent
    assert equal_error_rate(*classes) == reference.legacy_eer(*classes)


@pytest.mark.realdata
def test_golden_eer_of_quantised_scores(realdata):
    file = asvspoof.load(realdata, "amsoftmax")
    low, high = file.scores.min(), file.scores.max()
    levels = np.round((file.scores - low) / (high - low) * 255)
    classes = split_by_label(levels, file.labels)
    percents = [round(100 * equal_error_rate(*classes, variant).eer, 3) for variant in VARIANTS]
    assert percents == [3.453, 3.245, 3.200]
