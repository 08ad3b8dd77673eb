"""A map that names the reason does better than chance, one that does not, does not; regions are where the map is."""

import numpy as np
import pytest

from lightning_modules.explanations.clip import clip_of
from lightning_modules.explanations.faithfulness import FRACTIONS, as_smooth, faithfulness
from lightning_modules.explanations.integrated_gradients import integrated_gradients
from lightning_modules.explanations.patches import patches_of
from lightning_modules.explanations.regions import NEGLIGIBLE, fullest_run, rectangles, regions_of
from lightning_modules.metrics.calibration import Calibration
from tests.lightning_modules.explanations.toys import spectrogram_toy, speech, waveform_toy


@pytest.fixture(scope="module", params=[spectrogram_toy, waveform_toy])
def explained(request, tiny_corpus):
    clip = clip_of(request.param(), speech(tiny_corpus), Calibration())
    patches = patches_of(clip, 500.0, 0.1)
    return clip, patches, patches.sums(integrated_gradients(clip, steps=8))


def test_the_toys_map_is_better_than_every_random_one(explained):
    clip, patches, sums = explained
    found = faithfulness(clip, patches, sums, 1, np.random.default_rng(0), draws=6)
    assert found.better_than_random == 6
    assert found.moved < min(found.moved_by_random)  # what raises the score was removed
    whole = found.of_map.deletion[-1]
    assert found.of_map.deletion[0] == found.of_map.insertion[0] == 0.0
    assert found.of_map.insertion[-1] == pytest.approx(whole)
    assert found.of_map.insertion_area > max(curves.insertion_area for curves in found.of_random)


def test_a_shuffled_map_is_no_better_than_chance(explained):
    clip, patches, sums = explained
    generator = np.random.default_rng(1)
    better = [
        faithfulness(clip, patches, generator.permuted(sums, axis=None), 1, generator, draws=4).better_than_random
        for _ in range(8)
    ]
    assert sum(better) < 0.8 * 4 * 8


def test_what_speaks_against_the_decision_is_removed_last(explained):
    clip, patches, sums = explained
    generator = np.random.default_rng(0)
    up = faithfulness(clip, patches, sums, 1, generator, draws=1)
    down = faithfulness(clip, patches, sums, -1, generator, draws=1)
    assert up.moved < 0 <= down.moved
    assert len(up.of_map.deletion) == len(FRACTIONS)


def test_random_maps_are_as_smooth_and_all_different():
    generator = np.random.default_rng(0)
    values = np.cumsum(np.cumsum(generator.standard_normal((16, 20)), axis=0), axis=1)
    drawn = [as_smooth(values, generator) for _ in range(2)]
    power = np.abs(np.fft.fft2(values - values.mean()))
    for one in drawn:
        np.testing.assert_allclose(np.abs(np.fft.fft2(one)), power, atol=1e-8)
        assert abs(np.corrcoef(one.ravel(), values.ravel())[0, 1]) < 0.8
    assert np.abs(drawn[0] - drawn[1]).max() > 0.1


def test_regions_are_ranked_by_what_taking_them_away_does(explained):
    clip, patches, sums = explained
    regions = regions_of(clip, patches, sums)
    effects = [abs(region.effect) for region in regions]
    assert effects == sorted(effects, reverse=True)
    assert 1 <= len(regions) <= 6
    for region in regions:
        assert abs(region.effect) >= NEGLIGIBLE
        inside = (patches.band_edges_hz[:-1] >= region.low_hz) & (patches.band_edges_hz[1:] <= region.high_hz)
        within = (patches.segment_edges_s[:-1] >= region.start_s) & (patches.segment_edges_s[1:] <= region.end_s)
        assert region.mapped == pytest.approx(sums[np.ix_(inside, within)].sum())
        assert 0 <= region.start_s < region.end_s <= clip.duration_s
        assert 0 <= region.low_hz < region.high_hz <= 8000


def test_rectangles_are_the_fullest_ones():
    sums = np.zeros((8, 10))
    sums[2:4, 3:6] = 1.0
    sums[6, 8] = 3.0
    assert rectangles(sums, 2) == [(slice(2, 4), slice(3, 6)), (slice(6, 7), slice(8, 9))]
    assert rectangles(np.zeros((3, 3)), 2) == []
    assert fullest_run(np.array([1.0, -5.0, 2.0, 3.0, -1.0])) == (5.0, slice(2, 4))
