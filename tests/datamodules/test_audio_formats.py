from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf
import soxr

from datamodules.audio import inspect
from tests.encodings import RATE_HZ, by_ffmpeg, by_libsndfile, correlation, speech_of, video


@pytest.fixture(scope="module")
def speech(tiny_corpus: Path) -> np.ndarray:
    return speech_of(tiny_corpus)


@pytest.mark.parametrize(
    ("codec", "container", "rate_hz", "least"),
    [
        ("libopencore_amrnb", "amr", 8000, 0.8),  # vocoded: it sounds alike, its samples differ
        ("libopencore_amrnb", "3gp", 8000, 0.8),
        ("libopus", "ogg", 48000, 0.98),
        ("libopus", "webm", 48000, 0.98),
        ("libmp3lame", "mp3", 8000, 0.9),
        ("libmp3lame", "mp3", 44100, 0.98),
        ("aac", "ipod", 16000, 0.98),
        ("aac", "adts", 44100, 0.95),
        ("aac", "flv", 44100, 0.95),
        ("aac", "mpegts", 16000, 0.98),
        ("alac", "ipod", 16000, 0.999),
        ("g722", "g722", 16000, 0.98),
        ("ac3", "ac3", 48000, 0.97),
        ("pcm_s16le", "mov", 16000, 0.999),
        ("pcm_s16le", "avi", 16000, 0.999),
    ],
)
def test_speech_survives_what_ffmpeg_decodes(
    speech: np.ndarray, codec: str, container: str, rate_hz: int, least: float
) -> None:
    decoded = inspect(by_ffmpeg(speech, codec, container, rate_hz), RATE_HZ, name=f"speech.{container}")
    assert decoded.found_rate_hz == rate_hz
    assert decoded.channels == 1
    assert abs(len(decoded.waveform) - len(speech)) <= 0.15 * RATE_HZ
    assert correlation(decoded.waveform, speech) > least


@pytest.mark.parametrize(
    ("container", "subtype", "rate_hz", "least"),
    [
        *(("WAV", subtype, 16000, 0.99) for subtype in ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "MS_ADPCM")),
        ("WAV", "ULAW", 8000, 0.95),
        ("WAV", "ALAW", 8000, 0.95),
        ("WAV", "GSM610", 8000, 0.9),
        ("RF64", "PCM_16", 16000, 0.999),
        ("AIFF", "PCM_16", 16000, 0.999),
        ("CAF", "PCM_16", 16000, 0.999),
        ("W64", "PCM_16", 16000, 0.999),
        ("AU", "PCM_16", 16000, 0.999),
        ("FLAC", "PCM_24", 16000, 0.999),
        ("OGG", "VORBIS", 44100, 0.98),
        ("OGG", "OPUS", 48000, 0.98),
    ],
)
def test_speech_survives_what_libsndfile_decodes(
    speech: np.ndarray, container: str, subtype: str, rate_hz: int, least: float
) -> None:
    decoded = inspect(by_libsndfile(speech, container, subtype, rate_hz), RATE_HZ)
    assert (decoded.decoder, decoded.fallback, decoded.found_rate_hz) == ("soundfile", None, rate_hz)
    assert abs(len(decoded.waveform) - len(speech)) <= 0.05 * RATE_HZ
    assert correlation(decoded.waveform, speech) > least


@pytest.mark.parametrize("container", ["mp4", "matroska", "mov", "avi"])
def test_the_sound_of_a_video(speech: np.ndarray, container: str) -> None:
    decoded = inspect(video(speech, container), RATE_HZ)
    assert decoded.decoder == "pyav"
    assert correlation(decoded.waveform, speech) > 0.98


@pytest.mark.parametrize("layout", ["5.1", "7.1"])
def test_surround_sound_of_a_film(speech: np.ndarray, layout: str) -> None:
    # PyAV 18 looks for planes beyond the end of a list of eight: the second layout is the one that crashed.
    channels = av.AudioLayout(layout).nb_channels
    loud = np.ascontiguousarray(np.repeat(soxr.resample(speech, RATE_HZ, 48000)[:, None], channels, 1).reshape(1, -1))
    frame = av.AudioFrame.from_ndarray(loud, format="flt", layout=layout)
    frame.sample_rate = 48000
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=48000, layout=layout)
        to_planes = av.AudioResampler(format="fltp", frame_size=1024)
        for piece in [*to_planes.resample(frame), *to_planes.resample(None), None]:
            for packet in stream.encode(piece):
                output.mux(packet)
    decoded = inspect(buffer.getvalue(), RATE_HZ)
    assert decoded.channels == channels
    assert correlation(decoded.waveform, speech) > 0.95


def test_wide_band_amr_without_speech() -> None:
    # No encoder is at hand: 50 frames of type 15 ("no data") with the good-quality bit, 20 ms each (RFC 4867, 5.3).
    decoded = inspect(b"#!AMR-WB\n" + b"\x7c" * 50, RATE_HZ)
    assert (decoded.found_rate_hz, decoded.decoder, len(decoded.waveform)) == (16000, "pyav", RATE_HZ)


@pytest.mark.parametrize(("container", "subtype"), [("MP3", "MPEG_LAYER_III"), ("CAF", "ALAC_16")])
def test_what_libsndfile_would_comment_on_goes_to_ffmpeg_at_once(
    speech: np.ndarray, container: str, subtype: str
) -> None:
    decoded = inspect(by_libsndfile(speech, container, subtype), RATE_HZ)
    assert (decoded.decoder, decoded.fallback) == ("pyav", None)
    assert correlation(decoded.waveform, speech) > 0.98


def test_the_content_decides_and_not_the_name(speech: np.ndarray) -> None:
    wav = by_libsndfile(speech, "WAV", "PCM_16")
    for name in ("speech.g722", "speech.mp3", "speech", "speech.txt"):
        assert len(inspect(wav, RATE_HZ, name=name).waveform) == len(speech)


def test_why_the_first_decoder_failed_is_told(speech: np.ndarray) -> None:
    flac = bytearray(by_libsndfile(speech, "FLAC", "PCM_16"))
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)  # total samples unknown, as an encoder leaves it that writes to a pipe
    decoded = inspect(bytes(flac), RATE_HZ)
    assert decoded.decoder == "pyav"
    assert decoded.fallback == "Internal psf_fseek() failed."
    assert np.array_equal(decoded.waveform, inspect(by_libsndfile(speech, "FLAC", "PCM_16"), RATE_HZ).waveform)
    assert inspect(by_ffmpeg(speech, "aac", "ipod"), RATE_HZ).fallback == "Format not recognised."
    assert inspect(by_ffmpeg(speech, "libmp3lame", "mp3"), RATE_HZ).fallback is None  # libsndfile was not asked


def test_resampling_by_blocks_changes_no_sample() -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1 << 20) + 54321).astype(np.float32)
    buffer = io.BytesIO()
    sf.write(buffer, noise, 44100, format="WAV", subtype="FLOAT")
    assert np.array_equal(inspect(buffer.getvalue(), RATE_HZ).waveform, soxr.resample(noise, 44100, RATE_HZ))
