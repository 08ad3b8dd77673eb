"""Windows cover the waveform, and the score is their mean."""

import numpy as np
import pytest
import torch

from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.scoring import cut_windows, score_waveform, window_starts


@pytest.fixture(scope="module")
def detector() -> Detector:
    torch.manual_seed(0)
    return Detector(LogMel(n_mels=32), SpectrogramCNN(channels=(4, 8)), crop_s=1.0).eval()


def test_windows_cover_the_waveform_to_its_last_sample():
    assert window_starts(samples=100, window=40, hop=20).tolist() == [0, 20, 40, 60]
    assert window_starts(samples=105, window=40, hop=20).tolist() == [0, 20, 40, 60, 65]
    assert window_starts(samples=40, window=40, hop=20).tolist() == [0]
    assert window_starts(samples=10, window=40, hop=20).tolist() == [0]


def test_a_short_waveform_is_repeated():
    waveform = np.arange(3, dtype=np.float32)
    assert cut_windows(waveform, window_starts(3, 8, 4), 8).tolist() == [[0, 1, 2, 0, 1, 2, 0, 1]]


def test_a_short_waveform_is_taken_as_it_is_by_a_detector_that_pads(detector, monkeypatch):
    waveform = np.random.default_rng(0).normal(0, 0.1, 7000).astype(np.float32)
    repeated = score_waveform(detector, waveform)
    monkeypatch.setattr(detector, "shorter", "pad")
    result = score_waveform(detector, waveform)
    with torch.no_grad():
        assert result.score == pytest.approx(detector(torch.from_numpy(waveform)[None]).item(), abs=1e-5)
    assert len(result.windows) == 1
    assert abs(result.score - repeated.score) > 1e-5


def test_score_is_the_mean_of_its_windows(detector):
    waveform = np.random.default_rng(0).normal(0, 0.1, 16000 * 5 + 77).astype(np.float32)
    result = score_waveform(detector, waveform)
    windows = [waveform[round(start * 16000) :][:16000] for start in result.starts_s]
    alone = [score_waveform(detector, window).score for window in windows]
    np.testing.assert_allclose(result.windows, alone, atol=1e-5)
    assert result.score == pytest.approx(np.mean(alone), abs=1e-5)
    assert len(alone) == 10


def test_what_cannot_be_scored_is_an_error(detector):
    with pytest.raises(ValueError, match="empty"):
        score_waveform(detector, np.zeros(0, np.float32))
    with pytest.raises(ValueError, match="positive"):
        score_waveform(detector, np.zeros(16000, np.float32), window_s=0.0)
