"""An audio file in, everything that a corpus check wants to know of it out, but for the samples themselves."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datamodules.audio import inspect
from datamodules.audio_facts import AudioFacts, measure

FULL_SCALE = 0.999


@dataclass(frozen=True)
class ClipFacts:
    """What is known of one file once it was decoded.

    Attributes:
        facts: measurements of the samples.
        sample_rate_hz: of the file.
        channels: of the file.
        decoder: that read it.
        fallback: why the first decoder could not; none where it could.
        clipped_share: share of the samples at full scale.
        samples_sha256: digest of the decoded samples, so that the same audio is known in another file format.
    """

    facts: AudioFacts
    sample_rate_hz: int
    channels: int
    decoder: str
    fallback: str | None
    clipped_share: float
    samples_sha256: str


def measure_clip(path: Path, sample_rate_hz: int) -> ClipFacts:
    """Decode a file and measure it at a sample rate.

    Raises:
        AudioError: it cannot be used.
    """
    decoded = inspect(path, sample_rate_hz)
    waveform = decoded.waveform
    return ClipFacts(
        facts=measure(waveform, sample_rate_hz),
        sample_rate_hz=decoded.found_rate_hz,
        channels=decoded.channels,
        decoder=decoded.decoder,
        fallback=decoded.fallback,
        clipped_share=float(np.mean(np.abs(waveform) >= FULL_SCALE)),
        samples_sha256=hashlib.sha256(np.round(waveform * 32767).astype(np.int16).tobytes()).hexdigest(),
    )
