"""Audio bytes or a path -> mono float32 waveform ``(samples,)`` at one sample rate, or an error that teaches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from datamodules.audio_errors import AudioError, TruncatedAudioError
from datamodules.audio_refusals import refuse_broken_promise, refuse_large, require_min_duration
from datamodules.decoders import Decoder, Stream, UndecodableError, av_stream, soundfile_stream
from datamodules.mono import mono_blocks
from datamodules.shortfall import Content, may_be_mp4, mp3_samples_promised

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
    fallback = None
    limits = _Limits(max_duration_s, deadline_s)
    first, raw_format = readers(content, label)
    if first == "soundfile":
        try:
            with soundfile_stream(content) as stream:
                return _decoded(stream, sample_rate_hz, label, limits, None)
        except UndecodableError as error:
            fallback = str(error)
    try:
        with av_stream(content, label, raw_format, mp3_samples_promised(content)) as stream:
            return _decoded(stream, sample_rate_hz, label, limits, fallback)
    except UndecodableError as error:
        raise AudioError(undecodable(label, len(content), content[:SHOWN_BYTES], error)) from error


def readers(content: Content, label: str) -> tuple[Decoder, str | None]:
    """Return who is asked first, and FFmpeg's name of the container where content has no header that tells it."""
    raw_g722 = Path(label).suffix.lower() == ".g722" and not _has_header(content)
    if raw_g722:
        return "pyav", "g722"
    return ("pyav" if NOISY_IN_LIBSNDFILE.match(content) else "soundfile"), None


def undecodable(label: str, size: int, start: bytes, error: UndecodableError) -> str:
    """What is said of bytes that nobody decodes."""
    return (
        f"{label}: found {size} bytes that start with {start!r} and do not decode as audio ({error}), expected "
        f"{READABLE}; check that the file is what its name says"
    )


def _has_header(content: Content) -> bool:
    return content[:SHOWN_BYTES].startswith(SIGNATURES) or may_be_mp4(content)


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
    pieces = list(mono_blocks(stream, sample_rate_hz, label, limits.max_duration_s, limits.deadline_s))
    waveform = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    if waveform.size == 0:
        raise AudioError(f"{label}: found less than one sample at {sample_rate_hz} Hz, expected audio; record it again")
    return Decoded(waveform, stream.sample_rate_hz, stream.channels, stream.decoder, fallback)
