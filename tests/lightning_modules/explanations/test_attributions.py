"""Each method finds what a detector is known to hear, in the unit that it promises."""

import numpy as np
import pytest
import torch

from lightning_modules.detector import Detector
from lightning_modules.explanations import METHODS, explain
from lightning_modules.explanations.clip import clip_of
from lightning_modules.explanations.gradcam import gradcam, last_maps
from lightning_modules.explanations.integrated_gradients import integrated_gradients
from lightning_modules.explanations.occlusion import occlusion
from lightning_modules.explanations.patches import patches_of
from lightning_modules.explanations.randomisation import randomised, similarity
from lightning_modules.frontends import LFCC, LogMel, Waveform
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.normalisation import Normalisation
from tests.lightning_modules.explanations.toys import (
    END_S,
    HIGH_HZ,
    LOW_HZ,
    START_S,
    spectrogram_toy,
    speech,
    waveform_toy,
)

NONE = Calibration()


def share_inside(values, clip):
    """How much of a map's magnitude is in the rectangle that a toy hears, a bin or a frame more at its edges."""
    centres_hz = (clip.bin_edges_hz[:-1] + clip.bin_edges_hz[1:]) / 2
    centres_s = (np.arange(clip.columns) + 0.5) * clip.column_s
    bins = (centres_hz >= LOW_HZ - 40) & (centres_hz <= HIGH_HZ + 40)
    columns = (centres_s >= START_S - 0.03) & (centres_s <= END_S + 0.03)
    return np.abs(values[bins][:, columns]).sum() / np.abs(values).sum()


def test_integrated_gradients_are_the_linear_toys_own_terms(tiny_corpus):
    detector, waveform = spectrogram_toy(), speech(tiny_corpus)
    clip = clip_of(detector, waveform, NONE)
    features = clip.planes[0].values.numpy()
    expected = np.zeros((clip.bins, clip.columns))
    expected[64:96, 41:61] = 0.01 * features[64:96, 40:60]  # a frame is centred 12.5 ms after its start
    np.testing.assert_allclose(integrated_gradients(clip, steps=4), expected, atol=1e-6)


def test_integrated_gradients_are_complete_on_real_networks(tiny_corpus):
    torch.manual_seed(0)
    rawnet2 = RawNet2(sinc_filters=8, sinc_taps=65, sinc_stride=3, channels=(8, 8, 16), gru_units=8, gru_layers=1)
    for detector in (
        Detector(LogMel(), SpectrogramCNN(channels=(4, 8)), crop_s=0.5),
        Detector(Waveform(), rawnet2, Normalisation("utterance", bins=1), crop_s=0.5),
    ):
        clip = clip_of(detector.eval(), speech(tiny_corpus), Calibration(scale=3.0, offset=1.0))
        whole, nothing = clip.scores(np.stack([np.full((clip.bins, clip.columns), kept) for kept in (True, False)]))
        assert integrated_gradients(clip, steps=64).sum() == pytest.approx(
            whole - nothing, abs=0.02 * abs(whole - nothing)
        )


def test_occlusion_is_exact_on_a_linear_toy(tiny_corpus):
    clip = clip_of(spectrogram_toy(), speech(tiny_corpus), NONE)
    patches = patches_of(clip, 500.0, 0.1)
    terms = integrated_gradients(clip, steps=4)
    np.testing.assert_allclose(patches.sums(occlusion(clip, patches)), patches.sums(terms), atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_rectangle_in_the_spectrogram(method, tiny_corpus):
    found = explain(spectrogram_toy(), speech(tiny_corpus), method, draws=2, random_networks=0)
    clip = clip_of(spectrogram_toy(), speech(tiny_corpus), NONE)
    assert share_inside(found.values, clip) > 0.8
    strongest = found.regions[0]
    assert LOW_HZ - 600 <= strongest.low_hz < strongest.high_hz <= HIGH_HZ + 600
    assert START_S - 0.11 <= strongest.start_s < strongest.end_s <= END_S + 0.11


@pytest.mark.parametrize("method", ["integrated-gradients", "occlusion"])
def test_every_method_finds_the_band_in_the_waveform(method, tiny_corpus):
    detector, waveform = waveform_toy(), speech(tiny_corpus)
    found = explain(detector, waveform, method, draws=2, random_networks=0)
    assert share_inside(found.values, clip_of(detector, waveform, NONE)) > 0.8
    strongest = found.regions[0]
    assert strongest.effect > 0  # more power in the band raises the score
    assert strongest.low_hz < 2500 < strongest.high_hz
    assert strongest.start_s < 0.5 < strongest.end_s


def test_a_score_that_is_turned_round_has_its_map_turned_round(tiny_corpus):
    waveform = speech(tiny_corpus)
    maps = [
        explain(waveform_toy(weight=weight), waveform, draws=1, random_networks=0).patch_sums
        for weight in (1e-3, -1e-3)
    ]
    np.testing.assert_allclose(maps[0], -maps[1], atol=1e-6)


def test_gradcam_takes_the_last_layer_with_both_axes():
    torch.manual_seed(0)
    waveform = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    for network, expected in ((SpectrogramCNN(), "squeeze"), (DebugNetwork(), "conv")):
        clip = clip_of(Detector(LogMel(), network, crop_s=1.0).eval(), waveform, NONE)
        assert last_maps(network, clip.planes[0]) is getattr(network, expected)
        assert np.abs(gradcam(clip, network)).max() > 0


@pytest.mark.parametrize("frontend", [Waveform(), LFCC()])
def test_gradcam_is_refused_without_an_axis_of_frequency(frontend):
    detector = Detector(frontend, DebugNetwork(), Normalisation("none", bins=frontend.bins), crop_s=1.0).eval()
    with pytest.raises(ValueError, match=r"Grad-CAM is for networks that read a spectrogram.*occlusion"):
        explain(detector, np.ones(16_000, np.float32), "gradcam")


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="found method 'lime', expected one of gradcam"):
        explain(spectrogram_toy(), np.ones(16_000, np.float32), "lime")


def test_random_weights_change_the_map_of_a_network_and_not_where_a_toy_can_hear(tiny_corpus):
    torch.manual_seed(1)
    waveform = speech(tiny_corpus)
    alike = {}
    for name, detector in (
        ("toy", spectrogram_toy()),
        ("network", Detector(LogMel(), SpectrogramCNN(channels=(4, 8)), crop_s=1.0).eval()),
    ):
        before = [parameter.clone() for parameter in detector.parameters()]
        clips = [clip_of(one, waveform, NONE) for one in (detector, randomised(detector, seed=3))]
        patches = patches_of(clips[0], 500.0, 0.1)
        alike[name] = similarity(*(np.abs(patches.sums(integrated_gradients(clip, steps=8))) for clip in clips))
        assert all(torch.equal(old, new) for old, new in zip(before, detector.parameters(), strict=True))
    assert alike["toy"] > 0.95
    assert abs(alike["network"]) < 0.7
