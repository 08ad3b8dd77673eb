"""Waveforms ``(batch, samples)`` in, logarithmic mel spectrograms ``(batch, n_mels, frames)`` out."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.frontends.filterbank import Filterbank, band_top_hz
from lightning_modules.frontends.mel_scale import hz_to_mel, mel_filterbank, mel_to_hz
from lightning_modules.frontends.short_time import ShortTimeFrontend


class LogMel(ShortTimeFrontend):
    """Natural logarithm of the mel power spectrogram, with the Slaney scale and area-normalised triangles.

    Frames lie wholly inside the waveform: there is no padding, so ``frames = 1 + (samples - window) // hop`` and frame
    ``i`` starts at ``i * hop_ms``. Windows are periodic Hann. The numbers are those of
    ``log(max(floor, librosa.feature.melspectrogram(..., center=False)))`` to 2e-4, for powers within 70 dB of the
    frame's loudest; below that float32 itself rounds. The whole band to the Nyquist frequency is kept by default,
    because vocoders leave their traces at the top of it.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        n_mels: Number of mel filters, the ``bins`` of the output.
        n_fft: Length of the Fourier transform, in samples; the window is zero-padded to it.
        window_ms: Length of a frame.
        hop_ms: Step from frame to frame.
        f_min_hz: Lower edge of the lowest filter.
        f_max_hz: Upper edge of the highest filter; the Nyquist frequency when left out.
        floor: Powers below it are raised to it before the logarithm; 1e-10 is -100 dB of a full-scale square.

    Raises:
        ValueError: For a window longer than the transform, a band outside 0 Hz to Nyquist, or more filters than the
            transform can resolve.
    """

    version = 2

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        n_mels: int = 80,
        n_fft: int = 512,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        f_min_hz: float = 0.0,
        f_max_hz: float | None = None,
        floor: float = 1e-10,
    ) -> None:
        super().__init__(sample_rate_hz, n_fft, window_ms, hop_ms, floor)
        self.n_mels = n_mels
        self.f_min_hz = f_min_hz
        self.f_max_hz = f_max_hz
        self.bins = n_mels
        self.filters = Filterbank(mel_filterbank(sample_rate_hz, n_fft, n_mels, f_min_hz, f_max_hz))

    def features(self, squares: Tensor) -> Tensor:
        """Return log-mel powers ``(batch, n_mels, frames)``."""
        power: Tensor = self.filters(squares)
        return power.clamp_min(self.floor).log().transpose(1, 2)

    def bin_edges_hz(self) -> NDArray[np.float64]:
        """Return edges half-way, in mels, between the centres of neighbouring filters."""
        top_hz = band_top_hz(self.sample_rate_hz, self.f_min_hz, self.f_max_hz)
        low, high = hz_to_mel(np.array([self.f_min_hz, top_hz]))
        step = (high - low) / (self.n_mels + 1)
        return mel_to_hz(low + step * (np.arange(self.n_mels + 1) + 0.5))
