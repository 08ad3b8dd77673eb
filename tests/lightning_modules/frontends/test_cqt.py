"""The constant-Q transform is the sum that defines it, with librosa's tones, and near librosa's own way there."""

import librosa
import numpy as np
import pytest
import scipy.signal
import torch

from lightning_modules.frontends import CQT


def reference_power(waveform, frontend):
    """Every bin's power in float64, by librosa's kernels, ``(bins, frames)``."""
    frequencies_hz = frontend.f_min_hz * 2 ** (np.arange(frontend.bins) / frontend.bins_per_octave)
    kernels, lengths = librosa.filters.wavelet(freqs=frequencies_hz, sr=16_000, pad_fft=False, dtype=np.complex128)
    margin = kernels.shape[1]
    padded = np.pad(waveform, margin)
    power = []
    for kernel, length in zip(kernels, lengths, strict=True):
        samples = int(np.floor(length / 2) + np.ceil(length / 2))
        centre = (margin - samples) // 2 + int(np.ceil(length / 2))  # librosa pads all kernels to one size
        products = scipy.signal.oaconvolve(padded, np.conj(kernel[::-1]), mode="valid")
        centred = products[margin - centre :: frontend.hop_samples][: 1 + waveform.size // frontend.hop_samples]
        power.append(length * np.abs(centred) ** 2)
    return np.stack(power)


@pytest.mark.parametrize(
    "arguments", [{}, {"bins_per_octave": 12}, {"n_bins": 30, "f_min_hz": 440.0, "hop_ms": 7.0, "bins_per_octave": 9}]
)
def test_cqt_is_its_definition(speech, arguments):
    frontend = CQT(**arguments)
    power = reference_power(speech, frontend)
    level = power / power.max(axis=0)
    audible = level > 1e-7
    expected = np.log(np.maximum(power, frontend.floor))
    waveform = torch.from_numpy(speech)[None]

    features = frontend(waveform.float())[0].numpy()
    exact = frontend.double()(waveform.double())[0].numpy()

    assert features.shape == expected.shape
    assert audible.mean() > 0.8
    np.testing.assert_allclose(exact[audible], expected[audible], atol=1e-3)
    clear = level > 1e-5  # further down, rounding to single precision is more than the tolerance on some processors
    np.testing.assert_allclose(features[clear], expected[clear], atol=1e-3)


def test_cqt_is_near_librosas(speech):
    """With octaves that end well below Nyquist: librosa's resampling for each octave takes some off its top."""
    frontend = CQT(f_min_hz=50.0, n_bins=156)
    spectrum = librosa.cqt(
        speech,
        sr=16_000,
        hop_length=160,
        fmin=50.0,
        n_bins=156,
        bins_per_octave=24,
        sparsity=0,
        tuning=0,
        pad_mode="constant",
    )
    power = np.abs(spectrum) ** 2
    audible = power > power.max(axis=0) * 1e-6
    features = frontend(torch.from_numpy(speech).float()[None])[0].numpy()
    assert features.shape == power.shape == (156, 201)
    differences = np.abs(features - np.log(np.maximum(power, frontend.floor)))[audible]
    assert np.quantile(differences, 0.5) < 0.03
    assert np.quantile(differences, 0.9) < 0.1


@pytest.mark.parametrize("bin_", [0, 24, 100, 167])
def test_a_tone_is_heard_in_its_bin(bin_):
    frontend = CQT()
    frequency_hz = 62.5 * 2 ** (bin_ / 24)
    tone = torch.sin(2 * torch.pi * frequency_hz * torch.arange(32_000, dtype=torch.float64) / 16_000).float()
    middle = frontend(tone[None])[0, :, 100]
    assert int(middle.argmax()) == bin_
    length = (2 ** (1 / 12) + 1) / (2 ** (1 / 12) - 1) * 16_000 / frequency_hz
    assert float(middle[bin_]) == pytest.approx(np.log(length / 4), abs=0.01)  # as the docstring says


def test_frames_are_centred():
    waveform = torch.zeros(1, 8000)
    waveform[0, 1600] = 1.0
    highest = CQT()(waveform)[0, -1]
    assert int(highest.argmax()) == 10


@pytest.mark.parametrize(("sample_rate_hz", "bins"), [(16_000, 168), (8000, 144)])
def test_as_many_bins_as_fit(sample_rate_hz, bins):
    assert CQT(sample_rate_hz).bins == bins
    with pytest.raises(ValueError, match=f"but {bins} bins from"):
        CQT(sample_rate_hz, n_bins=bins + 1)


@pytest.mark.parametrize("arguments", [{"hop_ms": 0.0}, {"floor": 0.0}, {"bins_per_octave": 0}, {"f_min_hz": -1.0}])
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="expected positive numbers"):
        CQT(**arguments)


def test_a_band_above_nyquist_is_refused():
    with pytest.raises(ValueError, match="expected 1 to that"):
        CQT(f_min_hz=8000.0)
