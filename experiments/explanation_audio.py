"""An explanation in, its audio with the deciding regions boosted, and with them removed, out."""

from collections.abc import Sequence
from typing import Final

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from experiments.explanation_words import deciding
from lightning_modules.explanations import Explanation
from lightning_modules.explanations.regions import Region

BOOST_DB: Final = 12.0
_N_FFT, _HOP = 512, 128
_SMOOTH: Final = (1.0, 1.5)
"""Bins of 31 Hz and frames of 8 ms at 16 kHz: a gain that jumps would be heard itself."""
_CEILING: Final = 0.98


def boosted(explanation: Explanation) -> NDArray[np.float32]:
    """Return the waveform ``(samples,)`` with the deciding regions 12 dB louder, all of it quieter if it would clip."""
    return _with_gain(explanation, 10 ** (BOOST_DB / 20))


def removed(explanation: Explanation) -> NDArray[np.float32]:
    """Return the waveform ``(samples,)`` with silence in place of the deciding regions."""
    return _with_gain(explanation, 0.0)


def gains(shape: tuple[int, int], regions: Sequence[Region], gain: float, rate_hz: int) -> NDArray[np.float64]:
    """Return what each cell ``(bins, frames)`` of the transform is multiplied by: 1 outside the regions."""
    bins_hz = np.arange(shape[0])[:, None] * rate_hz / _N_FFT
    frames_s = np.arange(shape[1]) * _HOP / rate_hz
    inside = np.zeros(shape, bool)
    for region in regions:
        inside |= (
            (bins_hz >= region.low_hz)
            & (bins_hz <= region.high_hz)
            & (frames_s >= region.start_s)
            & (frames_s <= region.end_s)
        )
    smooth: NDArray[np.float64] = gaussian_filter(np.where(inside, gain, 1.0), _SMOOTH, mode="nearest")
    return smooth


def _with_gain(explanation: Explanation, gain: float) -> NDArray[np.float32]:
    waveform = explanation.waveform
    spectrum = librosa.stft(waveform, n_fft=_N_FFT, hop_length=_HOP)
    weighed = spectrum * gains(spectrum.shape, deciding(explanation), gain, explanation.sample_rate_hz)
    heard = librosa.istft(weighed, n_fft=_N_FFT, hop_length=_HOP, length=len(waveform)).astype(np.float32)
    loudest = float(np.abs(heard).max())
    quieter: NDArray[np.float32] = heard * np.float32(min(1.0, _CEILING / max(loudest, 1e-9)))
    return quieter
