"""A codec pass: what a channel or a file format leaves of a waveform."""

from dataclasses import dataclass

import numpy as np

from datamodules.augmentation.augmentation import Audio, Augmentation
from datamodules.coding import CODECS, CodecName, coded


@dataclass(frozen=True)
class Coding:
    """A codec at a bit rate."""

    codec: CodecName
    bit_rate: int


class CodecPass(Augmentation):
    """Encodes and decodes with a random codec at one of its bit rates; length and timing are kept.

    Args:
        codecs: Names of codecs to draw from, evenly; all by default. See :mod:`datamodules.coding`.
        probability: How likely a waveform is coded.
        sample_rate_hz: Sampling rate of waveforms.
    """

    def __init__(
        self,
        codecs: list[CodecName] | None = None,
        probability: float = 0.5,
        sample_rate_hz: int = 16_000,
    ) -> None:
        super().__init__(probability)
        unknown = sorted(set(codecs or CODECS) - set(CODECS))
        if unknown or codecs == []:
            raise ValueError(f"found codecs={unknown or codecs}, expected some of {', '.join(CODECS)}, or none for all")
        self.codecs = codecs
        self.sample_rate_hz = sample_rate_hz

    def draw(self, rng: np.random.Generator, samples: int) -> Coding:  # noqa: ARG002
        """Draw a codec, and one of its bit rates."""
        names = self.codecs or list(CODECS)
        name = names[rng.integers(len(names))]
        return Coding(name, int(rng.choice(CODECS[name].bit_rates)))

    def apply(self, waveform: Audio, parameters: Coding) -> Audio:
        """Encode and decode."""
        return coded(waveform, parameters.codec, parameters.bit_rate, self.sample_rate_hz)
