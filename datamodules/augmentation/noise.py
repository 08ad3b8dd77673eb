"""Noise at a signal-to-noise ratio: white, or recorded in an environment."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from datamodules.augmentation.augmentation import Audio, Augmentation, draw_seed, require_rising
from datamodules.augmentation.levels import mix
from datamodules.digests import file_sha256
from datamodules.noise import list_environments, open_environment


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


@dataclass(frozen=True)
class NoiseStretch:
    """A stretch of a recorded environment at a signal-to-noise ratio."""

    environment: str
    channel: int
    start: int
    snr_db: float


class EnvironmentNoise(Augmentation):
    """A random stretch of a recorded environment at a random signal-to-noise ratio.

    Args:
        root: Folder in the layout of DEMAND; see :mod:`datamodules.noise`.
        snr_min_db: Lowest ratio against the level of the active speech.
        snr_max_db: Highest ratio.
        probability: How likely a waveform gets noise.
        environments: Environments to draw from, all by default. Train and evaluate on different ones.
        sample_rate_hz: Sampling rate of waveforms and noise.
    """

    def __init__(
        self,
        root: str,
        snr_min_db: float = 5.0,
        snr_max_db: float = 20.0,
        probability: float = 0.5,
        environments: list[str] | None = None,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        require_rising("snr_db", snr_min_db, snr_max_db)
        self.root = root
        self.snr_min_db = snr_min_db
        self.snr_max_db = snr_max_db
        self.environments = environments
        self.sample_rate_hz = sample_rate_hz
        names = list_environments(root) if environments is None else environments
        self.recordings = {name: open_environment(root, name, sample_rate_hz) for name in names}

    @property
    def recipe(self) -> dict[str, Any]:
        """The arguments, and the recordings by their content, wherever they lie."""
        channels = {name: recording.channels for name, recording in self.recordings.items()}
        digests = {name: [file_sha256(path) for path in paths] for name, paths in channels.items()}
        return {**super().recipe, "root": None, "environments": digests}

    def draw(self, rng: np.random.Generator, samples: int) -> NoiseStretch:
        """Draw an environment, a microphone, a beginning and a ratio."""
        environment = str(rng.choice(list(self.recordings)))
        recording = self.recordings[environment]
        return NoiseStretch(
            environment=environment,
            channel=int(rng.integers(len(recording.channels))),
            start=int(rng.integers(max(1, recording.samples - samples + 1))),
            snr_db=float(rng.uniform(self.snr_min_db, self.snr_max_db)),
        )

    def apply(self, waveform: Audio, parameters: NoiseStretch) -> Audio:
        """Read the stretch and add it."""
        recording = self.recordings[parameters.environment]
        noise = recording.read(parameters.channel, parameters.start, len(waveform))
        return mix(waveform, noise, parameters.snr_db, self.sample_rate_hz)
