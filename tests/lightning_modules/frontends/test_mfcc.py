"""The mel cepstrum is librosa's."""

import librosa
import numpy as np
import pytest
import torch

from lightning_modules.frontends import MFCC, LogMel


@pytest.mark.parametrize("arguments", [{}, {"n_mfcc": 40, "n_mels": 64, "f_min_hz": 20.0, "f_max_hz": 7600.0}])
def test_mfcc_is_librosas(speech, arguments):
    frontend = MFCC(**arguments)
    margin = (frontend.n_fft - frontend.shortest_input_samples) // 2  # librosa centres a short window in the transform
    power = librosa.feature.melspectrogram(
        y=np.pad(speech, margin),
        sr=16_000,
        n_fft=frontend.n_fft,
        win_length=frontend.shortest_input_samples,
        hop_length=frontend.hop_samples,
        n_mels=frontend.n_mels,
        fmin=frontend.f_min_hz,
        fmax=frontend.f_max_hz,
        center=False,
    )
    decibels = librosa.power_to_db(power, amin=frontend.floor, top_db=None)
    expected = librosa.feature.mfcc(S=decibels, n_mfcc=frontend.n_mfcc)
    audible = (power > power.max(axis=0) * 1e-7).all(axis=0)

    features = frontend(torch.from_numpy(speech).float()[None])[0].numpy()

    assert features.shape == expected.shape == (frontend.bins, frontend.frames_of(speech.size))
    assert audible.mean() > 0.8
    np.testing.assert_allclose(features[:, audible], expected[:, audible], atol=5e-3)  # dB; of some -300 to 100


def test_all_coefficients_keep_the_spectrum(speech):
    waveform = torch.from_numpy(speech).float()[None]
    full = MFCC(n_mfcc=80)
    spectrum = full.dct.T / full.dct.square().sum(dim=1) @ full(waveform)
    torch.testing.assert_close(spectrum, LogMel()(waveform), atol=1e-4, rtol=1e-4)


def test_deltas_are_below_the_coefficients(speech):
    waveform = torch.from_numpy(speech).float()[None]
    features, plain = MFCC(delta_orders=1)(waveform), MFCC()(waveform)
    assert torch.equal(features[:, :20], plain)
    assert torch.equal(features[:, 20:, 1:-1], plain[..., 2:] - plain[..., :-2])
