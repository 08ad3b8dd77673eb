"""What was found in an audio input -> nothing, or the error that refuses it."""

from __future__ import annotations

import math
import time
from typing import Final

import numpy as np

from datamodules.audio_errors import AudioError, TruncatedAudioError
from datamodules.decoders import Stream, UndecodableError, soundfile_stream
from datamodules.shortfall import Content, shortfall

PLAUSIBLE_PEAK: Final = 8.0
"""Above this, float samples are integers in disguise; below it, the overshoot of a lossy codec, which is clipped."""
PLAUSIBLE_RATES_HZ: Final = (1_000, 768_000)
MAX_CHANNELS: Final = 64


def refuse_large(size: int, label: str, max_bytes: int) -> None:
    """Refuse more bytes than asked for."""
    if size > max_bytes:
        raise AudioError(
            f"{label}: found more than {max_bytes} bytes, expected at most that; cut it or raise max_bytes"
        )


def refuse_long(duration_s: float, label: str, max_duration_s: float) -> None:
    """Refuse a longer duration than asked for."""
    if duration_s > max_duration_s:
        raise AudioError(
            f"{label}: found {duration_s:.0f} s of audio, expected at most {max_duration_s:.0f} s; "
            f"cut it, raise max_duration_s, or have `spooflab score --stream` take it"
        )


def refuse_late(at_s: float, label: str, deadline_s: float | None) -> None:
    """Give up when ``time.monotonic()`` has passed the deadline, ``at_s`` into the sound.

    A small file may hold much to decode: minutes of silence in many channels at a high rate.

    Raises:
        TimeoutError: it has.
    """
    if deadline_s is not None and time.monotonic() > deadline_s:
        raise TimeoutError(f"{label}: {at_s:.1f} s of it were decoded when the time was up; send less at a time")


def refuse_broken_promise(content: Content, label: str) -> None:
    """Refuse what is cut by its containers' own account: some decoders play what is left and say nothing."""
    missing = shortfall(content)
    if missing is not None:
        raise _truncated(label, _told_missing(content, missing.found, missing.promised))


def refuse_implausible_header(stream: Stream, label: str, max_duration_s: float) -> None:
    """Refuse rates and channels that no recorder has, and a header that states too long a duration."""
    low_hz, high_hz = PLAUSIBLE_RATES_HZ
    if not low_hz <= stream.sample_rate_hz <= high_hz:
        raise AudioError(
            f"{label}: found a sample rate of {stream.sample_rate_hz} Hz, expected {low_hz} to {high_hz}; "
            f"export the file again"
        )
    if not 1 <= stream.channels <= MAX_CHANNELS:
        raise AudioError(
            f"{label}: found {stream.channels} channels, expected 1 to {MAX_CHANNELS}; export the file again"
        )
    if stream.header_s is not None:
        refuse_long(stream.header_s, label, max_duration_s)


def refuse_implausible_samples(block: np.ndarray, label: str, at_s: float) -> None:
    """Refuse a block ``(samples, channels)`` of no sound, which starts at ``at_s``."""
    peak = float(np.abs(block).max(initial=0.0))
    if not math.isfinite(peak):
        bad = int((~np.isfinite(block)).sum())
        raise AudioError(
            f"{label}: found {bad} NaN or infinite samples after {at_s:.1f} s, expected finite ones; "
            f"export the file again"
        )
    if peak > PLAUSIBLE_PEAK:
        raise AudioError(
            f"{label}: found samples up to {peak:.6g}, expected [-1, 1]; divide integers by their full scale"
        )


def refuse_short_of_header(stream: Stream, found: int, label: str) -> None:
    """Refuse fewer samples than a header, where it is taken at its word, promises."""
    found_s = found / stream.sample_rate_hz
    if stream.header_s is not None and stream.slack_s is not None and found_s + stream.slack_s < stream.header_s:
        raise _truncated(label, f"{found_s:.2f} s of the {stream.header_s:.2f} s that its header promises")


def require_min_duration(waveform: np.ndarray, sample_rate_hz: int, min_duration_s: float, name: str) -> None:
    """Refuse a waveform ``(samples,)`` too short to say anything about.

    Raises:
        AudioError: when it lasts less than ``min_duration_s``.
    """
    duration_s = waveform.shape[-1] / sample_rate_hz
    if duration_s < min_duration_s:
        raise AudioError(
            f"{name}: found {duration_s * 1000:.0f} ms of audio, expected at least {min_duration_s * 1000:.0f} ms; "
            f"use a longer recording"
        )


def _told_missing(content: Content, found: int, promised: int | None) -> str:
    """In seconds where every second has the same number of bytes, which are the formats that libsndfile clips."""
    if promised is None:
        return f"{found} bytes without the index that is written when a recording ends"
    try:
        with soundfile_stream(bytes(content[:])) as stream:
            if stream.header_s and found and content[:4] != b"OggS":
                promised_s = stream.header_s * promised / found
                return f"{stream.header_s:.2f} s of the {promised_s:.2f} s that its header promises"
    except UndecodableError:
        pass  # not fatal: bytes tell it as well
    return f"{found} of the {promised} bytes that its header promises"


def _truncated(label: str, found: str) -> TruncatedAudioError:
    return TruncatedAudioError(f"{label}: found {found}, expected the whole file; copy, download or record it again")
