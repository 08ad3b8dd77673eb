"""Another tempo, and with it another pitch."""

from dataclasses import dataclass

import numpy as np
import soxr

from datamodules.augmentation.augmentation import Audio, Augmentation, require_rising

SLOWEST, FASTEST = 0.25, 4.0


@dataclass(frozen=True)
class Speed:
    """How many times as fast."""

    factor: float


class RandomSpeed(Augmentation):
    """Plays faster or slower, as a tape does (Ko et al. 2015); what is then too short is repeated, the rest cut."""

    def __init__(self, min_factor: float = 0.9, max_factor: float = 1.1, probability: float = 0.5) -> None:
        super().__init__(probability)
        require_rising("factor", min_factor, max_factor)
        if min_factor < SLOWEST or max_factor > FASTEST:
            raise ValueError(
                f"found factors from {min_factor} to {max_factor}, expected {SLOWEST} to {FASTEST}; 1 is as it is"
            )
        self.min_factor = min_factor
        self.max_factor = max_factor

    def draw(self, rng: np.random.Generator, samples: int) -> Speed:  # noqa: ARG002
        """Draw a factor, evenly."""
        return Speed(float(rng.uniform(self.min_factor, self.max_factor)))

    def apply(self, waveform: Audio, parameters: Speed) -> Audio:
        """Resample to another length under the same rate."""
        if not len(waveform):
            return waveform
        played: Audio = soxr.resample(waveform, parameters.factor, 1.0)
        return np.resize(played, len(waveform)).clip(-1.0, 1.0)
