"""Another level."""

from dataclasses import dataclass

import numpy as np

from datamodules.augmentation.augmentation import Audio, Augmentation, require_rising
from datamodules.augmentation.levels import within_full_scale


@dataclass(frozen=True)
class Gain:
    """A change of level."""

    gain_db: float


class RandomGain(Augmentation):
    """Another level, so that loudness does not give the label away; never past full scale."""

    def __init__(self, min_gain_db: float = -12.0, max_gain_db: float = 6.0, probability: float = 0.5) -> None:
        super().__init__(probability)
        require_rising("gain_db", min_gain_db, max_gain_db)
        self.min_gain_db = min_gain_db
        self.max_gain_db = max_gain_db

    def draw(self, rng: np.random.Generator, samples: int) -> Gain:  # noqa: ARG002
        """Draw a gain, evenly in decibels."""
        return Gain(float(rng.uniform(self.min_gain_db, self.max_gain_db)))

    def apply(self, waveform: Audio, parameters: Gain) -> Audio:
        """Scale the waveform."""
        return within_full_scale(waveform * np.float32(10 ** (parameters.gain_db / 20)))
