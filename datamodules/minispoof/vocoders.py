"""A real waveform in -> the same words from a vocoder out: WORLD, mel + Griffin-Lim, LPC."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Final

import librosa
import numpy as np
from scipy.signal import lfilter

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")  # how pyworld reads its own version
    import pyworld

SAMPLE_RATE_HZ: Final = 16000
FRAME_PERIOD_MS: Final = 5.0
MEL_BINS: Final = 80
FFT: Final = 1024
HOP: Final = 256
GRIFFIN_LIM_ROUNDS: Final = 16
DIO_SPEED: Final = 4
"""Pitch is searched on a decimated signal: three times as fast, and enough for voices below 800 Hz."""
LPC_ORDER: Final = 18
LPC_HOP: Final = 160
LPC_WINDOW: Final = 480
LPC_BOOST: Final = 1e-4


def world_analysis(waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """WORLD's parameters (Morise et al., IEICE Trans. Inf. Syst. E99-D, 2016) at 5 ms frames.

    Args:
        waveform: ``(samples,)`` at 16 kHz.

    Returns:
        Pitch in Hz ``(frames,)``, 0 where unvoiced; power envelope and aperiodicity, both ``(frames, bins)``.
    """
    signal = waveform.astype(np.float64)
    coarse, times_s = pyworld.dio(signal, SAMPLE_RATE_HZ, frame_period=FRAME_PERIOD_MS, speed=DIO_SPEED)
    pitch_hz = pyworld.stonemask(signal, coarse, times_s, SAMPLE_RATE_HZ)
    envelope = pyworld.cheaptrick(signal, pitch_hz, times_s, SAMPLE_RATE_HZ)
    return pitch_hz, envelope, pyworld.d4c(signal, pitch_hz, times_s, SAMPLE_RATE_HZ)


def world_synthesis(pitch_hz: np.ndarray, envelope: np.ndarray, aperiodicity: np.ndarray) -> np.ndarray:
    """WORLD's parameters -> waveform ``(samples,)`` float32 at 16 kHz."""
    return pyworld.synthesize(pitch_hz, envelope, aperiodicity, SAMPLE_RATE_HZ, FRAME_PERIOD_MS).astype(np.float32)


def world(waveform: np.ndarray) -> np.ndarray:
    """WORLD copy-synthesis of ``(samples,)`` at 16 kHz."""
    return world_synthesis(*world_analysis(waveform))


def mel_griffin_lim(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Copy-synthesis through an 80-bin mel spectrogram, phase by Griffin-Lim (Griffin & Lim, IEEE TASSP 1984).

    Args:
        waveform: ``(samples,)`` at 16 kHz.
        rng: for the initial phase.
    """
    magnitude = np.abs(librosa.stft(waveform, n_fft=FFT, hop_length=HOP))
    to_mel, from_mel = _mel_matrices()
    blurred = np.maximum(from_mel @ (to_mel @ magnitude), 0.0)
    return librosa.griffinlim(
        blurred,
        n_iter=GRIFFIN_LIM_ROUNDS,
        hop_length=HOP,
        n_fft=FFT,
        length=waveform.shape[0],
        random_state=int(rng.integers(2**31)),
    ).astype(np.float32)


def lpc(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Classic LPC vocoder of order 18: pulses where voiced, noise elsewhere (Atal & Hanauer, JASA 1971).

    Args:
        waveform: ``(samples,)`` at 16 kHz.
        rng: for the noise.
    """
    signal = waveform.astype(np.float64)
    pitch_hz, _ = pyworld.dio(signal, SAMPLE_RATE_HZ, frame_period=1000.0 * LPC_HOP / SAMPLE_RATE_HZ, speed=DIO_SPEED)
    predictors, gains = lpc_frames(signal)
    output = np.zeros(signal.shape[0])
    memory = np.zeros(LPC_ORDER)
    phase = 0.0
    for index, (predictor, gain) in enumerate(zip(predictors, gains, strict=True)):
        excitation, phase = _excitation(float(pitch_hz[index]), phase, rng)
        start = index * LPC_HOP
        output[start : start + LPC_HOP], memory = lfilter(
            [gain], np.concatenate([[1.0], -predictor]), excitation, zi=memory
        )
    return output.astype(np.float32)


def lpc_frames(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear prediction by the autocorrelation method, every 10 ms over 30 ms.

    Args:
        signal: ``(samples,)`` at 16 kHz.

    Returns:
        Predictor coefficients ``(frames, order)``, and the gain of a unit-power excitation ``(frames,)``.
    """
    window = np.hanning(LPC_WINDOW)
    padded = np.pad(signal, (LPC_WINDOW // 2, LPC_WINDOW))
    frames = (
        np.lib.stride_tricks.sliding_window_view(padded, LPC_WINDOW)[: signal.shape[0] - LPC_HOP + 1 : LPC_HOP] * window
    )
    correlation = np.fft.irfft(np.square(np.abs(np.fft.rfft(frames, 2 * LPC_WINDOW))))[:, : LPC_ORDER + 1]
    correlation[:, 0] = (
        correlation[:, 0] * (1.0 + LPC_BOOST) + 1e-9
    )  # a little white noise keeps the system well conditioned
    lags = np.abs(np.subtract.outer(np.arange(LPC_ORDER), np.arange(LPC_ORDER)))
    predictors = np.linalg.solve(correlation[:, lags], correlation[:, 1:, np.newaxis])[..., 0]
    residual = np.maximum(correlation[:, 0] - np.sum(predictors * correlation[:, 1:], axis=1), 0.0)
    return predictors, np.sqrt(residual / np.sum(np.square(window)))


def _excitation(pitch_hz: float, phase: float, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """One hop of unit-power pulses or noise, and the pulse train's phase in periods at its end."""
    if pitch_hz <= 0.0:
        return rng.standard_normal(LPC_HOP), 0.0
    phases = phase + np.arange(1, LPC_HOP + 1) * pitch_hz / SAMPLE_RATE_HZ
    pulses = np.diff(np.floor(phases), prepend=np.floor(phase)) * np.sqrt(SAMPLE_RATE_HZ / pitch_hz)
    return pulses, float(phases[-1] % 1.0)


@lru_cache(maxsize=1)
def _mel_matrices() -> tuple[np.ndarray, np.ndarray]:
    to_mel = librosa.filters.mel(sr=SAMPLE_RATE_HZ, n_fft=FFT, n_mels=MEL_BINS)
    return to_mel, np.linalg.pinv(to_mel).astype(np.float32)
