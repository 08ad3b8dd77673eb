from __future__ import annotations

import numpy as np
import pytest
import pyworld
from scipy.signal import lfilter

from datamodules.audio import decode
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.minispoof.conversion import draw_shift, phase_vocoder_shift, world_shift
from datamodules.minispoof.vocoders import lpc, lpc_frames, mel_griffin_lim, world

RATE_HZ = 16000


@pytest.fixture(scope="module")
def speech(tiny_corpus) -> np.ndarray:
    trial = next(t for t in asvspoof2019_la(str(tiny_corpus)).partition("train") if t.label == 1)
    return decode(trial.path, RATE_HZ)


def log_bands(waveform: np.ndarray) -> np.ndarray:
    """Long-term level in 20 equal bands, dB."""
    power = np.square(np.abs(np.fft.rfft(waveform)))
    return 10 * np.log10([band.mean() for band in np.array_split(power[: len(power) * 3 // 4], 20)])


def voiced_pitch_hz(waveform: np.ndarray) -> float:
    pitch_hz, _ = pyworld.harvest(waveform.astype(np.float64), RATE_HZ)
    return float(np.median(pitch_hz[pitch_hz > 0]))


@pytest.mark.parametrize(
    "vocode",
    [world, lambda w: mel_griffin_lim(w, np.random.default_rng(0)), lambda w: lpc(w, np.random.default_rng(0))],
    ids=["world", "griffin-lim", "lpc"],
)
def test_copy_synthesis_keeps_spectrum_and_pitch_but_not_the_samples(speech: np.ndarray, vocode) -> None:
    copy = vocode(speech)
    length = min(len(copy), len(speech))
    assert abs(len(copy) - len(speech)) <= 160
    assert np.abs(log_bands(copy) - log_bands(speech)).mean() < 4.0
    assert voiced_pitch_hz(copy) == pytest.approx(voiced_pitch_hz(speech), rel=0.06)
    assert np.corrcoef(copy[:length], speech[:length])[0, 1] < 0.98


def test_linear_prediction_finds_the_filter_that_made_the_signal() -> None:
    poles = np.poly([0.9 * np.exp(0.6j), 0.9 * np.exp(-0.6j)])
    signal = lfilter([1.0], poles, 0.1 * np.random.default_rng(0).standard_normal(RATE_HZ * 2))
    predictors, gains = lpc_frames(signal)
    middle = slice(10, -10)
    assert np.median(predictors[middle, :2], axis=0) == pytest.approx(-poles[1:], abs=0.08)
    assert np.abs(np.median(predictors[middle, 2:], axis=0)).max() < 0.1
    assert np.median(gains[middle]) == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("semitones", [-5.0, 5.0])
def test_conversion_moves_the_pitch_by_what_was_asked(speech: np.ndarray, semitones: float) -> None:
    wanted = voiced_pitch_hz(speech) * 2 ** (semitones / 12)
    for converted in (world_shift(speech, semitones, 1.0), phase_vocoder_shift(speech, semitones)):
        assert voiced_pitch_hz(converted) == pytest.approx(wanted, rel=0.06)
        assert len(converted) == pytest.approx(len(speech), rel=0.02)


def test_no_drawn_shift_is_near_none() -> None:
    for seed in range(50):
        semitones, ratio = draw_shift(np.random.default_rng(seed))
        assert 3.0 <= abs(semitones) <= 7.0
        assert (ratio > 1.0) == (semitones > 0.0)
