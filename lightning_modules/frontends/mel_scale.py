"""Hertz in, mels out, and back; the filters that are equally spaced between."""

import numpy as np
from numpy.typing import NDArray

from lightning_modules.frontends.filterbank import band_top_hz, triangles

# Slaney's Auditory Toolbox (1998): linear to 1 kHz at 200/3 Hz a mel, then logarithmic, 27 mels for a factor of 6.4.
_LINEAR_HZ_PER_MEL = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def hz_to_mel(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hertz to Slaney mels."""
    above = _BREAK_MEL + np.log(np.maximum(frequency_hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(frequency_hz < _BREAK_HZ, frequency_hz / _LINEAR_HZ_PER_MEL, above)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney mels to hertz."""
    above = _BREAK_HZ * np.exp((np.maximum(mel, _BREAK_MEL) - _BREAK_MEL) * _LOG_STEP)
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ_PER_MEL, above)


def mel_filterbank(
    sample_rate_hz: int, n_fft: int, n_mels: int, f_min_hz: float = 0.0, f_max_hz: float | None = None
) -> NDArray[np.float64]:
    """Triangular filters, equally spaced on the Slaney mel scale, each with unit area over hertz.

    Args:
        sample_rate_hz: Sampling rate.
        n_fft: Length of the Fourier transform in samples.
        n_mels: Number of filters.
        f_min_hz: Lower edge of the lowest filter.
        f_max_hz: Upper edge of the highest filter; Nyquist when left out.

    Returns:
        Weights ``(n_mels, n_fft // 2 + 1)``.

    Raises:
        ValueError: If the band does not fit below Nyquist, or a filter would catch no bin of the transform.
    """
    top_hz = band_top_hz(sample_rate_hz, f_min_hz, f_max_hz)
    edges_mel = np.linspace(hz_to_mel(np.array(f_min_hz)), hz_to_mel(np.array(top_hz)), n_mels + 2)
    edges_hz = mel_to_hz(edges_mel)
    width_hz = (edges_hz[2:] - edges_hz[:-2])[:, None]
    return triangles(edges_hz, sample_rate_hz, n_fft) * 2 / width_hz
