"""A stream of a file is what decoding it whole gives, to the sample, and holds a block of it."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile

from datamodules.audio import AudioError, TruncatedAudioError, decode
from datamodules.audio_stream import open_file, open_pipe
from datamodules.corpora.asvspoof2019 import asvspoof2019_la


@pytest.fixture(scope="module")
def speech(tiny_corpus):
    """Twenty seconds of real and synthetic speech at 16 kHz."""
    clips = [soundfile.read(trial.path, dtype="float32")[0] for trial in asvspoof2019_la(str(tiny_corpus))]
    return np.resize(np.concatenate(clips), 20 * 16_000)


def write(path, waveform, rate_hz, channels):
    several = np.stack([waveform * (1 - 0.3 * channel) for channel in range(channels)], axis=1)
    soundfile.write(path, several, rate_hz)
    return path


@pytest.mark.parametrize(
    ("suffix", "rate_hz", "channels"),
    [
        ("wav", 16_000, 1),
        ("flac", 16_000, 2),
        ("wav", 44_100, 2),
        ("flac", 48_000, 1),
        ("ogg", 22_050, 2),
        ("mp3", 32_000, 1),
        ("aiff", 8_000, 3),
    ],
)
def test_a_stream_joined_is_what_decoding_gives(speech, tmp_path, suffix, rate_hz, channels):
    path = write(tmp_path / f"speech.{suffix}", speech, rate_hz, channels)
    with open_file(path, 16_000) as recording:
        assert (recording.found_rate_hz, recording.channels) == (rate_hz, channels)
        streamed = np.concatenate(list(recording.blocks))
    np.testing.assert_array_equal(streamed, decode(path, 16_000))


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
def test_a_pipe_gives_what_the_file_does(speech, tmp_path, suffix):
    path = write(tmp_path / f"speech.{suffix}", speech, 24_000, 2)
    reader, writer = os.pipe()
    feeding = threading.Thread(target=_feed, args=(writer, path.read_bytes()))
    feeding.start()
    with os.fdopen(reader, "rb") as pipe, open_pipe(pipe, 16_000) as recording:
        streamed = np.concatenate(list(recording.blocks))
    feeding.join()
    expected = decode(path, 16_000)
    # Two decoders of a lossy format round otherwise, and cut its padding elsewhere.
    assert abs(len(streamed) - len(expected)) <= (0 if suffix in ("wav", "flac") else 1200)
    shared = min(len(streamed), len(expected))
    np.testing.assert_allclose(streamed[:shared], expected[:shared], atol=1e-4)


def _feed(writer, content):
    with os.fdopen(writer, "wb") as file:
        file.write(content)


def test_no_more_than_a_block_of_a_long_file_is_held(speech, tmp_path):
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 48_000, 2) as file:
        for _ in range(24):
            file.write(np.stack([speech, speech], axis=1))
    with open_file(path, 16_000) as recording:
        sizes = [block.size for block in recording.blocks]
    assert sum(sizes) == 24 * len(speech) // 3
    assert max(sizes) < 0.1 * sum(sizes)


def test_memory_does_not_grow_with_the_file(tmp_path):
    told = {}
    for minutes in (1, 8):
        path = tmp_path / f"{minutes}.wav"
        with soundfile.SoundFile(path, "w", 48_000, 2) as file:
            for _ in range(minutes):
                file.write(np.zeros((60 * 48_000, 2), np.float32))
        code = (
            "import resource, sys, pathlib\n"
            "from datamodules.audio_stream import open_file\n"
            "with open_file(pathlib.Path(sys.argv[1]), 16_000) as recording:\n"
            "    samples = sum(block.size for block in recording.blocks)\n"
            "print(samples, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        ended = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        told[minutes] = [int(word) for word in ended.stdout.split()]
    assert told[8][0] == 8 * told[1][0]
    assert told[8][1] < told[1][1] + 30_000  # KiB; the file has 80 MB more


@pytest.mark.parametrize("content", [b"", b"this is a letter, not a recording", b"RIFF" + bytes(40)])
def test_what_is_no_audio_is_named(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"a\.wav"), open_file(path, 16_000) as recording:
        list(recording.blocks)


def test_what_is_not_there_and_a_folder_are_named(tmp_path):
    for path, found in ((tmp_path / "gone.wav", "nothing"), (tmp_path, "a folder")):
        with pytest.raises(AudioError, match=found), open_file(path, 16_000):
            pass


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_file_that_was_cut_off_is_refused(speech, tmp_path, suffix):
    path = write(tmp_path / f"cut.{suffix}", speech, 16_000, 1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    kind = TruncatedAudioError if suffix == "wav" else AudioError
    with pytest.raises(kind, match="cut"), open_file(path, 16_000) as recording:
        list(recording.blocks)


def test_samples_that_are_no_numbers_are_refused_where_they_are(speech, tmp_path):
    nan = speech.copy()
    nan[12 * 16_000] = np.nan
    soundfile.write(tmp_path / "nan.wav", nan, 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN"), open_file(tmp_path / "nan.wav", 16_000) as recording:
        list(recording.blocks)


def test_a_pipe_of_no_audio_is_refused():
    reader, writer = os.pipe()
    _feed(writer, b"this is a letter, not a recording")
    with os.fdopen(reader, "rb") as pipe, pytest.raises(AudioError, match="standard input"), open_pipe(pipe, 16_000):
        pass
