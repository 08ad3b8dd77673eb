"""Noise is read in stretches from a folder in DEMAND's layout, whose channels are one recording."""

import numpy as np
import pytest
import soundfile

from datamodules.noise import list_environments, open_environment


@pytest.fixture
def noise_root(tmp_path):
    """Two environments of one second, `STREET` with two microphones; a folder that is none."""
    rng = np.random.default_rng(0)
    for name in ("STREET/ch01", "STREET/ch02", "KITCHEN/ch01"):
        path = tmp_path / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, rng.uniform(-0.5, 0.5, 16_000), 16_000, subtype="FLOAT")
    (tmp_path / "licence").mkdir()
    return tmp_path


def test_environments_are_the_folders_with_channels(noise_root):
    assert list_environments(noise_root) == ["KITCHEN", "STREET"]


def test_channels_are_one_recording(noise_root):
    recording = open_environment(noise_root, "STREET")
    assert [path.name for path in recording.channels] == ["ch01.wav", "ch02.wav"]
    assert recording.samples == 16_000


def test_a_stretch_is_that_part_of_the_file(noise_root):
    recording = open_environment(noise_root, "STREET")
    whole, _ = soundfile.read(noise_root / "STREET" / "ch02.wav", dtype="float32")
    np.testing.assert_array_equal(recording.read(1, 300, 4000), whole[300:4300])


def test_a_long_stretch_goes_on_at_the_beginning(noise_root):
    recording = open_environment(noise_root, "KITCHEN")
    whole = recording.read(0, 0, 16_000)
    long = recording.read(0, 15_000, 20_000)
    np.testing.assert_array_equal(long, np.concatenate((whole, whole, whole))[15_000:35_000])
    assert long.dtype == np.float32


def test_what_is_not_there_is_named(noise_root, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no environment 'PARK', expected .'KITCHEN', 'STREET'."):
        open_environment(noise_root, "PARK")
    with pytest.raises(FileNotFoundError, match="expected the layout of DEMAND"):
        list_environments(tmp_path / "licence")


def test_other_rates_and_lengths_are_refused(noise_root):
    with pytest.raises(ValueError, match=r"found 1 channel\(s\) at 16000 Hz, expected 1 at 48000 Hz"):
        open_environment(noise_root, "STREET", sample_rate_hz=48_000)
    soundfile.write(noise_root / "STREET" / "ch03.wav", np.zeros(10), 16_000)
    with pytest.raises(ValueError, match="found 10 samples, and 16000 in ch01"):
        open_environment(noise_root, "STREET")


@pytest.mark.realdata
def test_real_recordings(realdata):
    root = realdata / "noise" / "demand_layout"
    assert list_environments(root) == ["BIKE", "DISHES", "MIAOW", "TAP"]
    for environment in list_environments(root):
        assert np.abs(open_environment(root, environment).read(0, 16_000, 16_000)).max() > 0
