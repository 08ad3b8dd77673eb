"""Speech ``(samples,)`` -> the bytes of a file in a given format, and the tiny corpus's speech itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import cast

import av
import numpy as np
import soundfile as sf
import soxr

RATE_HZ = 16000


def speech_of(corpus: Path, number: int = 0, seconds: float = 2.0) -> np.ndarray:
    """The start of one clip ``(samples,)`` of the embedded corpus."""
    path = sorted(corpus.glob("LA/ASVspoof2019_LA_eval/flac/*.flac"))[number]
    waveform, _ = sf.read(path, dtype="float32")
    return waveform[: round(seconds * RATE_HZ)]


def by_ffmpeg(
    waveform: np.ndarray, codec: str, container: str, rate_hz: int = RATE_HZ, options: dict[str, str] | None = None
) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options=options or {}) as output:
        stream = cast("av.AudioStream", output.add_stream(codec, rate=rate_hz, layout="mono"))
        for packet in [*stream.encode(_frame(waveform, rate_hz)), *stream.encode(None)]:
            output.mux(packet)
    return buffer.getvalue()


def video(waveform: np.ndarray | None, container: str, codec: str = "aac") -> bytes:
    """A second of black pictures, and sound if there is any."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        pictures = output.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        sound = None
        if waveform is not None:
            sound = cast("av.AudioStream", output.add_stream(codec, rate=RATE_HZ, layout="mono"))
        black = av.VideoFrame.from_ndarray(np.zeros((96, 64), np.uint8), format="yuv420p")
        for number in range(25):
            black.pts = number
            for packet in pictures.encode(black):
                output.mux(packet)
        if sound is not None:
            for packet in [*sound.encode(_frame(waveform, RATE_HZ)), *sound.encode(None)]:
                output.mux(packet)
        for packet in pictures.encode(None):
            output.mux(packet)
    return buffer.getvalue()


def by_libsndfile(waveform: np.ndarray, container: str, subtype: str, rate_hz: int = RATE_HZ) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, _at(waveform, rate_hz), rate_hz, format=container, subtype=subtype)
    return buffer.getvalue()


def correlation(decoded: np.ndarray, original: np.ndarray, max_lag: int = 2400) -> float:
    """The largest correlation coefficient over delays of up to 150 ms: codecs delay, and some are honest about it."""
    size = 1 << (len(decoded) + len(original)).bit_length()
    product = np.fft.irfft(np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(original, size)), size)
    near = np.concatenate([product[:max_lag], product[-max_lag:]])
    return float(near.max() / (np.linalg.norm(decoded) * np.linalg.norm(original)))


def _frame(waveform: np.ndarray, rate_hz: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(_at(waveform, rate_hz).astype(np.float32)[None], format="fltp", layout="mono")
    frame.sample_rate = rate_hz
    return frame


def _at(waveform: np.ndarray, rate_hz: int) -> np.ndarray:
    return waveform if rate_hz == RATE_HZ else soxr.resample(waveform, RATE_HZ, rate_hz)
