"""Waveforms ``(batch, samples)`` in, logarithmic constant-Q spectrograms ``(batch, bins, frames)`` out."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lightning_modules.frontends.frontend import Frontend

_HANN_BANDWIDTH = 1.5  # equivalent noise bandwidth of a Hann window, in bins


class CQT(Frontend):
    """Natural logarithm of the constant-Q power: bins equally spaced in octaves, each as wide as its frequency is high.

    Every bin is the product of the waveform with a windowed complex tone of ``Q`` periods (Brown 1991, "Calculation of
    a constant Q spectral transform"), in the time domain: nothing is resampled or left out, as the faster ways do. The
    products of one octave are one convolution over blocks of a hop, which any export can write.

    Frame ``i`` is centred on sample ``i * hop_samples`` and there are ``1 + samples // hop_samples``, as in librosa.
    Low tones are long, 0.55 s for 24 bins an octave at 62.5 Hz, so both ends are padded with silence: any waveform of
    a hop or more gives frames, whose lowest bins hear what there is.

    The numbers are those of the same sums in float64 to 1e-3, for powers within 70 dB of the frame's loudest, with the
    tones, lengths and scale of ``librosa.cqt``. That function itself is less exact, as it resamples for each octave.
    For speech, 24 bins an octave and octaves that end well below Nyquist, it is within 0.1 (0.4 dB) for nine in ten of
    the cells within 60 dB of the loudest; where octaves end near Nyquist, as by default here, its two highest bins of
    most octaves are some 3 and 8 dB off. On CUDA, convolutions round to TF32, a thousandth of the loudest, unless
    ``torch.backends.cudnn.allow_tf32`` is off.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        bins_per_octave: Bins for each doubling of the frequency. ``Q`` is a bin's frequency over half the distance
            between its neighbours: 34.6 for 24.
        n_bins: Number of bins, the ``bins`` of the output; left out, as many as fit below the Nyquist frequency.
        f_min_hz: Frequency of the lowest bin; the cost is inversely proportional to it.
        hop_ms: Step from frame to frame.
        floor: Powers below it are raised to it before the logarithm. A full-scale tone has about a quarter of its
            window's length in samples, 17 at 7.8 kHz and 2,200 at 62.5 Hz.

    Raises:
        ValueError: For a band or bins that do not fit below Nyquist, or a hop, floor or number that is not positive.
    """

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        bins_per_octave: int = 24,
        n_bins: int | None = None,
        f_min_hz: float = 62.5,
        hop_ms: float = 10.0,
        floor: float = 1e-10,
    ) -> None:
        super().__init__()
        self.sample_rate_hz = sample_rate_hz
        self.bins_per_octave = bins_per_octave
        self.n_bins = n_bins
        self.f_min_hz = f_min_hz
        self.hop_ms = hop_ms
        self.floor = floor

        self.hop_samples = self.shortest_input_samples = round(sample_rate_hz * hop_ms / 1000)
        if self.hop_samples < 1 or floor <= 0 or bins_per_octave < 1 or f_min_hz <= 0:
            raise ValueError(
                f"found hop_ms={hop_ms}, floor={floor}, bins_per_octave={bins_per_octave} and f_min_hz={f_min_hz}, "
                "expected positive numbers, and a hop of one sample at least"
            )
        fitting = _fitting_bins(sample_rate_hz, bins_per_octave, f_min_hz)
        self.bins = fitting if n_bins is None else n_bins
        if not 1 <= self.bins <= fitting:
            raise ValueError(
                f"found n_bins={n_bins}, but {fitting} bins from f_min_hz={f_min_hz} fit below the Nyquist frequency "
                f"of {sample_rate_hz / 2:g} Hz at {bins_per_octave} an octave: expected 1 to that, or None"
            )
        quality = quality_factor(bins_per_octave)
        frequencies_hz = [f_min_hz * 2 ** (k / bins_per_octave) for k in range(self.bins)]
        tones = [tone(frequency, quality, sample_rate_hz) for frequency in frequencies_hz]
        octaves = [tones[low : low + bins_per_octave] for low in range(0, self.bins, bins_per_octave)]
        for number, octave in enumerate(octaves):
            self.register_buffer(f"octave_{number}", _in_blocks(octave, self.hop_samples), persistent=False)

    @property
    def octaves(self) -> list[Tensor]:
        """Kernels of each octave from the lowest, ``(2 * bins, hop_samples, blocks)``: real parts, then imaginary."""
        return [self.get_buffer(f"octave_{number}") for number in range(math.ceil(self.bins / self.bins_per_octave))]

    @property
    def first_centre_samples(self) -> float:
        """The first frame is centred on the first sample."""
        return 0.0

    def bin_edges_hz(self) -> NDArray[np.float64]:
        """Return edges half-way, in octaves, between neighbouring bins, none above the Nyquist frequency."""
        edges_hz = self.f_min_hz * 2 ** ((np.arange(self.bins + 1) - 0.5) / self.bins_per_octave)
        return np.minimum(edges_hz, self.sample_rate_hz / 2)

    def frames_of(self, samples: int) -> int:
        """Tell how many frames a waveform of so many samples gives: one at its start, and one after every hop."""
        self._require_samples(samples)
        return 1 + samples // self.hop_samples

    def forward(self, waveform: Tensor) -> Tensor:
        """Return log powers ``(batch, bins, frames)``.

        Raises:
            ValueError: If the waveform is shorter than a hop, or not a batch.
        """
        self._require_batch(waveform)
        octaves, hop = self.octaves, self.hop_samples
        half = octaves[0].shape[2] // 2  # blocks on either side of a frame's centre, for the longest tones
        padded = functional.pad(waveform, (half * hop, half * hop + 1))
        # Taken with one sample too many: exactly one hop long, they lie contiguous for some lengths and for others
        # not, and an export for any length would have to know.
        blocks = padded.unfold(-1, hop + 1, hop).transpose(1, 2)[:, :hop].contiguous()
        power = []
        for kernels in octaves:
            unused = half - kernels.shape[2] // 2
            real, imaginary = functional.conv1d(blocks[..., unused : blocks.shape[2] - unused], kernels).chunk(2, dim=1)
            power.append(real.square() + imaginary.square())
        return torch.cat(power, dim=1).clamp_min(self.floor).log()


def quality_factor(bins_per_octave: int) -> float:
    """Periods in a bin's window: its frequency over half the distance between its two neighbours, as in librosa."""
    ratio: float = 2 ** (2 / bins_per_octave)
    return (ratio + 1) / (ratio - 1)


def tone(frequency_hz: float, quality: float, sample_rate_hz: int) -> Tensor:
    """One bin's kernel: a complex tone of ``quality`` periods under a periodic Hann window.

    The window sums to the square root of the length, so that white noise has the same power in all bins.

    Returns:
        complex128 ``(samples,)``, whose value number ``ceil(samples / 2)`` meets the sample that a frame is centred on.
    """
    length = quality * sample_rate_hz / frequency_hz
    before, after = math.ceil(length / 2), math.floor(length / 2)
    window = torch.hann_window(before + after, dtype=torch.float64)
    phase = torch.arange(-before, after, dtype=torch.float64) * (-2 * math.pi * frequency_hz / sample_rate_hz)
    return torch.polar(window * (math.sqrt(length) / window.sum()), phase)


def _fitting_bins(sample_rate_hz: int, bins_per_octave: int, f_min_hz: float) -> int:
    """Bins whose windows' main lobes, by their noise bandwidth, end below the Nyquist frequency."""
    top_hz = sample_rate_hz / 2 / (1 + _HANN_BANDWIDTH / 2 / quality_factor(bins_per_octave))
    return max(0, 1 + math.floor(bins_per_octave * math.log2(top_hz / f_min_hz)))


def _in_blocks(tones: list[Tensor], hop_samples: int) -> Tensor:
    """Kernels of a convolution over blocks, as many on either side of the centre as the longest tone reaches."""
    half = math.ceil(math.ceil(max(len(kernel) for kernel in tones) / 2) / hop_samples) * hop_samples
    befores = [half - math.ceil(len(kernel) / 2) for kernel in tones]
    padded = torch.stack(
        [
            functional.pad(kernel, (before, 2 * half - before - len(kernel)))
            for kernel, before in zip(tones, befores, strict=True)
        ]
    )
    parts = torch.cat((padded.real, padded.imag)).float()
    return parts.unflatten(1, (-1, hop_samples)).transpose(1, 2).contiguous()
