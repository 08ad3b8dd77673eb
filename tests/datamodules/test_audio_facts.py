from __future__ import annotations

import numpy as np
import pytest

from datamodules.audio_facts import above_db, measure

RATE_HZ = 16000


def test_a_sine_after_silence_measures_as_it_was_made() -> None:
    sine = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ)
    facts = measure(np.concatenate([np.zeros(RATE_HZ // 2), sine]).astype(np.float32), RATE_HZ)
    assert facts.duration_s == 1.5
    assert facts.leading_silence_s == pytest.approx(0.5)
    assert facts.level_dbfs == pytest.approx(10 * np.log10(0.125 / 1.5), abs=0.01)
    assert facts.noise_floor_db == -120.0
    assert facts.above_7khz_db < -60.0


def test_noise_floor_and_band_of_white_noise() -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal(RATE_HZ * 4)
    facts = measure(noise, RATE_HZ)
    assert facts.noise_floor_db == pytest.approx(-40.0, abs=1.0)
    # White noise spreads evenly: the top eighth of the band holds an eighth of the energy.
    assert facts.above_7khz_db == pytest.approx(10 * np.log10(1 / 8), abs=0.2)


def test_silence_and_a_clip_shorter_than_a_frame_have_finite_facts() -> None:
    for waveform in (np.zeros(RATE_HZ), np.zeros(5), np.ones(5)):
        assert all(np.isfinite(value) for value in measure(waveform, RATE_HZ).as_dict().values())
    assert above_db(np.zeros(10), RATE_HZ, 7000.0) == -120.0
