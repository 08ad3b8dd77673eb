"""An audio file in, the plain numbers of it that scores may drift with out: its channel, not its speech."""

from pathlib import Path
from typing import Final

from datamodules.clip_facts import measure_clip

FACTS_RATE_HZ: Final = 16_000
"""Facts are measured at one rate, whatever a detector's is: what lies above 7 kHz must mean the same everywhere."""


def facts_of(path: Path) -> dict[str, float]:
    """Name -> value: the :class:`datamodules.audio_facts.AudioFacts`, share of clipped samples, rate and channels.

    Raises:
        AudioError: the file cannot be used.
    """
    clip = measure_clip(path, FACTS_RATE_HZ)
    return {
        **clip.facts.as_dict(),
        "clipped_share": clip.clipped_share,
        "sample_rate_hz": clip.sample_rate_hz,
        "channels": clip.channels,
    }
