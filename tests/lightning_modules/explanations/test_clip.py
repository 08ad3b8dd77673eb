"""What is explained is the score that is given, of recordings of any length; what cannot be is told."""

import numpy as np
import pytest
import torch

from lightning_modules.detector import Detector
from lightning_modules.explanations.bands import scores_without
from lightning_modules.explanations.clip import clip_of
from lightning_modules.explanations.integrated_gradients import integrated_gradients
from lightning_modules.explanations.patches import patches_of
from lightning_modules.frontends import CQT, LFCC, LogLinear, LogMel, Waveform
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.normalisation import Normalisation
from lightning_modules.scoring import score_waveform
from tests.lightning_modules.explanations.toys import spectrogram_toy

FRONTENDS = (Waveform(), LogMel(n_mels=20), LogLinear(), CQT(f_min_hz=250.0, bins_per_octave=12), LFCC())


def noise(samples):
    return np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)


def all_and_nothing(clip):
    return np.stack([np.full((clip.bins, clip.columns), kept) for kept in (True, False)])


@pytest.mark.parametrize("frontend", FRONTENDS, ids=lambda frontend: type(frontend).__name__)
@pytest.mark.parametrize("samples", [5000, 16_000, 41_234])
@pytest.mark.parametrize("shorter", ["repeat", "pad"])
def test_the_score_is_that_of_the_scorer(frontend, samples, shorter):
    torch.manual_seed(0)
    normalisation = Normalisation("utterance", bins=frontend.bins)
    detector = Detector(frontend, DebugNetwork(), normalisation, crop_s=1.0, shorter=shorter).eval()
    waveform, calibration = noise(samples), Calibration(scale=2.0, offset=-1.0)
    clip = clip_of(detector, waveform, calibration)
    found = clip.scores(all_and_nothing(clip))[0]
    assert found == pytest.approx(float(calibration.llr(score_waveform(detector, waveform).score)), abs=1e-4)
    assert clip.columns * clip.column_s == pytest.approx(clip.duration_s, abs=clip.column_s)


def test_a_map_of_overlapping_windows_adds_up_to_the_score():
    torch.manual_seed(0)
    detector = Detector(LogMel(n_mels=20), DebugNetwork(), crop_s=1.0).eval()
    for samples in (9000, 41_234):  # repeated up to a window; four windows
        clip = clip_of(detector, noise(samples), Calibration())
        whole, nothing = clip.scores(all_and_nothing(clip))
        assert integrated_gradients(clip).sum() == pytest.approx(whole - nothing, abs=0.02 * abs(whole - nothing))


@pytest.mark.parametrize("frontend", FRONTENDS[1:4], ids=lambda frontend: type(frontend).__name__)
def test_a_tone_is_in_the_bin_and_the_column_that_say_so(frontend):
    times_s = np.arange(32_000) / 16_000
    burst = (np.abs(times_s - 1.0) < 0.1) * np.sin(2 * np.pi * 3000 * times_s)
    detector = Detector(frontend, DebugNetwork(), Normalisation("none", bins=frontend.bins), crop_s=2.0).eval()
    clip = clip_of(detector, (0.3 * burst + 1e-3 * noise(32_000)).astype(np.float32), Calibration())
    on_grid = clip.folded([plane.values for plane in clip.planes])
    loud = on_grid > on_grid.max() - 1.0
    edges_hz = clip.bin_edges_hz
    bins, columns = np.nonzero(loud)
    assert edges_hz[bins.min()] <= 3000 <= edges_hz[bins.max() + 1]
    assert (columns.mean() + 0.5) * clip.column_s == pytest.approx(1.0, abs=0.006)


def test_patches_hold_every_cell_once_and_are_as_large_as_asked():
    clip = clip_of(spectrogram_toy(), noise(20_000), Calibration())
    patches = patches_of(clip, 500.0, 0.1)
    assert patches.sums(np.ones((clip.bins, clip.columns))).sum() == clip.bins * clip.columns
    assert patches.shape == (16, 12)
    assert patches.segment_edges_s[-1] == 1.25
    assert np.allclose(np.diff(patches.band_edges_hz)[1:-1], 500)
    chosen = np.zeros(patches.shape, bool)
    chosen[3, 2] = True
    assert patches.sums(patches.spread(chosen).astype(float))[3, 2] == patches.spread(chosen).sum()
    with pytest.raises(ValueError, match="expected both above 0"):
        patches_of(clip, 0.0, 0.1)


def test_without_a_band_that_is_not_heard_the_score_is_the_same():
    detector = spectrogram_toy()
    whole, without = scores_without(detector, noise(16_000), Calibration(), 5000.0, 6000.0)
    assert whole == without
    whole, without = scores_without(detector, noise(16_000), Calibration(), 1000.0, 4000.0)
    assert without == 0.0 != whole


def test_silence_and_nothing_are_refused():
    detector = spectrogram_toy()
    with pytest.raises(ValueError, match="found nothing but silence, expected speech"):
        clip_of(detector, np.full(16_000, 5e-5, np.float32), Calibration())
    with pytest.raises(ValueError, match="found 0 samples of audio, expected at least"):
        clip_of(detector, np.zeros(0, np.float32), Calibration())
    padded = Detector(LogLinear(), DebugNetwork(), crop_s=1.0, shorter="pad").eval()
    with pytest.raises(ValueError, match="found 300 samples of audio, expected at least 400"):
        clip_of(padded, noise(300), Calibration())
