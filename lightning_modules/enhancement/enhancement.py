"""Noisy waveforms ``(batch, samples)`` in, waveforms of the same shape with less noise out: what all methods share."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from torch import Tensor, nn

from lightning_modules.enhancement.noise_tracking import LeadingFrames, MinimumStatistics, NoiseTracker
from lightning_modules.enhancement.short_time_fourier import ShortTimeFourier, power_of

Noise = Literal["minimum-statistics", "leading-frames"]

SILENCE = 1e-12
"""Power of a cell that counts as none, and can be divided by; the rounding to 16 bits makes 1e-8."""


class Enhancement(nn.Module, ABC):
    """A gain in every cell of time and frequency, told from the noisy power and the noise's.

    Nothing is learnt, and no gain depends on the level of the clip. Gradients reach the waveform.

    Args:
        sample_rate_hz: Sampling rate of the waveforms.
        noise: How the noise is told from the speech: by the minimum of the smoothed power, which follows a noise that
            changes slowly, or by the first frames, which must then hold no speech: a clip cut out at random might.
        minimum_s: Length that the minimum is taken over; used by ``minimum-statistics`` alone.
        leading_s: Length of the beginning that is noise; used by ``leading-frames`` alone.
        floor_db: Lowest gain, at most 0 dB: noise that is left hides the warbling of cells that open and close.
        window_ms: Length of a frame.
        hop_ms: Step from frame to frame.

    Attributes:
        version: Raised by hand whenever the same arguments would give other numbers; part of every feature cache's key.

    Raises:
        ValueError: For an unknown way of tracking, a length or a floor out of range.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        sample_rate_hz: int = 16_000,
        noise: Noise = "minimum-statistics",
        minimum_s: float = 1.5,
        leading_s: float = 0.2,
        floor_db: float = -20.0,
        window_ms: float = 32.0,
        hop_ms: float = 8.0,
    ) -> None:
        super().__init__()
        if floor_db > 0 or min(minimum_s, leading_s) <= 0:
            raise ValueError(
                f"found floor_db={floor_db}, minimum_s={minimum_s} and leading_s={leading_s}, expected a floor of at "
                "most 0 dB, and lengths above 0 s"
            )
        self.sample_rate_hz = sample_rate_hz
        self.noise = noise
        self.minimum_s = minimum_s
        self.leading_s = leading_s
        self.floor_db = floor_db
        self.window_ms = window_ms
        self.hop_ms = hop_ms

        self.floor = 10 ** (floor_db / 20)
        self.transform = ShortTimeFourier(sample_rate_hz, window_ms, hop_ms)
        self.tracker = self._make_tracker()

    @abstractmethod
    def gain(self, power: Tensor, noise: Tensor) -> Tensor:
        """Choose the gain of each cell, before it is kept from the floor to 1.

        Args:
            power: Of the noisy speech, ``(batch, bins, frames)``; above zero.
            noise: Of the noise in it, ``(batch, bins, frames or 1)``; above zero.

        Returns:
            ``(batch, bins, frames)``.
        """

    def forward(self, waveform: Tensor) -> Tensor:
        """Enhance ``(batch, samples)``.

        Raises:
            ValueError: If the waveform is not a batch, or shorter than 0.1 s.
        """
        spectrum = self.transform.analyse(waveform)
        power = power_of(spectrum)
        gain = self.gain(power.clamp_min(SILENCE), self.tracker(power).clamp_min(SILENCE))
        return self.transform.synthesise(spectrum * gain.clamp(self.floor, 1.0), waveform.shape[-1])

    def _make_tracker(self) -> NoiseTracker:
        match self.noise:
            case "minimum-statistics":
                return MinimumStatistics(self.transform, self.minimum_s)
            case "leading-frames":
                return LeadingFrames(self.transform, self.leading_s)
        raise ValueError(f"found noise={self.noise!r}, expected 'minimum-statistics' or 'leading-frames'")
