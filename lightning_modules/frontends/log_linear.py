"""Waveforms ``(batch, samples)`` in, logarithmic power spectrograms ``(batch, n_fft // 2 + 1, frames)`` out."""

from functools import reduce

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.frontends.short_time import ShortTimeFrontend


class LogLinear(ShortTimeFrontend):
    """Natural logarithm of the power spectrogram, every bin from 0 Hz to the Nyquist frequency.

    Nothing is averaged: a linear scale keeps the top of the band, where vocoders leave their traces, as finely as its
    bottom (Müller et al. 2022, "Does Audio Deepfake Detection Generalize?", found it ahead of mel on average). Frames
    lie wholly inside the waveform, as in :class:`LogMel`, under periodic Hann windows. The numbers are those of
    ``log(max(floor, |librosa.stft(..., center=False)|²))`` to 1e-3, for powers within 70 dB of the frame's loudest.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        n_fft: Length of the Fourier transform, in samples; its ``n_fft // 2 + 1`` bins are those of the output.
        window_ms: Length of a frame, zero-padded to the transform.
        hop_ms: Step from frame to frame.
        floor: Powers below it are raised to it before the logarithm.

    Raises:
        ValueError: For a window longer than the transform, or a hop or floor that is not positive.
    """

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        n_fft: int = 512,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        floor: float = 1e-10,
    ) -> None:
        super().__init__(sample_rate_hz, n_fft, window_ms, hop_ms, floor)
        self.bins = n_fft // 2 + 1

    def features(self, squares: Tensor) -> Tensor:
        """Return log powers ``(batch, n_fft // 2 + 1, frames)``."""
        power = reduce(torch.add, squares.unbind(dim=-1))
        return power.clamp_min(self.floor).log().transpose(1, 2)

    def bin_edges_hz(self) -> NDArray[np.float64]:
        """Return edges half a bin from each bin's frequency, none below 0 Hz or above the Nyquist frequency."""
        edges_hz = (np.arange(self.bins + 1) - 0.5) * self.sample_rate_hz / self.n_fft
        return np.clip(edges_hz, 0.0, self.sample_rate_hz / 2)
