from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf

from datamodules.audio import AudioError, decode, require_min_duration

RATE_HZ = 16000


def tone(duration_s: float, rate_hz: int = RATE_HZ, frequency_hz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(round(duration_s * rate_hz)) / rate_hz)


def encoded(waveform: np.ndarray, codec: str, container: str, rate_hz: int = RATE_HZ) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(waveform.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return buffer.getvalue()


def pitch_hz(waveform: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))) * RATE_HZ / len(waveform))


def test_16_bit_wav_is_exact(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32767, 4000, dtype=np.int16)
    sf.write(tmp_path / "a.wav", samples, RATE_HZ, subtype="PCM_16")
    decoded = decode(tmp_path / "a.wav", RATE_HZ)
    assert decoded.dtype == np.float32
    assert np.array_equal(decoded, samples / np.float32(32768))


@pytest.mark.parametrize(
    ("codec", "container", "name"),
    [
        ("libmp3lame", "mp3", "an-mp3-named.wav"),
        ("aac", "ipod", "a.m4a"),
        ("libopus", "ogg", "a.opus"),
        ("g722", "g722", "a.g722"),
        ("flac", "flac", "a.flac"),
    ],
)
def test_common_formats_keep_pitch_level_and_length(tmp_path: Path, codec: str, container: str, name: str) -> None:
    (tmp_path / name).write_bytes(encoded(tone(2.0), codec, container))
    decoded = decode(tmp_path / name, RATE_HZ)
    assert abs(len(decoded) / RATE_HZ - 2.0) < 0.13  # AAC pads with up to two frames of 64 ms
    middle = decoded[RATE_HZ // 2 : RATE_HZ * 3 // 2]
    assert pitch_hz(middle) == pytest.approx(440.0, abs=2.0)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_eight_channels_at_96_khz_are_averaged_and_resampled(tmp_path: Path) -> None:
    mono = tone(1.0, 96000)
    # Gains that average to one half: only averaging over all eight gives half the amplitude.
    sf.write(tmp_path / "a.wav", mono[:, None] * np.linspace(0.0, 1.0, 8), 96000, subtype="FLOAT")
    decoded = decode(tmp_path / "a.wav", RATE_HZ)
    assert decoded.shape == (RATE_HZ,)
    assert np.abs(decoded[1000:-1000]).max() == pytest.approx(0.25, rel=0.01)
    assert pitch_hz(decoded) == pytest.approx(440.0, abs=1.0)


def test_bytes_decode_like_the_file(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.flac", tone(0.5), RATE_HZ)
    assert np.array_equal(decode((tmp_path / "a.flac").read_bytes(), RATE_HZ), decode(tmp_path / "a.flac", RATE_HZ))


def test_codec_overshoot_is_clipped() -> None:
    buffer = io.BytesIO()
    sf.write(buffer, 1.5 * tone(0.5) / 0.5, RATE_HZ, format="WAV", subtype="FLOAT")
    decoded = decode(buffer.getvalue(), RATE_HZ)
    assert decoded.max() == 1.0
    assert decoded.min() == -1.0


def wav_bytes(samples: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, samples, RATE_HZ, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty file"),
        (b"Dear diary, today I renamed a text file to .wav and nobody noticed.\n" * 20, "do not decode as audio"),
        (wav_bytes(np.array([0.1, np.nan, 0.2])), "1 NaN or infinite"),
        (wav_bytes(np.array([0.1, np.inf, -np.inf])), "2 NaN or infinite"),
        (wav_bytes(np.zeros(0)), "no audio samples"),
        (wav_bytes(np.array([0.0, 20000.0])), "samples up to 20000"),
        (wav_bytes(np.zeros(RATE_HZ * 11)), "11 s of audio"),
    ],
    ids=["empty", "text", "nan", "inf", "no-samples", "integers-as-floats", "too-long"],
)
def test_bad_input_is_named_in_one_line(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match="expected") as caught:
        decode(path, RATE_HZ, max_duration_s=10.0)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert found in message
    assert "\n" not in message


def test_too_long_for_the_second_decoder_as_well() -> None:
    with pytest.raises(AudioError, match="found 5 s of audio, expected at most 2 s"):
        decode(encoded(tone(5.0), "aac", "ipod"), RATE_HZ, name="a.m4a", max_duration_s=2.0)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"gone\.wav: found nothing"):
        decode(tmp_path / "gone.wav", RATE_HZ)
    with pytest.raises(AudioError, match="found a folder"):
        decode(tmp_path, RATE_HZ)


def test_ten_milliseconds_decode_but_are_refused_for_scoring() -> None:
    decoded = decode(wav_bytes(tone(0.010)), RATE_HZ, name="blip.wav")
    assert decoded.shape == (160,)
    require_min_duration(decoded, RATE_HZ, 0.010, "blip.wav")
    with pytest.raises(AudioError, match=r"blip\.wav: found 10 ms of audio, expected at least 100 ms"):
        require_min_duration(decoded, RATE_HZ, 0.1, "blip.wav")
