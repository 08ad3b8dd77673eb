"""A clean waveform ``(samples,)`` and a random generator in, an altered waveform of the same length out.

Every augmentation draws its parameters apart from applying them, so that a draw can be recorded, repeated and tested.
audiomentations has many more transforms, but draws them from the global ``random`` and ``numpy.random``: what a clip
gets then depends on the process it is loaded in and on all that was drawn before, and no seed of its own brings it
back. Here the generator is an argument.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from datamodules.digests import file_sha256
from datamodules.noise import list_environments, open_environment

Audio = NDArray[np.float32]
Parameters = TypeVar("Parameters")

ACTIVITY_FRAME_S = 0.02
ACTIVITY_RANGE_DB = 30.0


class Augmentation(ABC, Generic[Parameters]):
    """What alters a waveform at random.

    Args:
        probability: How likely a waveform is altered at all, from 0 to 1.

    Attributes:
        version: Raised by hand whenever the same draw would give another waveform; part of a cached view's recipe.
    """

    version: ClassVar[int] = 1

    def __init__(self, probability: float) -> None:
        if not 0 <= probability <= 1:
            raise ValueError(f"found probability={probability}, expected 0 to 1")
        self.probability = probability

    @abstractmethod
    def draw(self, rng: np.random.Generator, samples: int) -> Parameters:
        """Draw the parameters for a waveform of this length: a frozen dataclass of plain values."""

    @abstractmethod
    def apply(self, waveform: Audio, parameters: Parameters) -> Audio:
        """Alter a waveform ``(samples,)``; the same parameters always give the same result."""

    @property
    def recipe(self) -> dict[str, Any]:
        """Plain values that fix what a generator makes of a waveform: the class and its arguments."""
        cls = type(self)
        names = [name for name in inspect.signature(cls.__init__).parameters if name != "self"]
        return {
            "class_path": f"{cls.__module__}.{cls.__qualname__}",
            "version": self.version,
            **{name: getattr(self, name) for name in names},
        }

    def __call__(self, waveform: Audio, rng: np.random.Generator) -> Audio:
        """Alter a waveform ``(samples,)``, or return it as it is, as the generator has it."""
        if rng.random() >= self.probability:
            return waveform
        return self.apply(waveform, self.draw(rng, len(waveform)))


class Compose(Augmentation[int]):
    """One augmentation after another, each by its own probability.

    What it draws is the seed of the generator that the others draw from.
    """

    def __init__(self, augmentations: Sequence[Augmentation[Any]], probability: float = 1.0) -> None:
        super().__init__(probability)
        self.augmentations = list(augmentations)

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipes of all, in their order."""
        return {**super().recipe, "augmentations": [augmentation.recipe for augmentation in self.augmentations]}

    def draw(self, rng: np.random.Generator, samples: int) -> int:  # noqa: ARG002
        """Draw a seed."""
        return _draw_seed(rng)

    def apply(self, waveform: Audio, parameters: int) -> Audio:
        """Apply all augmentations in their order."""
        rng = np.random.default_rng(parameters)
        for augmentation in self.augmentations:
            waveform = augmentation(waveform, rng)
        return waveform


@dataclass(frozen=True)
class Gain:
    """A change of level."""

    gain_db: float


class RandomGain(Augmentation[Gain]):
    """Another level, so that loudness does not give the label away; never past full scale."""

    def __init__(self, min_gain_db: float = -12.0, max_gain_db: float = 6.0, probability: float = 0.5) -> None:
        super().__init__(probability)
        _require_rising("gain_db", min_gain_db, max_gain_db)
        self.min_gain_db = min_gain_db
        self.max_gain_db = max_gain_db

    def draw(self, rng: np.random.Generator, samples: int) -> Gain:  # noqa: ARG002
        """Draw a gain, evenly in decibels."""
        return Gain(float(rng.uniform(self.min_gain_db, self.max_gain_db)))

    def apply(self, waveform: Audio, parameters: Gain) -> Audio:
        """Scale the waveform."""
        return _within_full_scale(waveform * np.float32(10 ** (parameters.gain_db / 20)))


@dataclass(frozen=True)
class WhiteNoise:
    """White noise of a signal-to-noise ratio, drawn again from its seed whenever applied."""

    snr_db: float
    seed: int


class AdditiveWhiteGaussianNoise(Augmentation[WhiteNoise]):
    """White noise at a random signal-to-noise ratio against the level of the active speech."""

    def __init__(
        self,
        snr_min_db: float = 10.0,
        snr_max_db: float = 40.0,
        probability: float = 0.5,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        _require_rising("snr_db", snr_min_db, snr_max_db)
        self.snr_min_db = snr_min_db
        self.snr_max_db = snr_max_db
        self.sample_rate_hz = sample_rate_hz

    def draw(self, rng: np.random.Generator, samples: int) -> WhiteNoise:  # noqa: ARG002
        """Draw a ratio, evenly in decibels, and a seed."""
        return WhiteNoise(float(rng.uniform(self.snr_min_db, self.snr_max_db)), _draw_seed(rng))

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


class EnvironmentNoise(Augmentation[NoiseStretch]):
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
        _require_rising("snr_db", snr_min_db, snr_max_db)
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


def mix(speech: Audio, noise: Audio, snr_db: float, sample_rate_hz: int = 16_000) -> Audio:
    """Add noise to speech at a signal-to-noise ratio.

    The ratio is of the speech's active level to the RMS of the whole noise. A sum past full scale is turned down as a
    whole, which keeps the ratio. Silent speech or noise has no level, and leaves the speech as it is.

    Args:
        speech: ``(samples,)``.
        noise: ``(samples,)``, of any level.
        snr_db: Ratio.
        sample_rate_hz: Sampling rate.
    """
    speech_level, noise_level = active_level(speech, sample_rate_hz), rms(noise)
    if speech_level == 0 or noise_level == 0:
        return speech
    factor = speech_level / noise_level * 10 ** (-snr_db / 20)
    return _within_full_scale(speech + noise * np.float32(factor))


def active_level(waveform: Audio, sample_rate_hz: int = 16_000) -> float:
    """RMS over the frames of 20 ms whose level is within 30 dB of the loudest: pauses do not count as speech.

    Measured over all samples, the same ratio would mean louder noise for a clip with fewer pauses. It is a simple
    relative of the active speech level of ITU-T P.56.
    """
    frame = max(1, min(len(waveform), round(ACTIVITY_FRAME_S * sample_rate_hz)))
    frames = waveform[: len(waveform) // frame * frame].reshape(-1, frame)
    powers = np.square(frames, dtype=np.float64).mean(axis=1)
    if powers.size == 0:
        return 0.0
    return float(np.sqrt(powers[powers >= powers.max() * 10 ** (-ACTIVITY_RANGE_DB / 10)].mean()))


def rms(waveform: Audio) -> float:
    """Root mean square of all samples."""
    return float(np.sqrt(np.square(waveform, dtype=np.float64).mean())) if len(waveform) else 0.0


def _within_full_scale(waveform: Audio) -> Audio:
    peak = np.abs(waveform).max(initial=0.0)
    return waveform / peak if peak > 1 else waveform


def _draw_seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**63))


def _require_rising(name: str, low: float, high: float) -> None:
    if low > high:
        raise ValueError(f"found {name} from {low} to {high}, expected the lower limit first")
