"""Noise reaches its ratio to a tenth of a decibel, gain is exact."""

import numpy as np
import pytest
import soundfile

from datamodules.augmentation import (
    AdditiveWhiteGaussianNoise,
    EnvironmentNoise,
    FolderNoise,
    Gain,
    NoiseStretch,
    NoiseSum,
    RandomGain,
    WhiteNoise,
    active_level,
    mix,
    rms,
)


@pytest.fixture
def speech():
    """Two seconds of bursts and pauses at a low level, ``(samples,)`` float32."""
    time_s = np.arange(32_000) / 16_000
    bursts = (np.sin(2 * np.pi * 2 * time_s) > 0) * np.sin(2 * np.pi * 220 * time_s)
    return (0.05 * bursts).astype(np.float32)


@pytest.fixture
def noise_root(tmp_path):
    """Two environments of three seconds."""
    rng = np.random.default_rng(0)
    for name in ("STREET", "KITCHEN"):
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "ch01.wav", rng.normal(0, 0.1, 48_000), 16_000, subtype="FLOAT")
    return tmp_path


def test_probability(speech):
    augmentation = RandomGain(-6, -6, probability=0.3)
    rng = np.random.default_rng(0)
    altered = sum(augmentation(speech, rng) is not speech for _ in range(2000))
    assert altered / 2000 == pytest.approx(0.3, abs=0.04)
    with pytest.raises(ValueError, match="expected 0 to 1"):
        RandomGain(probability=30)


def test_gain_is_exact_and_stays_within_full_scale(speech):
    gain = RandomGain()
    np.testing.assert_allclose(gain.apply(speech, Gain(-6)), speech * 0.5011872, rtol=1e-6)
    assert np.abs(gain.apply(speech, Gain(60))).max() == pytest.approx(1)
    with pytest.raises(ValueError, match="gain_db from 6 to -6"):
        RandomGain(6, -6)


@pytest.mark.parametrize("snr_db", [-5.0, 10.0, 40.0])
def test_white_noise_reaches_its_ratio(speech, snr_db):
    noisy = AdditiveWhiteGaussianNoise().apply(speech, WhiteNoise(snr_db, seed=3))
    found_db = 20 * np.log10(active_level(speech) / rms(noisy - speech))
    assert found_db == pytest.approx(snr_db, abs=0.1)


def test_environment_noise_is_the_drawn_stretch_at_its_ratio(noise_root, speech):
    augmentation = EnvironmentNoise(str(noise_root))
    noisy = augmentation.apply(speech, NoiseStretch("STREET", channel=0, start=700, snr_db=12.0))
    added = noisy - speech
    assert 20 * np.log10(active_level(speech) / rms(added)) == pytest.approx(12, abs=0.1)
    recorded, _ = soundfile.read(noise_root / "STREET" / "ch01.wav", start=700, frames=len(speech))
    assert np.corrcoef(added, recorded)[0, 1] > 0.999


def test_recordings_of_a_folder_sound_together_at_their_ratio(noise_root, speech):
    augmentation = FolderNoise(str(noise_root), min_recordings=2, max_recordings=2)
    drawn = {augmentation.draw(np.random.default_rng(seed), 100).stretches[0][0] for seed in range(20)}
    assert drawn == {0, 1}
    added = augmentation.apply(speech, NoiseSum(((0, 700), (1, 40)), snr_db=9.0)) - speech
    assert 20 * np.log10(active_level(speech) / rms(added)) == pytest.approx(9, abs=0.1)
    for name, start in (("KITCHEN", 700), ("STREET", 40)):
        recorded, _ = soundfile.read(noise_root / name / "ch01.wav", start=start, frames=len(speech))
        assert np.corrcoef(added, recorded)[0, 1] == pytest.approx(np.sqrt(0.5), abs=0.02)  # equally loud
    with pytest.raises(ValueError, match="expected at least 1"):
        FolderNoise(str(noise_root), min_recordings=0)


def test_environments_that_are_held_out_are_not_heard(noise_root):
    augmentation = EnvironmentNoise(str(noise_root), held_out=["STREET"])
    assert list(augmentation.recordings) == ["KITCHEN"]


def test_draws_stay_within_their_limits(noise_root):
    augmentation = EnvironmentNoise(str(noise_root), snr_min_db=3, snr_max_db=4, environments=["KITCHEN"])
    rng = np.random.default_rng(0)
    draws = [augmentation.draw(rng, 32_000) for _ in range(200)]
    assert {draw.environment for draw in draws} == {"KITCHEN"}
    assert all(3 <= draw.snr_db <= 4 and 0 <= draw.start <= 16_000 for draw in draws)
    starts = [augmentation.draw(rng, 100_000).start for _ in range(50)]
    assert 0 <= min(starts) < max(starts) < 48_000  # longer than the recording: from anywhere, round and round


def test_a_missing_environment_is_told_at_once(noise_root):
    with pytest.raises(FileNotFoundError, match="no environment 'PARK'"):
        EnvironmentNoise(str(noise_root), environments=["PARK"]).prepare()


def test_pauses_do_not_count_as_speech():
    tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000).astype(np.float32)
    with_pause = np.concatenate((tone, np.zeros(48_000, np.float32)))
    assert active_level(with_pause) == pytest.approx(active_level(tone)) == pytest.approx(np.sqrt(0.5), rel=1e-3)
    assert active_level(np.zeros(0, np.float32)) == active_level(np.zeros(100, np.float32)) == 0


def test_a_sum_past_full_scale_is_turned_down_as_a_whole():
    rng = np.random.default_rng(0)
    speech, noise = rng.uniform(-1, 1, (2, 16_000)).astype(np.float32)
    loud = mix(speech, noise, snr_db=0)
    assert np.abs(loud).max() == pytest.approx(1)
    assert np.corrcoef(loud, speech + noise)[0, 1] > 0.999


def test_silence_stays_silence():
    silence = np.zeros(1600, np.float32)
    assert mix(silence, np.ones(1600, np.float32), 10.0) is silence
    assert mix(np.ones(1600, np.float32), silence, 10.0).max() == 1


@pytest.mark.realdata
def test_real_speech_in_real_noise(realdata):
    path = next((realdata / "speech").rglob("*.flac"))
    speech, _ = soundfile.read(path, dtype="float32")
    augmentation = EnvironmentNoise(str(realdata / "noise" / "demand_layout"), probability=1.0)
    parameters = augmentation.draw(np.random.default_rng(0), len(speech))
    noise = augmentation.apply(speech * np.float32(0.1), parameters) - speech * np.float32(0.1)
    found_db = 20 * np.log10(active_level(speech * np.float32(0.1)) / rms(noise))
    assert found_db == pytest.approx(parameters.snr_db, abs=0.1)
