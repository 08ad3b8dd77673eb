"""Sound of several channels at its own rate in, one checked mono waveform at another rate out, block by block."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr

from datamodules.audio_errors import AudioError
from datamodules.audio_refusals import (
    refuse_implausible_header,
    refuse_implausible_samples,
    refuse_late,
    refuse_long,
    refuse_short_of_header,
)
from datamodules.decoders import Stream


def mono_blocks(
    stream: Stream, sample_rate_hz: int, label: str, max_duration_s: float, deadline_s: float | None = None
) -> Iterator[np.ndarray]:
    """Yield float32 blocks ``(samples,)`` in [-1, 1], refused as soon as they are unusable; some may be empty.

    Joined, they are the samples of one call over all: an hour at 768 kHz is never in memory.

    Args:
        stream: what is being decoded.
        sample_rate_hz: the rate of the result; other rates are resampled (soxr HQ).
        label: what errors call the source.
        max_duration_s: longer audio is refused.
        deadline_s: by ``time.monotonic()``, when to give up; never when not given.

    Raises:
        AudioError: an impossible header or samples, too long, none at all, or fewer than the header promises.
        TimeoutError: the deadline passed.
    """
    refuse_implausible_header(stream, label, max_duration_s)
    monos = _checked_monos(stream, label, max_duration_s, deadline_s)
    for block in _resampled(monos, stream.sample_rate_hz, sample_rate_hz):
        yield np.clip(block, -1.0, 1.0)


def _checked_monos(stream: Stream, label: str, max_duration_s: float, deadline_s: float | None) -> Iterator[np.ndarray]:
    """Blocks ``(samples, channels)`` -> their channels' mean ``(samples,)``."""
    found = 0
    for block in stream.blocks:
        refuse_implausible_samples(block, label, found / stream.sample_rate_hz)
        found += block.shape[0]
        refuse_long(found / stream.sample_rate_hz, label, max_duration_s)
        refuse_late(found / stream.sample_rate_hz, label, deadline_s)
        yield block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
    refuse_short_of_header(stream, found, label)
    if found == 0:
        raise AudioError(
            f"{label}: found a valid header but no audio samples, expected at least one; record or export it again"
        )


def _resampled(monos: Iterator[np.ndarray], found_rate_hz: int, sample_rate_hz: int) -> Iterator[np.ndarray]:
    if found_rate_hz == sample_rate_hz:
        yield from monos
        return
    resampler = soxr.ResampleStream(found_rate_hz, sample_rate_hz, 1, dtype="float32")
    for mono in monos:
        yield resampler.resample_chunk(mono)
    yield resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
