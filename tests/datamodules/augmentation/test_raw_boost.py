"""RawBoost's three noises do what the paper says they do, and combine by its numbers."""

import numpy as np
import pytest
import soundfile
from scipy.signal import freqz

from datamodules.augmentation import (
    Compose,
    ConvolutiveNoise,
    ImpulsiveNoise,
    Parallel,
    StationaryNoise,
    active_level,
    rawboost,
    rms,
)
from datamodules.augmentation.raw_boost import Harmonic, Impulses, Notch, draw_notches, through_notches
from datamodules.corpora.asvspoof2019 import asvspoof2019_la


@pytest.fixture(scope="module")
def speech(tiny_corpus):
    waveform, _ = soundfile.read(asvspoof2019_la(str(tiny_corpus))[0].path, dtype="float32")
    return waveform


def test_a_notch_stops_its_band_and_delays_nothing():
    impulse = np.zeros(2001, np.float32)
    impulse[1000] = 1
    response = through_notches(impulse, (Notch(1000.0, 2000.0, 100),), 16_000)
    np.testing.assert_allclose(response, response[::-1], atol=1e-6)
    frequencies_hz, spectrum = freqz(response, fs=16_000, worN=4096)
    gains_db = 20 * np.log10(np.abs(spectrum) + 1e-9)
    assert gains_db[(frequencies_hz > 1300) & (frequencies_hz < 1700)].max() < -25
    assert np.abs(gains_db[frequencies_hz > 2500]).max() < 0.5


@pytest.mark.parametrize("rate_hz", [8000, 16_000])
def test_notches_lie_in_the_band(rate_hz):
    rng = np.random.default_rng(0)
    notches = [notch for _ in range(100) for notch in draw_notches(rng, rate_hz)]
    assert all(0 < notch.low_hz < notch.high_hz < rate_hz / 2 for notch in notches)
    assert all(10 <= notch.taps <= 100 for notch in notches)


def test_a_first_harmonic_without_notches_changes_nothing(speech):
    found = ConvolutiveNoise().apply(speech, (Harmonic((), 0.0),))
    np.testing.assert_allclose(found, (speech - speech.mean()) * rms(speech) / np.std(speech), atol=1e-6)


def test_higher_harmonics_distort_a_tone_and_the_level_stays():
    tone = (0.2 * np.sin(2 * np.pi * 500 * np.arange(16_000) / 16_000)).astype(np.float32)
    found = ConvolutiveNoise().apply(tone, tuple(Harmonic((), gain_db) for gain_db in (0.0, -10.0, -10.0)))
    spectrum = np.abs(np.fft.rfft(found)) / len(found)
    assert rms(found) == pytest.approx(rms(tone), rel=1e-4)
    # sin^2 holds 1/2 of twice the frequency, sin^3 holds 1/4 of three times and 3/4 of once.
    expected = np.array([1 + 0.75 * 10**-0.5, 0.5 * 10**-0.5, 0.25 * 10**-0.5])
    np.testing.assert_allclose(spectrum[[500, 1000, 1500]] / spectrum[500], expected / expected[0], rtol=1e-3)


def test_impulses_hit_their_share_by_a_multiple_of_the_sample(speech):
    loud = np.where(speech == 0, 0.01, speech).astype(np.float32)
    found = ImpulsiveNoise().apply(loud, Impulses(10.0, seed=1))
    changed = found != loud
    assert changed.mean() == pytest.approx(0.10, abs=0.001)
    assert np.abs(found[changed] / loud[changed] - 1).max() <= 2


def test_stationary_noise_reaches_its_ratio(speech):
    augmentation = StationaryNoise(12.0, 12.0)
    quiet = speech * np.float32(0.3)
    added = augmentation.apply(quiet, augmentation.draw(np.random.default_rng(0), len(quiet))) - quiet
    assert 20 * np.log10(active_level(quiet) / rms(added)) == pytest.approx(12, abs=0.1)


def test_the_numbers_are_the_authors():
    kinds = {number: [type(part) for part in rawboost(number).parts] for number in range(1, 9)}
    convolutive, impulsive, stationary = ConvolutiveNoise, ImpulsiveNoise, StationaryNoise
    assert kinds == {
        1: [Compose, convolutive],
        2: [Compose, impulsive],
        3: [Compose, stationary],
        4: [Compose, convolutive, impulsive, stationary],
        5: [Compose, convolutive, impulsive],
        6: [Compose, convolutive, stationary],
        7: [Compose, impulsive, stationary],
        8: [Parallel, convolutive, impulsive],
    }
