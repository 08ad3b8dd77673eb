"""Recorded noise at a signal-to-noise ratio: of an environment, or of a folder of recordings."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from datamodules.augmentation.augmentation import Audio, Augmentation, require_rising
from datamodules.augmentation.levels import mix, rms
from datamodules.digests import file_digests
from datamodules.noise import (
    NoiseFile,
    NoiseRecording,
    choose_environments,
    list_noise,
    open_environment,
    open_noise,
)


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
        environments: Environments to draw from, all by default.
        held_out: Environments not to draw from: those that the detector is to be tested in.
        sample_rate_hz: Sampling rate of waveforms; noise of other rates is resampled.
    """

    def __init__(
        self,
        root: str,
        snr_min_db: float = 5.0,
        snr_max_db: float = 20.0,
        probability: float = 0.5,
        environments: list[str] | None = None,
        held_out: list[str] | None = None,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        require_rising("snr_db", snr_min_db, snr_max_db)
        self.root = root
        self.snr_min_db = snr_min_db
        self.snr_max_db = snr_max_db
        self.environments = environments
        self.held_out = held_out
        self.sample_rate_hz = sample_rate_hz

    @cached_property
    def recordings(self) -> dict[str, NoiseRecording]:
        """The recording of each environment."""
        names = choose_environments(self.root, self.environments, self.held_out or ())
        return {name: open_environment(self.root, name, self.sample_rate_hz) for name in names}

    def prepare(self) -> None:
        """Open all recordings."""
        _ = self.recordings

    @property
    def recipe(self) -> dict[str, Any]:
        """The arguments, and the recordings by their content, wherever they lie."""
        files = {name: [file.path for file in found.channels] for name, found in self.recordings.items()}
        digests = {name: file_digests(paths) for name, paths in files.items()}
        return {**super().recipe, "root": None, "held_out": None, "environments": digests}

    def draw(self, rng: np.random.Generator, samples: int) -> NoiseStretch:
        """Draw an environment, a microphone, a beginning and a ratio."""
        environment = str(rng.choice(list(self.recordings)))
        recording = self.recordings[environment]
        return NoiseStretch(
            environment=environment,
            channel=int(rng.integers(len(recording.channels))),
            start=_draw_start(rng, recording.samples, samples),
            snr_db=float(rng.uniform(self.snr_min_db, self.snr_max_db)),
        )

    def apply(self, waveform: Audio, parameters: NoiseStretch) -> Audio:
        """Read the stretch and add it."""
        recording = self.recordings[parameters.environment]
        noise = recording.read(parameters.channel, parameters.start, len(waveform))
        return mix(waveform, noise, parameters.snr_db, self.sample_rate_hz)


@dataclass(frozen=True)
class NoiseSum:
    """Stretches (recording, first sample) that sound together, equally loud, at a signal-to-noise ratio."""

    stretches: tuple[tuple[int, int], ...]
    snr_db: float


class FolderNoise(Augmentation):
    """Random recordings of a folder, one or several at once, at a random signal-to-noise ratio.

    MUSAN's three folders are three of these: ``noise`` as it is, ``music`` at higher ratios, and ``speech`` with three
    to seven recordings at once, which is babble.

    Args:
        root: Folder of recordings, at any depth and rate.
        snr_min_db: Lowest ratio against the level of the active speech.
        snr_max_db: Highest ratio.
        probability: How likely a waveform gets noise.
        min_recordings: Fewest recordings that sound at once.
        max_recordings: Most.
        sample_rate_hz: Sampling rate of waveforms; noise of other rates is resampled.
    """

    def __init__(
        self,
        root: str,
        snr_min_db: float = 0.0,
        snr_max_db: float = 15.0,
        probability: float = 0.5,
        min_recordings: int = 1,
        max_recordings: int = 1,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        require_rising("snr_db", snr_min_db, snr_max_db)
        require_rising("recordings", min_recordings, max_recordings)
        if min_recordings < 1:
            raise ValueError(f"found min_recordings={min_recordings}, expected at least 1")
        self.root = root
        self.snr_min_db = snr_min_db
        self.snr_max_db = snr_max_db
        self.min_recordings = min_recordings
        self.max_recordings = max_recordings
        self.sample_rate_hz = sample_rate_hz

    @cached_property
    def recordings(self) -> list[NoiseFile]:
        """All recordings of the folder."""
        return [open_noise(path, self.sample_rate_hz) for path in list_noise(self.root)]

    def prepare(self) -> None:
        """Open all recordings."""
        _ = self.recordings

    @property
    def recipe(self) -> dict[str, Any]:
        """The arguments, and the recordings by their content, wherever they lie."""
        digests = file_digests([file.path for file in self.recordings])
        return {**super().recipe, "root": None, "recordings": digests}

    def draw(self, rng: np.random.Generator, samples: int) -> NoiseSum:
        """Draw how many recordings, which, their beginnings and a ratio."""
        count = int(rng.integers(self.min_recordings, self.max_recordings + 1))
        chosen = rng.choice(len(self.recordings), size=count, replace=count > len(self.recordings)).tolist()
        starts = [_draw_start(rng, self.recordings[number].samples, samples) for number in chosen]
        return NoiseSum(tuple(zip(chosen, starts, strict=True)), float(rng.uniform(self.snr_min_db, self.snr_max_db)))

    def apply(self, waveform: Audio, parameters: NoiseSum) -> Audio:
        """Read the stretches and add them."""
        total = np.zeros_like(waveform)
        for number, start in parameters.stretches:
            noise = self.recordings[number].read(start, len(waveform))
            total += noise / np.float32(rms(noise) or 1.0)
        return mix(waveform, total, parameters.snr_db, self.sample_rate_hz)


def _draw_start(rng: np.random.Generator, recorded: int, samples: int) -> int:
    """Where a stretch begins that fits into the recording, if any does; anywhere in one that is too short."""
    return int(rng.integers(recorded - samples + 1 if recorded >= samples else recorded))
