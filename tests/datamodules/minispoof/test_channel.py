from __future__ import annotations

import inspect

import numpy as np
import pytest

from datamodules.audio_facts import above_db, measure
from datamodules.minispoof.channel import (
    LEVEL_RANGE_DBFS,
    SILENCE_RANGE_S,
    apply_channel,
    coloured_noise,
    draw_channel,
    source_codec_pass,
)

RATE_HZ = 16000


def buzz(duration_s: float) -> np.ndarray:
    """A pulse train with energy in the whole band: what no recording of the sources looks like."""
    waveform = np.zeros(round(duration_s * RATE_HZ))
    waveform[::100] = 0.9
    return waveform


def test_the_label_is_no_argument() -> None:
    assert list(inspect.signature(draw_channel).parameters) == ["rng"]
    assert list(inspect.signature(apply_channel).parameters) == ["waveform", "duration_s", "channel"]


@pytest.mark.parametrize("gain", [0.001, 1.0])
@pytest.mark.parametrize("silence_s", [0.0, 1.0])
def test_level_band_and_silence_of_the_input_are_forgotten(gain: float, silence_s: float) -> None:
    channel = draw_channel(np.random.default_rng(3))
    padded = np.pad(gain * buzz(3.0), round(silence_s * RATE_HZ))
    facts = measure(apply_channel(padded, 2.5, channel), RATE_HZ)
    plain = measure(apply_channel(buzz(3.0), 2.5, channel), RATE_HZ)
    assert facts.duration_s == pytest.approx(2.5 + channel.lead_s + channel.trail_s, abs=0.02)
    assert facts.leading_silence_s == pytest.approx(channel.lead_s, abs=0.03)
    assert facts.level_dbfs == pytest.approx(plain.level_dbfs, abs=0.3)
    assert facts.above_7khz_db < -20.0
    assert facts.noise_floor_db == pytest.approx(plain.noise_floor_db, abs=1.5)


def test_draws_stay_in_their_ranges_and_follow_the_seed() -> None:
    drawn = [draw_channel(np.random.default_rng(seed)) for seed in range(50)]
    assert all(SILENCE_RANGE_S[0] <= c.lead_s <= SILENCE_RANGE_S[1] for c in drawn)
    assert all(LEVEL_RANGE_DBFS[0] <= c.level_dbfs <= LEVEL_RANGE_DBFS[1] for c in drawn)
    assert draw_channel(np.random.default_rng(7)) == drawn[7]
    assert len({c.level_dbfs for c in drawn}) == 50


def test_silence_is_refused() -> None:
    with pytest.raises(ValueError, match=r"found 0.00 s of speech"):
        apply_channel(np.zeros(RATE_HZ * 3), 2.0, draw_channel(np.random.default_rng(0)))


def test_pink_noise_falls_by_three_decibels_an_octave() -> None:
    noise = coloured_noise(RATE_HZ * 8, 1.0, np.random.default_rng(0))
    assert np.mean(noise**2) == pytest.approx(1.0)
    octaves = [above_db(noise, RATE_HZ, f) for f in (1000.0, 2000.0, 4000.0, 8000.0)]
    # Pink noise has the same power in every octave: what lies above 1 kHz is three times what lies above 4 kHz.
    assert octaves[0] - octaves[2] == pytest.approx(10 * np.log10(3), abs=0.2)
    white = coloured_noise(RATE_HZ * 8, 0.0, np.random.default_rng(0))
    assert above_db(white, RATE_HZ, 4000.0) == pytest.approx(-3.01, abs=0.2)


@pytest.mark.parametrize("codec", ["vorbis", "g722"])
def test_source_codecs_change_little_but_something(codec: str) -> None:
    time_s = np.arange(RATE_HZ * 2) / RATE_HZ
    waveform = 0.3 * np.sin(2 * np.pi * 300 * time_s)
    coded = source_codec_pass(waveform, codec)
    assert coded.shape == waveform.shape
    lag = int(np.argmax(np.correlate(coded[4000:8000], waveform[4100:7900]))) - 100
    assert np.abs(lag) < 60  # G.722's filters delay by 22 samples
    assert 0.0 < measure(coded, RATE_HZ).level_dbfs - measure(waveform, RATE_HZ).level_dbfs + 1.0 < 2.0
    assert not np.array_equal(coded, waveform)


def test_no_source_codec_means_no_change() -> None:
    assert np.array_equal(source_codec_pass(buzz(1.0), "none"), buzz(1.0))
