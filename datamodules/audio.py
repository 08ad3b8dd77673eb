"""Audio bytes or a path -> mono float32 waveform ``(samples,)`` at one sample rate, or an error that teaches."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
import soundfile as sf
import soxr

READABLE = "WAV, FLAC, OGG/Vorbis, Opus, MP3, M4A/AAC or raw G.722 (.g722)"
SHOWN_BYTES = 16
DECODE_VERSION = 1  # raised whenever the same file would give other samples; part of every cache's recipe
PLAUSIBLE_PEAK = 8.0
"""Above this, float samples are integers in disguise; below it, the overshoot of a lossy codec, which is clipped."""


class AudioError(ValueError):
    """An audio input that cannot be used; the message names it, what was found, what is expected and how to mend it."""


def decode(
    source: str | Path | bytes,
    sample_rate_hz: int,
    *,
    name: str | None = None,
    max_duration_s: float = 3600.0,
) -> np.ndarray:
    """Decode any common audio format to one mono waveform.

    libsndfile is tried first, PyAV (FFmpeg) second: it reads M4A, and files whose content is not what the name says.

    Args:
        source: a path, or the bytes of a file.
        sample_rate_hz: the rate of the result; other rates are resampled (soxr HQ).
        name: what errors call the source; its suffix decides for headerless formats. Default: the path, or "<bytes>".
        max_duration_s: longer audio is refused, before it is decoded where the header tells.

    Returns:
        float32 waveform ``(samples,)`` in [-1, 1], channels averaged.

    Raises:
        AudioError: missing, empty, not audio, no samples, NaN or infinite or huge samples, or too long.
    """
    return decode_with_facts(source, sample_rate_hz, name=name, max_duration_s=max_duration_s).waveform


@dataclass(frozen=True)
class Decoded:
    """A waveform, and what its file was."""

    waveform: np.ndarray
    sample_rate_hz: int
    channels: int
    decoder: str
    fallback: str | None


def decode_with_facts(
    source: str | Path | bytes, sample_rate_hz: int, *, name: str | None = None, max_duration_s: float = 3600.0
) -> Decoded:
    """Decode, and say what was found."""
    label = name or (str(source) if isinstance(source, str | Path) else "<bytes>")
    content = _read(source, label)
    channels, found_rate_hz = _decode_content(content, label, max_duration_s)
    if channels.size == 0:
        raise AudioError(
            f"{label}: found a valid header but no audio samples, expected at least one; record or export it again"
        )
    if not np.isfinite(channels).all():
        bad = int((~np.isfinite(channels)).sum())
        raise AudioError(f"{label}: found {bad} NaN or infinite samples, expected finite ones; export the file again")
    peak = float(np.abs(channels).max())
    if peak > PLAUSIBLE_PEAK:
        raise AudioError(
            f"{label}: found samples up to {peak:.6g}, expected [-1, 1]; divide integers by their full scale"
        )
    mono = channels.mean(axis=1, dtype=np.float32)
    if found_rate_hz != sample_rate_hz:
        mono = soxr.resample(mono, found_rate_hz, sample_rate_hz)
    if mono.size == 0:
        raise AudioError(f"{label}: found less than one sample at {sample_rate_hz} Hz, expected audio; record it again")
    waveform = np.clip(mono, -1.0, 1.0).astype(np.float32, copy=False)
    return Decoded(waveform, found_rate_hz, channels.shape[1], "soundfile", None)


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


def _read(source: str | Path | bytes, label: str) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        path = Path(source)
        if not path.is_file():
            found = "a folder" if path.is_dir() else "nothing"
            raise AudioError(f"{label}: found {found}, expected an audio file; check the path")
        content = path.read_bytes()
    if not content:
        raise AudioError(f"{label}: found an empty file (0 bytes), expected {READABLE}; copy or record it again")
    return content


def _decode_content(content: bytes, label: str, max_duration_s: float) -> tuple[np.ndarray, int]:
    """Content -> (``(samples, channels)`` float32, its sample rate)."""
    suffix = Path(label).suffix.lower()
    if suffix != ".g722":
        try:
            return _decode_soundfile(content, label, max_duration_s)
        except sf.LibsndfileError:
            pass  # not fatal: PyAV reads more containers, and the FLAC files that libsndfile refuses
    try:
        return _decode_av(content, label, max_duration_s, "g722" if suffix == ".g722" else None)
    except (av.error.FFmpegError, IndexError) as error:
        shown = content[:SHOWN_BYTES]
        raise AudioError(
            f"{label}: found {len(content)} bytes that start with {shown!r} and do not decode as audio, "
            f"expected {READABLE}; check that the file is what its name says"
        ) from error


def _decode_soundfile(content: bytes, label: str, max_duration_s: float) -> tuple[np.ndarray, int]:
    with sf.SoundFile(io.BytesIO(content)) as file:
        _refuse_long(file.frames / file.samplerate, label, max_duration_s)
        return file.read(dtype="float32", always_2d=True), file.samplerate


def _decode_av(
    content: bytes, label: str, max_duration_s: float, container_format: str | None
) -> tuple[np.ndarray, int]:
    with av.open(io.BytesIO(content), "r", format=container_format) as container:
        stream = container.streams.audio[0]
        rate_hz = int(stream.rate)
        if container.duration is not None:
            _refuse_long(container.duration / av.time_base, label, max_duration_s)
        # One resampler call normalises every sample format to planar float32; rate and channels stay as found.
        to_float = av.AudioResampler(format="fltp")
        blocks: list[np.ndarray] = []
        samples = 0
        for frame in container.decode(stream):
            for block in to_float.resample(frame):
                blocks.append(block.to_ndarray())
                samples += blocks[-1].shape[1]
            _refuse_long(samples / rate_hz, label, max_duration_s)
        blocks.extend(block.to_ndarray() for block in to_float.resample(None))
    if not blocks:
        return np.zeros((0, 1), dtype=np.float32), rate_hz
    return np.concatenate(blocks, axis=1).T, rate_hz


def _refuse_long(duration_s: float, label: str, max_duration_s: float) -> None:
    if duration_s > max_duration_s:
        raise AudioError(
            f"{label}: found {duration_s:.0f} s of audio, expected at most {max_duration_s:.0f} s; "
            f"cut it or raise max_duration_s"
        )
