"""Audio bytes or a path -> mono float32 waveform ``(samples,)`` at one sample rate, or an error that teaches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soxr

from datamodules.audio_errors import AudioError, TruncatedAudioError
from datamodules.audio_refusals import (
    refuse_broken_promise,
    refuse_implausible_header,
    refuse_implausible_samples,
    refuse_large,
    refuse_late,
    refuse_long,
    refuse_short_of_header,
    require_min_duration,
)
from datamodules.decoders import Decoder, Stream, UndecodableError, av_stream, soundfile_stream
from datamodules.shortfall import may_be_mp4

__all__ = [
    "DECODE_VERSION",
    "MIN_DURATION_S",
    "AudioError",
    "Decoded",
    "TruncatedAudioError",
    "decode",
    "inspect",
    "require_min_duration",
]

READABLE: Final = (
    "WAV, AIFF, CAF, W64, FLAC, OGG/Vorbis, Opus, MP3, M4A/AAC, AMR, raw G.722 (.g722) or video with sound"
)
SHOWN_BYTES: Final = 16
DECODE_VERSION: Final = 1  # raised whenever the same file would give other samples; part of every cache's recipe
MIN_DURATION_S: Final = 0.1
"""Of a corpus's clips: less holds no frame to speak of, and is a broken file more likely than speech."""
MAX_DURATION_S: Final = 3600.0
MAX_BYTES: Final = 1 << 30
SIGNATURES: Final = (b"RIFF", b"fLaC", b"OggS", b"FORM", b"ID3", b"\x1aE\xdf\xa3")
NOISY_IN_LIBSNDFILE: Final = re.compile(rb"ID3|\xff[\xe2-\xe7\xea-\xef\xf2-\xf7\xfa-\xff]|caff.{24}alac", re.DOTALL)
"""MPEG audio (a tag, or a frame of layer I, II or III; layer 0 is AAC) and ALAC in CAF."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A waveform, and what it was found as.

    Attributes:
        waveform: float32 ``(samples,)`` in [-1, 1].
        found_rate_hz: the rate in the file.
        channels: their number in the file.
        decoder: "soundfile" (libsndfile) or "pyav" (FFmpeg).
        fallback: why libsndfile, which was asked first, did not decode it; None where it did, or was not asked.
    """

    waveform: np.ndarray
    found_rate_hz: int
    channels: int
    decoder: Decoder
    fallback: str | None


@dataclass(frozen=True, slots=True)
class _Limits:
    max_duration_s: float
    deadline_s: float | None


def decode(
    source: str | Path | bytes,
    sample_rate_hz: int,
    *,
    name: str | None = None,
    max_duration_s: float = MAX_DURATION_S,
    max_bytes: int = MAX_BYTES,
    deadline_s: float | None = None,
) -> np.ndarray:
    """Decode any common audio format to one mono waveform.

    Args:
        source: a path, or the bytes of a file.
        sample_rate_hz: the rate of the result; other rates are resampled (soxr HQ).
        name: what errors call the source; its suffix decides for headerless formats. Default: the path, or "<bytes>".
        max_duration_s: longer audio is refused, before it is decoded where the header tells.
        max_bytes: larger files are refused before they are read.
        deadline_s: by ``time.monotonic()``, when to give up; never when not given.

    Returns:
        float32 waveform ``(samples,)`` in [-1, 1], channels averaged.

    Raises:
        TruncatedAudioError: it ends before its own header says.
        AudioError: missing, unreadable, empty, not audio, damaged, no samples, NaN or infinite or huge samples, a rate
            that no recorder has, too long, or too large.
        TimeoutError: the deadline passed before all was decoded.
    """
    return inspect(
        source,
        sample_rate_hz,
        name=name,
        max_duration_s=max_duration_s,
        max_bytes=max_bytes,
        deadline_s=deadline_s,
    ).waveform


def inspect(
    source: str | Path | bytes,
    sample_rate_hz: int,
    *,
    name: str | None = None,
    max_duration_s: float = MAX_DURATION_S,
    max_bytes: int = MAX_BYTES,
    deadline_s: float | None = None,
) -> Decoded:
    """Decode as :func:`decode`, and tell what was found.

    libsndfile is asked first, PyAV (FFmpeg) second: it knows more formats, and reads FLAC files that libsndfile
    refuses. MPEG audio and ALAC go to FFmpeg at once: libsndfile's readers of them write to the user's terminal.
    """
    label = name or (str(source) if isinstance(source, str | Path) else "<bytes>")
    content = _read(source, label, max_bytes)
    refuse_broken_promise(content, label)
    suffix = Path(label).suffix.lower()
    raw_g722 = suffix == ".g722" and not content.startswith(SIGNATURES) and not may_be_mp4(content)
    fallback = None
    limits = _Limits(max_duration_s, deadline_s)
    if not raw_g722 and not NOISY_IN_LIBSNDFILE.match(content):
        try:
            with soundfile_stream(content) as stream:
                return _decoded(stream, sample_rate_hz, label, limits, None)
        except UndecodableError as error:
            fallback = str(error)
    try:
        with av_stream(content, label, "g722" if raw_g722 else None) as stream:
            return _decoded(stream, sample_rate_hz, label, limits, fallback)
    except UndecodableError as error:
        raise AudioError(
            f"{label}: found {len(content)} bytes that start with {content[:SHOWN_BYTES]!r} and do not decode as audio "
            f"({error}), expected {READABLE}; check that the file is what its name says"
        ) from error


def _read(source: str | Path | bytes, label: str, max_bytes: int) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        try:
            content = _read_file(Path(source), label, max_bytes)
        except AudioError:
            raise
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise AudioError(
                f"{label}: found a file that cannot be read ({reason}), expected an audio file; "
                f"check its name, its permissions and the disk"
            ) from error
    refuse_large(len(content), label, max_bytes)
    if not content:
        raise AudioError(f"{label}: found an empty file (0 bytes), expected {READABLE}; copy or record it again")
    return content


def _read_file(path: Path, label: str, max_bytes: int) -> bytes:
    if not path.is_file():
        found = "a folder" if path.is_dir() else "a device or a pipe" if path.exists() else "nothing"
        raise AudioError(f"{label}: found {found}, expected an audio file; check the path")
    refuse_large(path.stat().st_size, label, max_bytes)
    with path.open("rb") as file:
        return file.read(max_bytes + 1)  # it may have grown


def _decoded(stream: Stream, sample_rate_hz: int, label: str, limits: _Limits, fallback: str | None) -> Decoded:
    refuse_implausible_header(stream, label, limits.max_duration_s)
    monos = _checked_monos(stream, label, limits)
    pieces = list(_resampled(monos, stream.sample_rate_hz, sample_rate_hz))
    waveform = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    if waveform.size == 0:
        raise AudioError(f"{label}: found less than one sample at {sample_rate_hz} Hz, expected audio; record it again")
    np.clip(waveform, -1.0, 1.0, out=waveform)
    return Decoded(waveform, stream.sample_rate_hz, stream.channels, stream.decoder, fallback)


def _checked_monos(stream: Stream, label: str, limits: _Limits) -> Iterator[np.ndarray]:
    """Blocks ``(samples, channels)`` -> their channels' mean ``(samples,)``, refused as soon as they are unusable."""
    found = 0
    for block in stream.blocks:
        refuse_implausible_samples(block, label, found / stream.sample_rate_hz)
        found += block.shape[0]
        refuse_long(found / stream.sample_rate_hz, label, limits.max_duration_s)
        refuse_late(found / stream.sample_rate_hz, label, limits.deadline_s)
        yield block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
    refuse_short_of_header(stream, found, label)
    if found == 0:
        raise AudioError(
            f"{label}: found a valid header but no audio samples, expected at least one; record or export it again"
        )


def _resampled(monos: Iterator[np.ndarray], found_rate_hz: int, sample_rate_hz: int) -> Iterator[np.ndarray]:
    """Block by block, so that an hour at 768 kHz is never in memory; the samples are those of one call."""
    if found_rate_hz == sample_rate_hz:
        yield from monos
        return
    resampler = soxr.ResampleStream(found_rate_hz, sample_rate_hz, 1, dtype="float32")
    for mono in monos:
        yield resampler.resample_chunk(mono)
    yield resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
