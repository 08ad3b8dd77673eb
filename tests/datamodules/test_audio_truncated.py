from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from datamodules.audio import AudioError, TruncatedAudioError, decode
from tests.encodings import RATE_HZ, by_ffmpeg, by_libsndfile, speech_of, video


@pytest.fixture(scope="module")
def speech(tiny_corpus: Path) -> np.ndarray:
    return speech_of(tiny_corpus)


@pytest.mark.parametrize("container", ["WAV", "RF64", "AIFF", "W64", "AU"])
def test_seconds_there_and_seconds_promised(speech: np.ndarray, container: str) -> None:
    whole = by_libsndfile(speech, container, "PCM_16")
    with pytest.raises(
        TruncatedAudioError, match=r"cut\.wav: found 1\.0\d s of the 2\.00 s .* expected the whole file"
    ):
        decode(whole[: len(whole) // 2 + 800], RATE_HZ, name="cut.wav")


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9])
@pytest.mark.parametrize(
    ("codec", "container", "rate_hz"),
    [
        ("flac", "flac", 16000),
        ("libopus", "ogg", 48000),
        ("libopus", "webm", 48000),
        ("aac", "ipod", 16000),
        ("aac", "adts", 16000),
        ("libopencore_amrnb", "amr", 8000),
        ("libmp3lame", "mp3", 16000),
        ("libmp3lame", "mp3", 44100),
        ("pcm_s16le", "caf", 16000),
        ("pcm_s16le", "avi", 16000),
        ("pcm_alaw", "wav", 8000),
    ],
)
def test_a_file_that_ends_too_early(speech: np.ndarray, codec: str, container: str, rate_hz: int, kept: float) -> None:
    whole = by_ffmpeg(speech, codec, container, rate_hz)
    decode(whole, RATE_HZ)
    with pytest.raises(TruncatedAudioError, match=r"^cut: found .* expected the whole file"):
        decode(whole[: round(kept * len(whole)) + 1], RATE_HZ, name="cut")


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_half_a_video(speech: np.ndarray, container: str) -> None:
    whole = video(speech, container)
    with pytest.raises(TruncatedAudioError, match="bytes that its header promises"):
        decode(whole[: len(whole) // 2], RATE_HZ)


def test_a_recording_whose_index_was_never_written(speech: np.ndarray) -> None:
    m4a = by_ffmpeg(speech, "aac", "ipod")
    with pytest.raises(TruncatedAudioError, match="without the index that is written when a recording ends"):
        decode(m4a[: m4a.index(b"moov") - 4], RATE_HZ)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF024, 0x80000000])
def test_a_wav_of_unknown_length_as_written_to_a_pipe(speech: np.ndarray, size: int) -> None:
    wav = by_libsndfile(speech, "WAV", "PCM_16")
    at, unknown = wav.index(b"data") + 4, struct.pack("<I", size)
    assert len(decode(wav[:4] + unknown + wav[8:at] + unknown + wav[at + 4 :], RATE_HZ)) == len(speech)


def test_other_streams_of_unknown_length(speech: np.ndarray) -> None:
    caf = by_ffmpeg(speech, "pcm_s16le", "caf")
    at = caf.index(b"data") + 4
    au = by_libsndfile(speech, "AU", "PCM_16")
    for stream in (
        caf[:at] + b"\xff" * 8 + caf[at + 8 :],
        au[:8] + b"\xff" * 4 + au[12:],
        by_ffmpeg(speech, "libopus", "matroska", 48000, {"live": "1"}),
        by_ffmpeg(speech, "aac", "mp4", 16000, {"movflags": "frag_keyframe+empty_moov"}),
        by_ffmpeg(speech, "libmp3lame", "mp3", 16000, {"write_xing": "0"}),
    ):
        assert abs(len(decode(stream, RATE_HZ)) - len(speech)) <= 0.15 * RATE_HZ


def test_a_capture_that_ends_between_two_pages(speech: np.ndarray) -> None:
    ogg = by_ffmpeg(speech, "libopus", "ogg", 48000)
    assert 0.9 * len(speech) < len(decode(ogg[: ogg.rindex(b"OggS")], RATE_HZ)) <= len(speech)


@pytest.mark.parametrize("tail", [b"TAG" + b"x" * 125, bytes(500)], ids=["id3v1", "zeros"])
@pytest.mark.parametrize(("codec", "container"), [("libmp3lame", "mp3"), ("flac", "flac"), ("aac", "adts")])
def test_what_follows_the_sound_is_not_sound(speech: np.ndarray, codec: str, container: str, tail: bytes) -> None:
    whole = by_ffmpeg(speech, codec, container)
    assert abs(len(decode(whole + tail, RATE_HZ)) - len(decode(whole, RATE_HZ))) <= 0.15 * RATE_HZ


def test_a_broken_flac_header_is_not_a_truncated_file(speech: np.ndarray) -> None:
    flac = bytearray(by_libsndfile(speech, "FLAC", "PCM_16"))
    flac[22:26] = struct.pack(">I", 2 * len(speech))  # libsndfile refuses it, yet every packet decodes
    assert np.array_equal(decode(bytes(flac), RATE_HZ), speech)


def test_a_flac_file_that_lost_a_frame_is_damaged(speech: np.ndarray) -> None:
    flac = by_libsndfile(speech, "FLAC", "PCM_16")
    first_frame = flac.index(b"\xff\xf8")
    with pytest.raises(AudioError, match="found 1 of 9 packets that do not decode"):
        decode(flac[:first_frame] + b"junk" * 9 + flac[first_frame:], RATE_HZ)
