"""The log-mel spectrogram is librosa's, in the shape that it promises."""

import librosa
import numpy as np
import pytest
import torch

from lightning_modules.frontends import LogMel, Waveform, mel_filterbank


@pytest.fixture
def waveform():
    """Two seconds of falling tones over noise, ``(samples,)``."""
    time_s = np.arange(32_000) / 16_000
    noise = np.random.default_rng(0).normal(0, 0.01, time_s.size)
    return (0.3 * np.sin(2 * np.pi * (3000 - 700 * time_s) * time_s) + noise).astype(np.float32)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"n_mels": 128, "n_fft": 1024}, {"window_ms": 20.0, "hop_ms": 5.0, "f_min_hz": 100.0, "f_max_hz": 4000.0}],
)
def test_log_mel_is_librosas(waveform, arguments):
    frontend = LogMel(**arguments)
    margin = (frontend.n_fft - frontend.window_samples) // 2  # librosa centres a short window in the transform
    power = librosa.feature.melspectrogram(
        y=np.pad(waveform.astype(np.float64), margin),  # librosa keeps double precision where it is given it
        sr=16_000,
        n_fft=frontend.n_fft,
        win_length=frontend.window_samples,
        hop_length=frontend.hop_samples,
        n_mels=frontend.n_mels,
        fmin=frontend.f_min_hz,
        fmax=frontend.f_max_hz,
        center=False,
    )
    audible = power > power.max(axis=0) * 1e-7  # 70 dB: single precision rounds what lies further below
    expected = np.log(np.maximum(power, frontend.floor))

    features = frontend(torch.from_numpy(waveform)[None])[0].numpy()

    assert features.shape == expected.shape
    assert audible.mean() > 0.9
    np.testing.assert_allclose(features[audible], expected[audible], atol=2e-4)


def test_filterbank_is_librosas():
    expected = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=80, dtype=np.float64)
    np.testing.assert_allclose(mel_filterbank(16_000, 512, 80), expected, atol=1e-12)


def test_frames_lie_inside_the_waveform():
    frontend = LogMel()
    assert frontend(torch.zeros(1, 64_000)).shape == (1, 80, 398)
    assert frontend(torch.zeros(1, 400)).shape == (1, 80, 1)


def test_silence_is_the_floor():
    assert torch.all(LogMel(floor=1e-8)(torch.zeros(1, 800)) == np.float32(np.log(1e-8)))


def test_the_whole_band_is_kept():
    time_s = torch.arange(16_000) / 16_000
    assert LogMel()(torch.sin(2 * torch.pi * 7900 * time_s)[None]).mean(dim=-1).argmax() == 79


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window_ms": 40.0}, "shorten window_ms or raise n_fft"),
        ({"n_mels": 200}, "raise n_fft or take fewer filters"),
        ({"f_max_hz": 9000.0}, "Nyquist"),
        ({"hop_ms": 0.0}, "must be positive"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LogMel(**arguments)


def test_waveform_is_one_bin():
    waveform = torch.randn(3, 100)
    assert torch.equal(Waveform()(waveform)[:, 0], waveform)
    assert (Waveform.bins, Waveform.hop_samples) == (1, 1)
