"""Waveforms ``(batch, samples)`` in, spectra ``(batch, bins, frames)`` out, and back again without a loss."""

import torch
from torch import Tensor, nn

MIN_DURATION_S = 0.1
"""Less holds too few frames to tell noise from speech."""


class ShortTimeFourier(nn.Module):
    """The short-time Fourier transform and its inverse, both with the square root of a periodic Hann window.

    The two roots multiply to a Hann window, whose overlapping copies are divided out in the end: what is left unchanged
    in between comes back, at any length. Frame ``i`` is centred on sample ``i * hop_samples``, and the ends are
    mirrored: zeros there would be heard as a noise that starts and stops with the clip.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        window_ms: Length of a frame, at most the 100 ms of the shortest clip.
        hop_ms: Step from frame to frame, at most half a frame.

    Raises:
        ValueError: For a window longer than the shortest clip, or a hop that leaves gaps.
    """

    window: Tensor

    def __init__(self, sample_rate_hz: int = 16_000, window_ms: float = 32.0, hop_ms: float = 8.0) -> None:
        super().__init__()
        self.sample_rate_hz = sample_rate_hz
        self.window_ms = window_ms
        self.hop_ms = hop_ms

        self.min_samples = round(sample_rate_hz * MIN_DURATION_S)
        self.window_samples = 2 * round(sample_rate_hz * window_ms / 2000)  # even: half a window is a whole hop
        self.hop_samples = round(sample_rate_hz * hop_ms / 1000)
        if not 1 <= self.hop_samples <= self.window_samples / 2 <= self.min_samples / 2:
            raise ValueError(
                f"found hop_ms={hop_ms} and window_ms={window_ms}, which are {self.hop_samples} and "
                f"{self.window_samples} samples at {sample_rate_hz} Hz, expected a hop of one sample to half a window, "
                f"and a window of {1000 * MIN_DURATION_S:g} ms at most: shorten the one that is too long"
            )
        window = torch.hann_window(self.window_samples, dtype=torch.float64).sqrt().float()
        self.register_buffer("window", window, persistent=False)

    def frames_in(self, duration_s: float) -> int:
        """Round a duration to a number of frames, one at least."""
        return max(1, round(duration_s * self.sample_rate_hz / self.hop_samples))

    def analyse(self, waveform: Tensor) -> Tensor:
        """Turn waveforms into complex spectra.

        Args:
            waveform: ``(batch, samples)``.

        Returns:
            ``(batch, window_samples // 2 + 1, 1 + samples // hop_samples)``.

        Raises:
            ValueError: If the waveform is not a batch, or shorter than 0.1 s.
        """
        if len(waveform.shape[1:]) != 1 or waveform.shape[1] < self.min_samples:
            raise ValueError(
                f"found a waveform of shape {tuple(waveform.shape)}, expected (batch, samples) with {self.min_samples} "
                f"samples at least ({MIN_DURATION_S} s at {self.sample_rate_hz} Hz): add the batch axis with "
                "waveform[None], and tile a clip that is too short"
            )
        return torch.stft(
            waveform, self.window_samples, self.hop_samples, window=self.window, pad_mode="reflect", return_complex=True
        )

    def synthesise(self, spectrum: Tensor, samples: int) -> Tensor:
        """Turn what :meth:`analyse` returned for this number of samples back into ``(batch, samples)``."""
        return torch.istft(spectrum, self.window_samples, self.hop_samples, window=self.window, length=samples)


def power_of(spectrum: Tensor) -> Tensor:
    """Squared magnitude of a complex tensor; not by ``abs()``, whose square root costs time and precision."""
    return torch.view_as_real(spectrum).square().sum(dim=-1)
