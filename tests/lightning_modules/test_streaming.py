"""Scores of a stream are those of the whole waveform, window by window, whatever the blocks."""

import numpy as np
import pytest
import soundfile
import torch

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from lightning_modules.detector import Detector
from lightning_modules.frontends import LogMel
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.scoring import score_waveform
from lightning_modules.streaming import score_stream


@pytest.fixture(scope="module")
def detector() -> Detector:
    torch.manual_seed(0)
    return Detector(LogMel(n_mels=32), SpectrogramCNN(channels=(4, 8)), crop_s=1.0).eval()


@pytest.fixture(scope="module")
def speech(tiny_corpus):
    clips = [soundfile.read(trial.path, dtype="float32")[0] for trial in asvspoof2019_la(str(tiny_corpus))]
    return np.concatenate(clips)[: 30 * 16_000]


def blocks(waveform, size):
    return (waveform[start : start + size] for start in range(0, len(waveform), size))


def assert_same(detector, waveform, size, window_s=None, hop_s=None):
    offline = score_waveform(detector, waveform, window_s, hop_s)
    streamed = list(score_stream(detector, blocks(waveform, size), window_s, hop_s))
    assert [window.start_s for window in streamed] == offline.starts_s.tolist()
    np.testing.assert_allclose([window.score for window in streamed], offline.windows, atol=1e-5)
    assert np.mean([window.score for window in streamed]) == pytest.approx(offline.score, abs=1e-5)
    return streamed


@pytest.mark.parametrize("samples", [1, 4000, 15_999, 16_000, 16_001, 24_000, 24_001, 31_999, 100_003, 480_000])
def test_every_length_has_the_same_windows(detector, speech, samples):
    streamed = assert_same(detector, speech[:samples], 4096)
    assert streamed[-1].end_s == samples / 16_000


@pytest.mark.parametrize("size", [160, 7777, 16_000, 24_000, 480_000])
def test_blocks_of_any_size_give_the_same(detector, speech, size):
    assert_same(detector, speech[:150_077], size)


@pytest.mark.parametrize(("window_s", "hop_s"), [(1.0, 1.0), (0.5, 0.125), (0.7, 0.33), (0.5, 2.0), (1.0, 3.1)])
@pytest.mark.parametrize("samples", [20_000, 80_000, 100_003])
def test_windows_and_hops_of_any_length_even_with_gaps(detector, speech, window_s, hop_s, samples):
    assert_same(detector, speech[:samples], 5000, window_s, hop_s)


def test_a_short_waveform_is_taken_as_it_is_by_a_detector_that_pads(detector, speech, monkeypatch):
    monkeypatch.setattr(detector, "shorter", "pad")
    assert_same(detector, speech[:7000], 1000)
    assert_same(detector, speech[:40_000], 1000)


def test_a_window_is_told_as_soon_as_its_last_sample_is_there(detector, speech):
    taken = []

    def given():
        for block in blocks(speech[:64_000], 1000):
            taken.append(len(block))
            yield block

    stream = score_stream(detector, given())
    assert next(stream).start_s == 0.0
    assert sum(taken) == 16_000
    assert next(stream).start_s == 0.5
    assert sum(taken) == 24_000


def test_what_is_held_does_not_grow(detector, speech, monkeypatch):
    from lightning_modules import streaming

    largest = []
    joined = np.concatenate

    def measured(parts):
        largest.append(sum(part.size for part in parts))
        return joined(parts)

    monkeypatch.setattr(streaming.np, "concatenate", measured)
    list(score_stream(detector, blocks(np.tile(speech, 2), 8000), hop_s=0.75))
    assert len(largest) == 120
    assert max(largest) <= 8000 + 16_000 + 8000  # a block, a window, and less than another


@pytest.mark.parametrize(("window_s", "hop_s"), [(0.0, 1.0), (1.0, -1.0)])
def test_what_cannot_be_scored_is_an_error(detector, window_s, hop_s):
    with pytest.raises(ValueError, match="positive"):
        next(score_stream(detector, [np.zeros(16_000, np.float32)], window_s, hop_s))
    with pytest.raises(ValueError, match="empty"):
        next(score_stream(detector, []))
