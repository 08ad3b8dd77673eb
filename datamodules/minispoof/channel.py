"""Any waveform, real or synthetic, in -> the same channel over it out: band, silence, level, noise, one codec pass.

What is left to tell bona fide from spoof should be speech: everything here is drawn from one distribution for both.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import av
import numpy as np
import soundfile as sf
import soxr
from scipy.fft import next_fast_len
from scipy.signal import butter, sosfiltfilt

from datamodules.audio import decode
from datamodules.minispoof.pieces import MIN_PIECE_S, SAMPLE_RATE_HZ, speech_bounds

BAND_HZ: Final = (80.0, 6800.0)
BAND_ORDER: Final = 8
SILENCE_RANGE_S: Final = (0.12, 0.40)
LEVEL_RANGE_DBFS: Final = (-30.0, -20.0)
SNR_RANGE_DB: Final = (24.0, 36.0)
TILT_RANGE: Final = (0.0, 1.0)
"""Exponent of the noise's 1/f power law: 0 is white, 1 is pink."""
OPUS_BIT_RATES: Final = (20000, 24000, 32000, 40000)
OPUS_COMPLEXITY: Final = "2"
"""A quick encoder: the codec's own traces matter here, not its last bit of quality."""
VORBIS_RATE_HZ: Final = 22050
FADE_S: Final = 0.010
ACTIVE_BELOW_PEAK_DB: Final = 25.0
CEILING: Final = 0.98


@dataclass(frozen=True, slots=True)
class Channel:
    """What was drawn for one clip.

    Attributes:
        lead_s, trail_s: noise before and after the speech.
        level_dbfs: level of the active speech.
        snr_db: of the active speech over the added noise.
        noise_tilt: exponent of the noise's power law.
        bit_rate: of the Opus pass, in bit/s.
        noise_seed: for the noise itself.
    """

    lead_s: float
    trail_s: float
    level_dbfs: float
    snr_db: float
    noise_tilt: float
    bit_rate: int
    noise_seed: int


def draw_channel(rng: np.random.Generator) -> Channel:
    """Draw a channel; the label is no argument, and must never be."""
    return Channel(
        lead_s=float(rng.uniform(*SILENCE_RANGE_S)),
        trail_s=float(rng.uniform(*SILENCE_RANGE_S)),
        level_dbfs=float(rng.uniform(*LEVEL_RANGE_DBFS)),
        snr_db=float(rng.uniform(*SNR_RANGE_DB)),
        noise_tilt=float(rng.uniform(*TILT_RANGE)),
        bit_rate=int(rng.choice(OPUS_BIT_RATES)),
        noise_seed=int(rng.integers(2**31)),
    )


def apply_channel(waveform: np.ndarray, duration_s: float, channel: Channel) -> np.ndarray:
    """Bring speech into the corpus's one channel.

    Args:
        waveform: ``(samples,)`` at 16 kHz.
        duration_s: the speech is cut to this; shorter speech is left as it is.
        channel: what was drawn for this clip.

    Returns:
        float32 ``(samples_out,)`` in [-1, 1] at 16 kHz.

    Raises:
        ValueError: when the waveform is silent or much shorter than a piece of speech.
    """
    banded = sosfiltfilt(_band_filter(), waveform.astype(np.float64))
    start, stop = speech_bounds(banded)
    speech = banded[start : min(stop, start + round(duration_s * SAMPLE_RATE_HZ))]
    if speech.shape[0] < MIN_PIECE_S * SAMPLE_RATE_HZ / 2 or not np.isfinite(speech).all():
        raise ValueError(
            f"found {speech.shape[0] / SAMPLE_RATE_HZ:.2f} s of speech, expected at least {MIN_PIECE_S / 2} s"
        )
    speech = _faded(speech * 10.0 ** (channel.level_dbfs / 20.0) / active_rms(speech))
    padded = np.pad(speech, (round(channel.lead_s * SAMPLE_RATE_HZ), round(channel.trail_s * SAMPLE_RATE_HZ)))
    noise = coloured_noise(padded.shape[0], channel.noise_tilt, np.random.default_rng(channel.noise_seed))
    mixed = padded + noise * 10.0 ** ((channel.level_dbfs - channel.snr_db) / 20.0)
    coded = opus_pass(limited(mixed), channel.bit_rate)
    return np.clip(coded, -1.0, 1.0)


def active_rms(waveform: np.ndarray) -> float:
    """Root mean square of the 10 ms frames within 25 dB of the loudest, so that pauses don't count."""
    frames = waveform[: waveform.shape[0] // 160 * 160].reshape(-1, 160)
    power = np.mean(np.square(frames), axis=1)
    return float(np.sqrt(power[power >= power.max() * 10.0 ** (-ACTIVE_BELOW_PEAK_DB / 10.0)].mean()))


def coloured_noise(samples: int, tilt: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise of unit power ``(samples,)`` whose power falls as 1 / f^tilt above 50 Hz."""
    size = next_fast_len(samples, real=True)  # a length with a large prime factor takes five times as long
    spectrum = np.fft.rfft(rng.standard_normal(size))
    frequency_hz = np.maximum(np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE_HZ), 50.0)
    noise = np.fft.irfft(spectrum * frequency_hz ** (-tilt / 2.0), size)[:samples]
    return noise / np.sqrt(np.mean(np.square(noise)))


def limited(waveform: np.ndarray) -> np.ndarray:
    """Peaks above 0.98 folded down smoothly, so that nothing clips in the codec; quieter samples are untouched."""
    knee = 0.8
    excess = np.maximum(np.abs(waveform) - knee, 0.0)
    return np.where(
        excess > 0.0, np.sign(waveform) * (knee + (CEILING - knee) * np.tanh(excess / (CEILING - knee))), waveform
    )


def opus_pass(waveform: np.ndarray, bit_rate: int) -> np.ndarray:
    """Encode to Opus and decode again: same length ``(samples,)``, at 16 kHz."""
    return _coded(waveform, "libopus", "ogg", {"compression_level": OPUS_COMPLEXITY}, bit_rate)


def source_codec_pass(waveform: np.ndarray, codec: str) -> np.ndarray:
    """Give synthetic speech the codec that the real speech beside it was stored in ("vorbis", "g722" or "none")."""
    if codec == "vorbis":
        buffer = io.BytesIO()
        sf.write(
            buffer,
            soxr.resample(waveform, SAMPLE_RATE_HZ, VORBIS_RATE_HZ),
            VORBIS_RATE_HZ,
            format="OGG",
            subtype="VORBIS",
        )
        return _of_length(decode(buffer.getvalue(), SAMPLE_RATE_HZ, name="vorbis pass.ogg"), waveform.shape[0])
    if codec == "g722":
        return _coded(waveform, "g722", "g722", {}, bit_rate=64000)
    return waveform


def _coded(waveform: np.ndarray, codec: str, container: str, options: dict[str, str], bit_rate: int) -> np.ndarray:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = cast("av.AudioStream", output.add_stream(codec, rate=SAMPLE_RATE_HZ, options=options, layout="mono"))
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(waveform.astype(np.float32)[np.newaxis, :], format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return _of_length(decode(buffer.getvalue(), SAMPLE_RATE_HZ, name=f"{codec} pass.{container}"), waveform.shape[0])


def _of_length(waveform: np.ndarray, samples: int) -> np.ndarray:
    return np.pad(waveform[:samples], (0, max(samples - waveform.shape[0], 0)))


def _faded(waveform: np.ndarray) -> np.ndarray:
    size = round(FADE_S * SAMPLE_RATE_HZ)
    ramp = np.sin(np.linspace(0.0, np.pi / 2.0, size)) ** 2
    faded = waveform.copy()
    faded[:size] *= ramp
    faded[-size:] *= ramp[::-1]
    return faded


@lru_cache(maxsize=1)
def _band_filter() -> np.ndarray:
    return butter(BAND_ORDER, BAND_HZ, btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
