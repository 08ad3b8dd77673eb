"""FLAC whose frames are damaged is refused by whatever its header still tells; FLAC with a broken header is decoded."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf

from datamodules.audio import AudioError, decode, inspect
from tests.encodings import RATE_HZ, by_libsndfile, speech_of

COUNT, MD5 = slice(22, 26), slice(26, 42)
Header = Callable[[bytes], bytes]


def as_written(flac: bytes) -> bytes:
    return flac


def without_md5(flac: bytes) -> bytes:
    return flac[: MD5.start] + bytes(16) + flac[MD5.stop :]


def to_a_pipe(flac: bytes) -> bytes:
    return flac[: COUNT.start] + bytes(20) + flac[MD5.stop :]


def twice_as_long(flac: bytes) -> bytes:
    (count,) = struct.unpack(">I", flac[COUNT])
    return flac[: COUNT.start] + struct.pack(">I", 2 * count) + flac[COUNT.stop :]


def wrong_md5(flac: bytes) -> bytes:
    return flac[: MD5.start] + b"\x17" * 16 + flac[MD5.stop :]


@pytest.fixture(scope="module")
def speech(tiny_corpus: Path) -> np.ndarray:
    return speech_of(tiny_corpus, seconds=2.5)


@pytest.mark.parametrize("header", [as_written, without_md5, to_a_pipe, twice_as_long])
def test_a_flipped_bit_in_any_frame(speech: np.ndarray, header: Header) -> None:
    flac = header(by_libsndfile(speech, "FLAC", "PCM_16"))
    first = flac.index(b"\xff\xf8")
    for bit in np.random.default_rng(0).integers(8 * first, 8 * len(flac), 60).tolist():
        flipped = bytearray(flac)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(AudioError, match=r"^flipped\.flac: found .*, expected .*; copy, download or record it"):
            decode(bytes(flipped), RATE_HZ, name="flipped.flac")


@pytest.mark.parametrize("header", [to_a_pipe, twice_as_long])
@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("channels", [1, 2])
def test_sound_frames_behind_a_broken_header(speech: np.ndarray, header: Header, subtype: str, channels: int) -> None:
    buffer = io.BytesIO()
    sf.write(buffer, np.tile(speech[:, np.newaxis], channels), RATE_HZ, format="FLAC", subtype=subtype)
    found = inspect(header(buffer.getvalue()), RATE_HZ)
    assert found.decoder == "pyav"
    assert np.array_equal(found.waveform, decode(buffer.getvalue(), RATE_HZ))


def test_an_md5_that_is_wrong_alone_is_no_damage(speech: np.ndarray) -> None:
    piped = to_a_pipe(by_libsndfile(speech, "FLAC", "PCM_16"))  # which libsndfile leaves to FFmpeg
    assert np.array_equal(decode(wrong_md5(piped), RATE_HZ), speech)


def test_the_shortfall_is_told(speech: np.ndarray) -> None:
    with pytest.raises(AudioError, match=r"found damaged FLAC that 40000 samples are missing from, beside 40000 that"):
        decode(without_md5(twice_as_long(by_libsndfile(speech, "FLAC", "PCM_16"))), RATE_HZ)


@pytest.mark.parametrize("container", ["matroska", "ogg", "mp4"])
def test_flac_in_other_containers(speech: np.ndarray, container: str) -> None:
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(by_libsndfile(speech, "FLAC", "PCM_16"))) as flac,
        av.open(buffer, "w", container) as output,
    ):
        stream = output.add_stream_from_template(flac.streams.audio[0])
        for packet in flac.demux(flac.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    assert np.array_equal(decode(buffer.getvalue(), RATE_HZ), speech)
