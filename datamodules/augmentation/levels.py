"""How loud speech and noise are, and their sum at a signal-to-noise ratio."""

import numpy as np

from datamodules.augmentation.augmentation import Audio

ACTIVITY_FRAME_S = 0.02
ACTIVITY_RANGE_DB = 30.0


def mix(speech: Audio, noise: Audio, snr_db: float, sample_rate_hz: int = 16_000) -> Audio:
    """Add noise to speech at a signal-to-noise ratio.

    The ratio is of the speech's active level to the RMS of the whole noise. A sum past full scale is turned down as a
    whole, which keeps the ratio. Silent speech or noise has no level, and leaves the speech as it is.

    Args:
        speech: ``(samples,)``.
        noise: ``(samples,)``, of any level.
        snr_db: Ratio.
        sample_rate_hz: Sampling rate.
    """
    speech_level, noise_level = active_level(speech, sample_rate_hz), rms(noise)
    if speech_level == 0 or noise_level == 0:
        return speech
    factor = speech_level / noise_level * 10 ** (-snr_db / 20)
    return within_full_scale(speech + noise * np.float32(factor))


def active_level(waveform: Audio, sample_rate_hz: int = 16_000) -> float:
    """RMS over the frames of 20 ms whose level is within 30 dB of the loudest: pauses do not count as speech.

    Measured over all samples, the same ratio would mean louder noise for a clip with fewer pauses. It is a simple
    relative of the active speech level of ITU-T P.56.
    """
    frame = max(1, min(len(waveform), round(ACTIVITY_FRAME_S * sample_rate_hz)))
    frames = waveform[: len(waveform) // frame * frame].reshape(-1, frame)
    powers = np.square(frames, dtype=np.float64).mean(axis=1)
    if powers.size == 0:
        return 0.0
    return float(np.sqrt(powers[powers >= powers.max() * 10 ** (-ACTIVITY_RANGE_DB / 10)].mean()))


def rms(waveform: Audio) -> float:
    """Root mean square of all samples."""
    return float(np.sqrt(np.square(waveform, dtype=np.float64).mean())) if len(waveform) else 0.0


def within_full_scale(waveform: Audio) -> Audio:
    """Turn down, as a whole, what goes past full scale."""
    peak = np.abs(waveform).max(initial=0.0)
    return waveform / peak if peak > 1 else waveform
