"""A prepared detector gives its detector's scores, or is the detector itself."""

import numpy as np
import pytest
import torch

from lightning_modules.detector import Detector
from lightning_modules.enhancement import WienerFilter
from lightning_modules.frontends import LFCC, LogMel, Waveform
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.lcnn import LCNN
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.normalisation import Normalisation
from lightning_modules.prepared import TOLERANCE, prepare
from lightning_modules.scoring import score_waveform


def small(**others: object) -> Detector:
    torch.manual_seed(0)
    return Detector(LogMel(n_mels=32), SpectrogramCNN(channels=(4, 8)), crop_s=1.0, **others).eval()


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, 16000 * 3 + 77).astype(np.float32)


@pytest.mark.parametrize(
    "detector",
    [
        small(),
        small(normalisation=Normalisation("sliding", bins=32)),
        small(enhancement=WienerFilter()),
        Detector(LFCC(), LCNN(bins=60), crop_s=1.0).eval(),
    ],
    ids=["cnn", "sliding", "enhanced", "lcnn"],
)
def test_scores_are_those_of_the_detector(detector, noise):
    prepared = prepare(detector)
    assert prepared.reason == ""
    assert prepared.max_delta <= TOLERANCE
    expected = score_waveform(detector, noise)
    found = score_waveform(detector, noise, score=prepared)
    np.testing.assert_allclose(found.windows, expected.windows, atol=TOLERANCE)


def test_other_windows_go_to_the_detector(noise):
    detector = small()
    prepared = prepare(detector)
    for window_s in (0.7, 2.0):
        expected = score_waveform(detector, noise, window_s).score
        assert score_waveform(detector, noise, window_s, score=prepared).score == pytest.approx(expected, abs=1e-6)


def test_networks_on_waveforms_stay_as_they_are():
    network = RawNet2(sinc_filters=8, sinc_taps=65, channels=(8, 8, 16, 16), gru_units=8, gru_layers=1, embedding=8)
    prepared = prepare(Detector(Waveform(), network, Normalisation("none", bins=1), crop_s=1.0).eval())
    assert prepared.fast is None
    assert "waveform" in prepared.reason


class Undecided(SpectrogramCNN):
    """What it computes depends on what it hears: loud speech is traced, soft speech is another matter."""

    def embed(self, features, lengths=None):
        embedding = super().embed(features, lengths)
        return 2 * embedding if float(features.mean()) < -10.0 else embedding


def test_a_network_whose_scores_would_change_stays_as_it_is():
    torch.manual_seed(0)
    frontend, normalisation = LogMel(n_mels=32), Normalisation("none", bins=32)
    prepared = prepare(Detector(frontend, Undecided(channels=(4, 8)), normalisation, crop_s=1.0).eval())
    assert prepared.fast is None
    assert "would differ" in prepared.reason


def test_what_cannot_be_traced_stays_as_it_is(monkeypatch):
    detector = small()
    monkeypatch.setattr("torch.jit.trace", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("no such operator\nat")))
    prepared = prepare(detector)
    assert prepared.fast is None
    assert prepared.reason == "it cannot be traced: no such operator"
