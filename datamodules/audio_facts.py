"""Waveform -> a few plain numbers that no honest detector should be able to decide by: the channel, not the speech."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

FRAME_S: Final = 0.020
FLOOR_DB: Final = -120.0
HIGH_BAND_HZ: Final = 7000.0
SPEECH_BELOW_PEAK_DB: Final = 30.0
NOISE_PERCENTILE: Final = 10.0


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """Measurements of one clip.

    Attributes:
        duration_s: its length.
        level_dbfs: root mean square over the whole clip, 0 dB = full scale.
        above_7khz_db: energy above 7 kHz over all energy.
        leading_silence_s: time before the first frame within 30 dB of the loudest.
        trailing_silence_s: time after the last one: in ASVspoof 2019 and 2021 it alone tells much of the label (Müller
            et al. 2021, "Speech is silver, silence is golden").
        noise_floor_db: the 10th percentile of the 20 ms frame levels, dB full scale.
    """

    duration_s: float
    level_dbfs: float
    above_7khz_db: float
    leading_silence_s: float
    trailing_silence_s: float
    noise_floor_db: float

    def as_dict(self) -> dict[str, float]:
        """Name -> value."""
        return asdict(self)


def measure(waveform: np.ndarray, sample_rate_hz: int) -> AudioFacts:
    """Measure one waveform.

    Args:
        waveform: ``(samples,)`` in [-1, 1], not empty.
        sample_rate_hz: its rate.
    """
    levels_db = frame_levels_db(waveform, sample_rate_hz)
    speech = levels_db > levels_db.max() - SPEECH_BELOW_PEAK_DB
    return AudioFacts(
        duration_s=waveform.shape[0] / sample_rate_hz,
        level_dbfs=power_db(float(np.mean(np.square(waveform, dtype=np.float64)))),
        above_7khz_db=above_db(waveform, sample_rate_hz, HIGH_BAND_HZ),
        leading_silence_s=float(np.argmax(speech)) * FRAME_S,
        trailing_silence_s=float(np.argmax(speech[::-1])) * FRAME_S,
        noise_floor_db=float(np.percentile(levels_db, NOISE_PERCENTILE)),
    )


def frame_levels_db(waveform: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Levels of consecutive 20 ms frames, dB full scale ``(frames,)``; a clip shorter than a frame is one frame."""
    size = min(round(FRAME_S * sample_rate_hz), waveform.shape[0])
    frames = waveform[: waveform.shape[0] // size * size].reshape(-1, size)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return np.maximum(10.0 * np.log10(np.maximum(power, 1e-30)), FLOOR_DB)


def above_db(waveform: np.ndarray, sample_rate_hz: int, split_hz: float) -> float:
    """Energy above a frequency over all energy, in dB, at least -120; 0 dB means all of it."""
    power = np.square(np.abs(np.fft.rfft(waveform)))
    frequency_hz = np.fft.rfftfreq(waveform.shape[0], 1.0 / sample_rate_hz)
    total = float(power.sum())
    return power_db(float(power[frequency_hz >= split_hz].sum()) / total) if total > 0.0 else FLOOR_DB


def power_db(power: float) -> float:
    """10 log10, with a floor of -120 dB."""
    return max(10.0 * float(np.log10(max(power, 1e-30))), FLOOR_DB)
