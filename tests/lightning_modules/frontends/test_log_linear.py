"""The log-linear spectrogram is scipy's, and every bin to the Nyquist frequency is there."""

import numpy as np
import pytest
import scipy.signal
import torch

from lightning_modules.frontends import LogLinear


@pytest.mark.parametrize("arguments", [{}, {"n_fft": 1024, "window_ms": 50.0, "hop_ms": 12.5}])
def test_log_linear_is_scipys(speech, arguments):
    frontend = LogLinear(**arguments)
    window = scipy.signal.get_window("hann", frontend.window_samples)
    _, _, spectrum = scipy.signal.spectrogram(
        speech,
        window=window,
        noverlap=frontend.window_samples - frontend.hop_samples,
        nfft=frontend.n_fft,
        detrend=False,
        scaling="spectrum",
        mode="complex",
    )
    power = np.abs(spectrum * window.sum()) ** 2
    audible = power > power.max(axis=0) * 1e-7
    expected = np.log(np.maximum(power, frontend.floor))

    features = frontend(torch.from_numpy(speech).float()[None])[0].numpy()

    assert features.shape == expected.shape
    assert audible.mean() > 0.7
    np.testing.assert_allclose(features[audible], expected[audible], atol=1e-3)


def test_the_last_bin_is_nyquist():
    alternating = torch.tensor([1.0, -1.0]).repeat(4000)[None]
    features = LogLinear()(alternating)
    assert features.shape[1] == LogLinear().bins == 257
    assert torch.all(features.argmax(dim=1) == 256)
