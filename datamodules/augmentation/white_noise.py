"""White noise at a signal-to-noise ratio."""

from dataclasses import dataclass

import numpy as np

from datamodules.augmentation.augmentation import Audio, Augmentation, draw_seed, require_rising
from datamodules.augmentation.levels import mix


@dataclass(frozen=True)
class WhiteNoise:
    """White noise of a signal-to-noise ratio, drawn again from its seed whenever applied."""

    snr_db: float
    seed: int


class AdditiveWhiteGaussianNoise(Augmentation):
    """White noise at a random signal-to-noise ratio against the level of the active speech."""

    def __init__(
        self,
        snr_min_db: float = 10.0,
        snr_max_db: float = 40.0,
        probability: float = 0.5,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        require_rising("snr_db", snr_min_db, snr_max_db)
        self.snr_min_db = snr_min_db
        self.snr_max_db = snr_max_db
        self.sample_rate_hz = sample_rate_hz

    def draw(self, rng: np.random.Generator, samples: int) -> WhiteNoise:  # noqa: ARG002
        """Draw a ratio, evenly in decibels, and a seed."""
        return WhiteNoise(float(rng.uniform(self.snr_min_db, self.snr_max_db)), draw_seed(rng))

    def apply(self, waveform: Audio, parameters: WhiteNoise) -> Audio:
        """Add the noise."""
        noise = np.random.default_rng(parameters.seed).standard_normal(len(waveform), dtype=np.float32)
        return mix(waveform, noise, parameters.snr_db, self.sample_rate_hz)
