"""Rooms decay as asked for, recorded responses are read in whatever form, and speech keeps its place and level."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile
import soxr

from datamodules.audio import AudioError
from datamodules.augmentation import (
    RecordedReverberation,
    Room,
    RoomRecording,
    SimulatedReverberation,
    active_level,
    reverberant,
)
from datamodules.rooms import room_response
from tests.encodings import speech_of

RATES_HZ = (8000, 16_000)
OFFICE = Room((5.0, 4.0, 2.7), (1.0, 1.5, 1.6), (3.5, 2.5, 1.2), rt60_s=0.5, seed=7)
OFFICE_DISTANCE_M = 2.7221  # the square root of 2.5² + 1² + 0.4²


@pytest.fixture(scope="module")
def speech(tiny_corpus):
    """Two seconds of real speech ``(samples,)`` for each rate."""
    waveform = speech_of(tiny_corpus)
    return {rate_hz: soxr.resample(waveform, 16_000, rate_hz) for rate_hz in RATES_HZ}


@pytest.fixture
def recorded(tmp_path):
    """A folder with an echo at 48 kHz, late by 10 ms, and one at 16 kHz in two channels; and a text beside them."""
    rng = np.random.default_rng(0)
    (tmp_path / "hall").mkdir()
    (tmp_path / "readme.txt").write_text("impulse responses")
    tail = 0.05 * rng.standard_normal(24_000) * np.exp(-np.arange(24_000) / 4000)
    tail[480] = 0.8
    soundfile.write(tmp_path / "hall" / "a.wav", tail, 48_000, subtype="FLOAT")
    soundfile.write(tmp_path / "b.flac", np.stack([tail[:8000], tail[:8000]], axis=1), 16_000)
    return tmp_path


def rt60_s(response, rate_hz):
    """Reverberation time by Schroeder's (1965) backward integration, from -5 to -35 dB: T30 of ISO 3382."""
    decay_db = 10 * np.log10(np.square(response)[::-1].cumsum()[::-1])
    decay_db -= decay_db[0]
    (heard,) = np.nonzero((decay_db <= -5) & (decay_db >= -35))
    return -60 / np.polyfit(heard / rate_hz, decay_db[heard], 1)[0]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_rooms_decay_within_a_tenth_of_the_time_asked_for(rate_hz):
    augmentation = SimulatedReverberation(rt60_max_s=1.2, sample_rate_hz=rate_hz)
    rng = np.random.default_rng(0)
    for _ in range(40):
        room = augmentation.draw(rng, 1)
        response, direct = room_response(room, rate_hz)
        assert rt60_s(response[direct:], rate_hz) == pytest.approx(room.rt60_s, rel=0.1)


def test_late_noise_goes_on_where_the_reflections_end():
    response, _ = room_response(dataclasses.replace(OFFICE, rt60_s=60.0), 16_000)
    levels_db = 20 * np.log10([np.sqrt(np.square(part).mean()) for part in response[400:4400].reshape(8, 500)])
    assert np.ptp(levels_db) < 4


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_direct_sound_is_where_the_distance_says(rate_hz):
    response, direct = room_response(OFFICE, rate_hz)
    assert np.abs(response[: direct + rate_hz // 1000]).argmax() == direct
    near = dataclasses.replace(OFFICE, source_m=(*OFFICE.microphone_m[:2], OFFICE.microphone_m[2] + 0.5))
    assert direct - room_response(near, rate_hz)[1] == pytest.approx((OFFICE_DISTANCE_M - 0.5) / 343 * rate_hz, abs=1)


def test_a_room_in_which_the_direct_sound_comes_after_the_last_reflection():
    hall = Room((60.0, 60.0, 2.4), (1.0, 1.0, 1.2), (59.0, 59.0, 1.2), rt60_s=1.0, seed=1)
    response, direct = room_response(hall, 16_000)
    assert direct > 60 / 343 * 16_000
    assert np.abs(response[: direct - 100]).max() < np.abs(response[direct - 100 :]).max() / 10


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_speech_keeps_its_length_place_and_level(speech, rate_hz):
    augmentation = SimulatedReverberation(sample_rate_hz=rate_hz)
    original = speech[rate_hz] * np.float32(0.1)
    altered = augmentation.apply(original, OFFICE)
    assert (altered.shape, altered.dtype) == (original.shape, np.float32)
    assert active_level(altered, rate_hz) == pytest.approx(active_level(original, rate_hz), rel=1e-4)
    beside = {shift: np.corrcoef(np.roll(original, shift), altered)[0, 1] for shift in (-20, 0, 20)}
    assert beside[0] == max(beside.values())
    assert 0.15 < beside[0] < 0.9  # the direct sound is 13 dB below the rest


def test_a_longer_decay_is_further_from_the_original(speech):
    rooms = [dataclasses.replace(OFFICE, rt60_s=time_s) for time_s in (0.1, 0.4, 1.2)]
    altered = [SimulatedReverberation().apply(speech[16_000], room) for room in rooms]
    likeness = [np.corrcoef(speech[16_000], waveform)[0, 1] for waveform in altered]
    assert likeness == sorted(likeness, reverse=True)


def test_a_click_alone_leaves_the_speech_as_it_was(speech):
    click = np.zeros(900, np.float32)
    click[300] = -0.25
    np.testing.assert_allclose(reverberant(speech[16_000], click, 300), -speech[16_000], atol=1e-5)


def test_rooms_are_drawn_within_their_limits():
    augmentation = SimulatedReverberation(0.2, 0.3, side_min_m=2, side_max_m=5, height_min_m=2, height_max_m=3)
    rng = np.random.default_rng(0)
    for room in (augmentation.draw(rng, 1) for _ in range(300)):
        assert 0.2 <= room.rt60_s <= 0.3
        assert all(2 <= side <= 5 for side in room.size_m[:2])
        assert 2 <= room.size_m[2] <= 3
        places = np.array([room.source_m, room.microphone_m])
        assert (places >= 0.5).all()
        assert (places <= np.array(room.size_m) - 0.5).all()
        assert np.linalg.norm(places[0] - places[1]) >= 0.3


@pytest.mark.parametrize("limits", [{"rt60_min_s": 0.0}, {"side_min_m": 0.9}, {"height_min_m": 1.0}])
def test_a_room_that_cannot_be_is_told(limits):
    with pytest.raises(ValueError, match=r"rooms of 2\.0 m at least"):
        SimulatedReverberation(**limits)


def test_recorded_responses_of_any_rate_start_at_their_loudest_sample(recorded, speech):
    augmentation = RecordedReverberation(str(recorded), probability=1.0)
    assert [path.name for path in augmentation.paths] == ["b.flac", "a.wav"]
    augmentation.prepare()
    original = speech[16_000] * np.float32(0.1)
    for number in range(2):
        altered = augmentation.apply(original, RoomRecording(number))
        assert (altered.shape, altered.dtype) == (original.shape, np.float32)
        assert active_level(altered) == pytest.approx(active_level(original), rel=1e-4)
        beside = [np.corrcoef(np.roll(original, shift), altered)[0, 1] for shift in (-2, -1, 0, 1, 2)]
        assert np.argmax(beside) == 2
        assert not augmentation.apply(np.zeros(1600, np.float32), RoomRecording(number)).any()
    rng = np.random.default_rng(0)
    assert {augmentation.draw(rng, 1).number for _ in range(50)} == {0, 1}


def test_the_recipe_is_of_the_content_and_not_of_the_place(recorded, tmp_path):
    moved = recorded.rename(tmp_path.parent / f"{tmp_path.name}-moved")
    before = RecordedReverberation(str(moved)).recipe
    assert json.loads(json.dumps(before)) == before
    moved.rename(recorded)
    assert RecordedReverberation(str(recorded)).recipe == before
    (recorded / "b.flac").write_bytes((recorded / "hall" / "a.wav").read_bytes())
    assert RecordedReverberation(str(recorded)).recipe != before


def test_what_is_no_response_is_told_before_training(recorded, tmp_path):
    with pytest.raises(FileNotFoundError, match="no recording"):
        RecordedReverberation(str(tmp_path / "nowhere")).prepare()
    (recorded / "c.wav").write_bytes((recorded / "hall" / "a.wav").read_bytes()[:5000])
    with pytest.raises(AudioError, match=r"c\.wav"):
        RecordedReverberation(str(recorded)).prepare()
    soundfile.write(recorded / "c.wav", np.zeros(100), 16_000)
    with pytest.raises(ValueError, match=r"c\.wav: found silence"):
        RecordedReverberation(str(recorded)).prepare()
