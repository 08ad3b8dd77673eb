"""The band of a telephone line."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import cheby1, sosfiltfilt

from datamodules.augmentation.augmentation import Audio, Augmentation

FILTER_ORDER = 5
RIPPLE_DB = 0.25
"""Of one pass; forwards and backwards it is twice that, and so is the loss at the edges."""


@dataclass(frozen=True)
class Band:
    """What is let through."""

    low_hz: float
    high_hz: float


class TelephoneBand(Augmentation):
    """Leaves a band about that of a telephone line, 300 to 3400 Hz in ITU-T G.712, with random edges.

    The filter goes over the waveform forwards and backwards, which delays no frequency. Within the band it takes off
    0.5 dB at most, and a fifth outside of it over 20 dB.

    Args:
        low_min_hz: Lowest lower edge.
        low_max_hz: Highest lower edge.
        high_min_hz: Lowest upper edge.
        high_max_hz: Highest upper edge.
        probability: How likely a waveform is filtered.
        sample_rate_hz: Sampling rate of waveforms.
    """

    def __init__(
        self,
        low_min_hz: float = 200.0,
        low_max_hz: float = 400.0,
        high_min_hz: float = 3000.0,
        high_max_hz: float = 3600.0,
        probability: float = 0.5,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        if not 0 < low_min_hz <= low_max_hz < high_min_hz <= high_max_hz < sample_rate_hz / 2:
            raise ValueError(
                f"found edges from {low_min_hz} to {low_max_hz} and from {high_min_hz} to {high_max_hz} Hz, expected "
                f"them to rise between 0 and half of the {sample_rate_hz} Hz of waveforms"
            )
        self.low_min_hz = low_min_hz
        self.low_max_hz = low_max_hz
        self.high_min_hz = high_min_hz
        self.high_max_hz = high_max_hz
        self.sample_rate_hz = sample_rate_hz

    def draw(self, rng: np.random.Generator, samples: int) -> Band:  # noqa: ARG002
        """Draw both edges, evenly in hertz."""
        return Band(
            low_hz=float(rng.uniform(self.low_min_hz, self.low_max_hz)),
            high_hz=float(rng.uniform(self.high_min_hz, self.high_max_hz)),
        )

    def apply(self, waveform: Audio, parameters: Band) -> Audio:
        """Filter."""
        edges_hz = (parameters.low_hz, parameters.high_hz)
        sections = cheby1(FILTER_ORDER, RIPPLE_DB, edges_hz, btype="bandpass", fs=self.sample_rate_hz, output="sos")
        return np.clip(sosfiltfilt(sections, waveform), -1, 1).astype(np.float32)
