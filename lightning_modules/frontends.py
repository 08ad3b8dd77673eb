"""Waveforms ``(batch, samples)`` in, features ``(batch, bins, frames)`` out."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

CLIPS_AT_A_TIME = 8  # larger batches fall out of the CPU's cache and halve the speed
FILTERS_AT_A_TIME = 20  # a filter hears few bins: a product with some filters takes only the bins that these hear


class Frontend(nn.Module, ABC):
    """What turns waveforms into features.

    Attributes:
        version: Raised by hand whenever the same arguments would give other numbers; part of every feature cache's key.
        sample_rate_hz: Sampling rate that the waveforms must have.
        bins: Size of the second axis of the features.
        hop_samples: Samples from one frame to the next.
        cacheable: The features of a waveform are worth keeping, and stay the same while a network learns from them.
    """

    version: ClassVar[int] = 1
    cacheable: bool = True
    sample_rate_hz: int
    bins: int
    hop_samples: int

    @abstractmethod
    def forward(self, waveform: Tensor) -> Tensor:
        """Turn a float tensor of shape ``(batch, samples)`` into one of shape ``(batch, bins, frames)``."""


class Waveform(Frontend):
    """The waveform itself as one bin, ``(batch, 1, samples)``: for networks that learn from raw audio."""

    bins = 1
    hop_samples = 1
    cacheable = False  # it is the waveform that is kept

    def __init__(self, sample_rate_hz: int = 16_000) -> None:
        super().__init__()
        self.sample_rate_hz = sample_rate_hz

    def forward(self, waveform: Tensor) -> Tensor:
        """Add the axis of bins."""
        _require_batch(waveform)
        return waveform.unsqueeze(1)


class LogMel(Frontend):
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
    window: Tensor
    filters: Tensor

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
        super().__init__()
        self.sample_rate_hz = sample_rate_hz
        self.n_mels = n_mels
        self.n_fft = n_fft
        self.window_ms = window_ms
        self.hop_ms = hop_ms
        self.f_min_hz = f_min_hz
        self.f_max_hz = f_max_hz
        self.floor = floor

        self.bins = n_mels
        self.window_samples = round(sample_rate_hz * window_ms / 1000)
        self.hop_samples = round(sample_rate_hz * hop_ms / 1000)
        if not 0 < self.window_samples <= n_fft:
            raise ValueError(
                f"the window of {window_ms} ms is {self.window_samples} samples at {sample_rate_hz} Hz, expected 1 to "
                f"n_fft={n_fft}: shorten window_ms or raise n_fft"
            )
        if self.hop_samples < 1 or floor <= 0:
            raise ValueError(f"hop_ms={hop_ms} and floor={floor} must be positive, and a hop one sample at least")
        self.padding = n_fft - self.window_samples
        # In single precision the window alone would be off by 2e-7, which is heard 70 dB below a loud tone.
        hann = torch.hann_window(self.window_samples, dtype=torch.float64).float()
        filters = mel_filterbank(sample_rate_hz, n_fft, n_mels, f_min_hz, f_max_hz).astype(np.float32)
        self._heard = [_span(filters[low : low + FILTERS_AT_A_TIME]) for low in range(0, n_mels, FILTERS_AT_A_TIME)]
        # Derived from the arguments, hence not part of the state dict: a checkpoint holds only what was learnt. Each
        # weight stands twice, for the squares of the real and the imaginary part: the product adds the two.
        self.register_buffer("window", functional.pad(hann, (0, self.padding)), persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters.T.repeat(2, axis=0)), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Return log-mel powers.

        Args:
            waveform: ``(batch, samples)``.

        Returns:
            ``(batch, n_mels, frames)``.

        Raises:
            ValueError: If the waveform is shorter than one window, or not a batch.
        """
        _require_batch(waveform)
        if waveform.shape[1] < self.window_samples:
            raise ValueError(
                f"the waveform has {waveform.shape[1]} samples, expected at least one window of {self.window_samples} "
                f"({self.window_ms} ms at {self.sample_rate_hz} Hz): tile or pad it first"
            )
        if waveform.shape[0] <= CLIPS_AT_A_TIME or waveform.is_cuda or torch.jit.is_tracing():
            return self._log_mel(waveform)
        return torch.cat([self._log_mel(clips) for clips in waveform.split(CLIPS_AT_A_TIME)])

    def _log_mel(self, waveform: Tensor) -> Tensor:
        padded = functional.pad(waveform, (0, self.padding))
        spectrum = torch.fft.rfft(padded.unfold(-1, self.n_fft, self.hop_samples) * self.window)
        squares = torch.view_as_real(spectrum).square().flatten(-2)
        weights = self.filters.split(FILTERS_AT_A_TIME, dim=1)
        power = [squares[..., heard] @ some[heard] for heard, some in zip(self._heard, weights, strict=True)]
        return torch.cat(power, dim=-1).clamp_min(self.floor).log().transpose(1, 2)


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
    top_hz = sample_rate_hz / 2 if f_max_hz is None else f_max_hz
    if not 0 <= f_min_hz < top_hz <= sample_rate_hz / 2:
        raise ValueError(
            f"the band {f_min_hz} to {top_hz} Hz must rise and lie within 0 to {sample_rate_hz / 2} Hz, the Nyquist "
            f"frequency of {sample_rate_hz} Hz"
        )
    edges_mel = np.linspace(hz_to_mel(np.array(f_min_hz)), hz_to_mel(np.array(top_hz)), n_mels + 2)
    edges_hz = mel_to_hz(edges_mel)
    bins_hz = np.fft.rfftfreq(n_fft, 1 / sample_rate_hz)
    lower, centre, upper = (edges_hz[i : i + n_mels, None] for i in range(3))
    rising = (bins_hz - lower) / (centre - lower)
    falling = (upper - bins_hz) / (upper - centre)
    filters: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling)) * 2 / (upper - lower)
    empty = int((filters.max(axis=1) == 0).sum())
    if empty:
        raise ValueError(
            f"{empty} of {n_mels} mel filters catch no bin of a {n_fft}-point transform: raise n_fft or lower n_mels"
        )
    return filters


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


def _span(filters: NDArray[np.float32]) -> slice:
    """Where some filters ``(filters, bins)`` hear anything, in real and imaginary parts."""
    bins = np.flatnonzero(filters.any(axis=0))
    return slice(2 * int(bins[0]), 2 * int(bins[-1]) + 2)


def _require_batch(waveform: Tensor) -> None:
    if len(waveform.shape[1:]) != 1:
        raise ValueError(
            f"found a waveform of shape {tuple(waveform.shape)}, expected (batch, samples): "
            "mix the channels down and add the batch axis with waveform[None]"
        )
