"""What a robustness test asks for in, named conditions out: each alters every utterance once, and always alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datamodules.audio_facts import FRAME_S, SPEECH_BELOW_PEAK_DB, frame_levels_db
from datamodules.augmentation import AdditiveWhiteGaussianNoise, Audio, Augmentation, CodecPass, EnvironmentNoise
from datamodules.augmentation.codec import Coding
from datamodules.coding import CODECS, CodecName
from datamodules.digests import file_digests
from datamodules.noise import choose_environments

CLEAN, WHITE, CODEC, TRIMMED = "clean", "white", "codec", "trimmed"
SNRS_DB = (20.0, 15.0, 10.0, 5.0, 0.0)


@dataclass(frozen=True)
class Condition:
    """One way to alter a partition.

    Attributes:
        name: of its own, fit for a file's name.
        group: what it is one level of: "clean", "white", an environment, "codec" or "trimmed".
        snr_db: of a noise.
        alteration: applied to every utterance; none leaves it as it is.
    """

    name: str
    group: str
    snr_db: float | None
    alteration: Augmentation | None

    @property
    def is_noise(self) -> bool:
        """Whether it is noise at a ratio."""
        return self.snr_db is not None

    @cached_property
    def recordings(self) -> list[str]:
        """SHA-256 of each recording of noise in it."""
        if not isinstance(self.alteration, EnvironmentNoise):
            return []
        found = self.alteration.recordings.values()
        return file_digests([channel.path for recording in found for channel in recording.channels])


class FixedCodec(CodecPass):
    """One codec at the middle of its bit rates."""

    def __init__(self, codec: CodecName, sample_rate_hz: int = 16_000) -> None:
        super().__init__([codec], 1.0, sample_rate_hz)
        self.codec = codec

    def draw(self, rng: np.random.Generator, samples: int) -> Coding:  # noqa: ARG002
        """Draw nothing."""
        bit_rates = CODECS[self.codec].bit_rates
        return Coding(self.codec, bit_rates[len(bit_rates) // 2])


class TrimSilence(Augmentation):
    """Cuts what comes before the first and after the last frame within 30 dB of the loudest.

    The one alteration that changes the length: detectors that listen to the silence around speech lose their cue
    (Müller et al. 2021, "Speech is silver, silence is golden").
    """

    def __init__(self, sample_rate_hz: int = 16_000) -> None:
        super().__init__(probability=1.0)
        self.sample_rate_hz = sample_rate_hz

    def draw(self, rng: np.random.Generator, samples: int) -> None:
        """Draw nothing."""

    def apply(self, waveform: Audio, parameters: None) -> Audio:  # noqa: ARG002
        """Cut both ends."""
        levels_db = frame_levels_db(waveform, self.sample_rate_hz)
        (heard,) = np.nonzero(levels_db > levels_db.max() - SPEECH_BELOW_PEAK_DB)
        frame = min(round(FRAME_S * self.sample_rate_hz), len(waveform))
        end = len(waveform) if heard[-1] == len(levels_db) - 1 else (heard[-1] + 1) * frame
        return waveform[heard[0] * frame : end]


def conditions(
    sample_rate_hz: int,
    noise_root: str | None = None,
    snrs_db: Sequence[float] = SNRS_DB,
    environments: Sequence[str] | None = None,
    codecs: Sequence[CodecName] = tuple(CODECS),
) -> list[Condition]:
    """List the conditions of a test: clean, white noise, each environment at each ratio, each codec, trimmed.

    Args:
        sample_rate_hz: of the waveforms.
        noise_root: folder in the layout of DEMAND; none for white noise alone.
        snrs_db: ratios of the speech's active level to the noise.
        environments: of that folder; all when not given. Take such as no model was trained in.
        codecs: those to pass through.

    Raises:
        FileNotFoundError: there is no such folder or environment.
        ValueError: a recording is damaged, or an environment is called as another condition is.
    """
    white = [
        Condition(_named(WHITE, snr_db), WHITE, snr_db, AdditiveWhiteGaussianNoise(snr_db, snr_db, 1.0, sample_rate_hz))
        for snr_db in snrs_db
    ]
    recorded = [] if noise_root is None else _recorded(noise_root, environments, snrs_db, sample_rate_hz)
    coded = [Condition(codec, CODEC, None, FixedCodec(codec, sample_rate_hz)) for codec in codecs]
    trimmed = Condition(TRIMMED, TRIMMED, None, TrimSilence(sample_rate_hz))
    return [Condition(CLEAN, CLEAN, None, None), *white, *recorded, *coded, trimmed]


def _recorded(
    root: str, environments: Sequence[str] | None, snrs_db: Sequence[float], sample_rate_hz: int
) -> list[Condition]:
    names = choose_environments(root, environments, ())
    taken = sorted({CLEAN, WHITE, CODEC, TRIMMED, *CODECS} & set(names))
    if taken:
        raise ValueError(
            f"{root}: found an environment {taken[0]!r}, as another condition is called: rename its folder"
        )
    found = []
    for name in names:
        for snr_db in snrs_db:
            noise = EnvironmentNoise(root, snr_db, snr_db, 1.0, [name], sample_rate_hz=sample_rate_hz)
            noise.prepare()
            found.append(Condition(_named(name, snr_db), name, snr_db, noise))
    return found


def _named(group: str, snr_db: float) -> str:
    return f"{group}_{snr_db:g}db"
