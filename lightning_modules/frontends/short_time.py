"""Waveforms ``(batch, samples)`` in, squares of the short-time Fourier transform out, for the features made of them."""

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from lightning_modules.frontends.frontend import Frontend

CLIPS_AT_A_TIME = 8  # larger batches fall out of the CPU's cache and halve the speed


class ShortTimeFrontend(Frontend):
    """Frames, windows and transforms a waveform; a subclass makes its features of the squares.

    Frames lie wholly inside the waveform: there is no padding, so ``frames = 1 + (samples - window) // hop``, frame
    ``i`` starts at ``i * hop_ms``, and what is left at the end is not heard. A window shorter than the transform is
    zero-padded at its end, which changes no power.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        n_fft: Length of the Fourier transform, in samples.
        window_ms: Length of a frame.
        hop_ms: Step from frame to frame.
        floor: What the subclass keeps its logarithms finite with, as a power.
        taper: ``torch.hann_window`` or another of its kind.
        periodic: Whether the taper is a period of a cosine, as for spectra, or symmetric, as MATLAB's default.

    Attributes:
        transform: Computes :meth:`squares` in another way, with the same sums over the parts; none in PyTorch, whose
            Fourier transform is the fastest.

    Raises:
        ValueError: For a window longer than the transform, or a hop or floor that is not positive.
    """

    window: Tensor
    transform: nn.Module | None

    def __init__(
        self,
        sample_rate_hz: int,
        n_fft: int,
        window_ms: float,
        hop_ms: float,
        floor: float,
        taper: Callable[..., Tensor] = torch.hann_window,
        periodic: bool = True,
    ) -> None:
        super().__init__()
        self.sample_rate_hz = sample_rate_hz
        self.n_fft = n_fft
        self.window_ms = window_ms
        self.hop_ms = hop_ms
        self.floor = floor

        self.window_samples = self.shortest_input_samples = round(sample_rate_hz * window_ms / 1000)
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
        window = taper(self.window_samples, periodic=periodic, dtype=torch.float64).float()
        self.register_buffer("window", functional.pad(window, (0, self.padding)), persistent=False)
        self.transform = None

    def forward(self, waveform: Tensor) -> Tensor:
        """Return the features.

        Args:
            waveform: ``(batch, samples)``.

        Returns:
            ``(batch, bins, frames)``.

        Raises:
            ValueError: If the waveform is shorter than one window, or not a batch.
        """
        self._require_batch(waveform)
        # A graph that is recorded must hold for batches of any size.
        recorded = torch.jit.is_tracing() or torch.compiler.is_compiling()
        if recorded or waveform.is_cuda or waveform.shape[0] <= CLIPS_AT_A_TIME:
            return self.features(self.squares(waveform))
        return torch.cat([self.features(self.squares(clips)) for clips in waveform.split(CLIPS_AT_A_TIME)])

    @abstractmethod
    def features(self, squares: Tensor) -> Tensor:
        """Turn what :meth:`squares` returned into features ``(batch, bins, frames)``."""

    def squares(self, waveform: Tensor) -> Tensor:
        """Square the real and the imaginary part of the short-time Fourier transform, each by itself.

        Returns:
            ``(batch, frames, n_fft // 2 + 1, 2)``: the real and the imaginary part of each bin. A product with weights
            that stand twice adds the two on its way, and needs no power spectrum of its own. From :attr:`transform`
            also ``(…, 1)``, the power.
        """
        if self.transform is not None:
            squares: Tensor = self.transform(waveform)
            return squares
        padded = functional.pad(waveform, (0, self.padding))
        spectrum = torch.fft.rfft(padded.unfold(-1, self.n_fft, self.hop_samples) * self.window)
        return torch.view_as_real(spectrum).square()
