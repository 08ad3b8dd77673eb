"""A real waveform in -> the same words in another voice out: pitch and formants moved, by WORLD or by phase vocoder."""

from __future__ import annotations

from typing import Final

import librosa
import numpy as np
import soxr

from datamodules.minispoof.vocoders import SAMPLE_RATE_HZ, world_analysis, world_synthesis

SEMITONES_RANGE: Final = (3.0, 7.0)
FORMANT_RANGE: Final = (1.08, 1.22)
FFT: Final = 1024
HOP: Final = 128


def draw_shift(rng: np.random.Generator) -> tuple[float, float]:
    """A pitch shift in semitones and a formant ratio, both up or both down, never near none."""
    direction = float(rng.choice((-1.0, 1.0)))
    return direction * float(rng.uniform(*SEMITONES_RANGE)), float(rng.uniform(*FORMANT_RANGE)) ** direction


def world_shift(waveform: np.ndarray, semitones: float, formant_ratio: float) -> np.ndarray:
    """Voice conversion in WORLD's parameters: pitch scaled, envelope and aperiodicity warped along frequency.

    Args:
        waveform: ``(samples,)`` at 16 kHz.
        semitones: of pitch, positive is higher.
        formant_ratio: above 1 is a shorter vocal tract.
    """
    pitch_hz, envelope, aperiodicity = world_analysis(waveform)
    return world_synthesis(
        pitch_hz * 2.0 ** (semitones / 12.0), _warp(envelope, formant_ratio), _warp(aperiodicity, formant_ratio)
    )


def phase_vocoder_shift(waveform: np.ndarray, semitones: float) -> np.ndarray:
    """Stretch time by phase vocoder (Flanagan & Golden, 1966), then resample back: pitch and formants move together.

    Args:
        waveform: ``(samples,)`` at 16 kHz.
        semitones: positive is higher.
    """
    ratio = 2.0 ** (semitones / 12.0)
    spectrum = librosa.stft(waveform, n_fft=FFT, hop_length=HOP)
    stretched = librosa.istft(
        librosa.phase_vocoder(spectrum, rate=1.0 / ratio, hop_length=HOP, n_fft=FFT), hop_length=HOP, n_fft=FFT
    )
    return soxr.resample(stretched, SAMPLE_RATE_HZ * ratio, SAMPLE_RATE_HZ).astype(np.float32)


def _warp(frames: np.ndarray, ratio: float) -> np.ndarray:
    """Move each row of ``(frames, bins)`` along frequency; beyond the top bin its last value is held."""
    bins = np.arange(frames.shape[1])
    source = np.minimum(bins / ratio, bins[-1])
    low = np.floor(source).astype(int)
    high = np.minimum(low + 1, bins[-1])
    weight = source - low
    return np.ascontiguousarray(frames[:, low] * (1.0 - weight) + frames[:, high] * weight)
