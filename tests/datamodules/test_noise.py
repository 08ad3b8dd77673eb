"""Noise is read in stretches from a folder in DEMAND's layout, whose channels are one recording."""

import numpy as np
import pytest
import soundfile

from datamodules.noise import choose_environments, list_environments, list_noise, open_environment, open_noise


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
    assert [file.path.name for file in recording.channels] == ["ch01.wav", "ch02.wav"]
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
    with pytest.raises(FileNotFoundError, match=r"no environment 'PARK', expected some of .'KITCHEN', 'STREET'."):
        open_environment(noise_root, "PARK")
    with pytest.raises(FileNotFoundError, match="expected the layout of DEMAND"):
        list_environments(tmp_path / "licence")


def test_other_rates_and_channels_are_resampled_and_mixed(noise_root):
    seconds = np.arange(44_100) / 44_100
    tone = 0.3 * np.sin(2 * np.pi * 440 * seconds)
    (noise_root / "CAFE").mkdir()
    soundfile.write(noise_root / "CAFE" / "ch01.wav", np.stack([tone, 0 * tone], axis=1), 44_100, subtype="FLOAT")
    recording = open_environment(noise_root, "CAFE", sample_rate_hz=16_000)
    assert recording.samples == 16_000
    for start in (0, 3210, 15_000):  # the last goes on at the beginning
        places = (np.arange(start, start + 4000) % 16_000) / 16_000
        inner = slice(200, -200)  # a resampler needs a neighbourhood
        found = recording.read(0, start, 4000)
        assert (found.shape, found.dtype) == ((4000,), np.float32)
        smooth = start < 15_000
        expected = 0.15 * np.sin(2 * np.pi * 440 * places)
        phase_exact = np.corrcoef(found[inner], expected[inner])[0, 1]
        assert phase_exact > (0.99 if smooth else 0.98)
        assert np.std(found[inner]) == pytest.approx(np.std(expected[inner]), rel=0.02)


def test_other_lengths_of_microphones_are_refused(noise_root):
    soundfile.write(noise_root / "STREET" / "ch03.wav", np.zeros(10), 16_000)
    with pytest.raises(ValueError, match=r"ch03\.wav: found 10 samples, and 16000 in ch01"):
        open_environment(noise_root, "STREET")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: b"no audio at all" * 99, r"bad\.flac: found what does not decode as audio"),
        (lambda content: b"", r"bad\.flac: found what does not decode as audio"),
        (lambda content: content[: len(content) // 2], r"bad\.flac: found .*(does not decode|frames)"),
    ],
    ids=["text", "empty", "cut"],
)
def test_a_damaged_recording_is_named_when_it_is_opened(noise_root, damage, message):
    bad = noise_root / "STREET" / "bad.flac"
    soundfile.write(bad, np.random.default_rng(0).uniform(-0.5, 0.5, 64_000), 16_000)
    assert open_noise(bad, 16_000).samples == 64_000
    bad.write_bytes(damage(bad.read_bytes()))
    with pytest.raises(ValueError, match=message):
        open_noise(bad, 16_000)


def test_noise_of_nan_is_refused(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.full(16_000, np.nan), 16_000, subtype="FLOAT")
    with pytest.raises(ValueError, match=r"nan\.wav: found NaN or infinity"):
        open_noise(tmp_path / "nan.wav", 16_000)


def test_recordings_are_found_at_any_depth(noise_root, tmp_path):
    assert [path.name for path in list_noise(noise_root)] == ["ch01.wav", "ch01.wav", "ch02.wav"]
    with pytest.raises(FileNotFoundError, match="found no recording"):
        list_noise(tmp_path / "licence")


def test_environments_are_split_by_name(noise_root):
    assert choose_environments(noise_root, None, ["STREET"]) == ["KITCHEN"]
    with pytest.raises(FileNotFoundError, match="no environment 'PARK'"):
        choose_environments(noise_root, None, ["PARK"])
    with pytest.raises(FileNotFoundError, match="no environment is left"):
        choose_environments(noise_root, ["STREET"], ["STREET"])


@pytest.mark.realdata
def test_real_recordings(realdata):
    root = realdata / "noise" / "demand_layout"
    assert list_environments(root) == ["BIKE", "DISHES", "MIAOW", "TAP"]
    for environment in list_environments(root):
        assert np.abs(open_environment(root, environment).read(0, 16_000, 16_000)).max() > 0
