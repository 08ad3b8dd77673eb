"""Files that are not sound, or made to harm: each ends in an error that names it, soon and in little memory."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from datamodules.audio import AudioError, decode, inspect
from tests.encodings import RATE_HZ, by_ffmpeg, by_libsndfile, video

ROOT = Path(__file__).resolve().parents[2]
TONE = (0.3 * np.sin(np.arange(RATE_HZ) / 20.0)).astype(np.float32)
DECODES_WITHIN = textwrap.dedent("""
    import resource, sys
    from datamodules.audio import AudioError, decode
    content = open(sys.argv[1], "rb").read()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        decode(content, 16000, name="bomb", max_duration_s=30.0)
    except AudioError as error:
        print(error)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
""")


def wav_with(rate_hz: int = RATE_HZ, channels: int = 1, samples: bytes = bytes(4000)) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * channels * 2 & 0xFFFFFFFF, channels * 2 & 0xFFFF, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def flac_of_unknown_length(minutes: float) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, np.zeros(round(minutes * 60 * 8000), np.int16), 8000, format="FLAC")
    content = bytearray(buffer.getvalue())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    return bytes(content)


def mp4_with_a_table_of(samples: int) -> bytes:
    content = bytearray(by_ffmpeg(TONE, "aac", "ipod"))
    for name, entry in (("stsz", (1, samples)), ("stsc", (1, 1, samples, 1)), ("stts", (1, samples, 1024))):
        struct.pack_into(f">{len(entry)}I", content, content.index(name.encode()) + 8, *entry)
    return bytes(content)


def mp4_with_keys(number: int) -> bytes:
    def box(name: bytes, *parts: bytes) -> bytes:
        return struct.pack(">I4s", 8 + sum(map(len, parts)), name) + b"".join(parts)

    handler = box(b"hdlr", bytes(8), b"mdta", bytes(13))
    keys = box(b"keys", bytes(4), struct.pack(">I", number), bytes(16))
    return box(b"ftyp", b"isom\x00\x00\x02\x00isom") + box(b"moov", box(b"meta", bytes(4), handler, keys))


def wav_with_a_note_of(size: int) -> bytes:
    note = b"INFOISFT" + struct.pack("<I", size) + bytes(40)
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 0x55, 1, RATE_HZ, 2000, 1, 0)
    body += b"LIST" + struct.pack("<I", 0x7FFFFFFF) + note
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>" * 9, "do not decode as audio"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(500), "do not decode as audio"),
        (b"%PDF-1.7\n" + np.random.default_rng(0).bytes(9000), "do not decode as audio"),
        (np.random.default_rng(1).bytes(9000), "do not decode as audio"),
        (b"\xff\xfb" + np.random.default_rng(2).bytes(9000), "do not decode as audio"),
        (bytes(9000), "do not decode as audio"),
        (b"R", "do not decode as audio"),
        (video(None, "mp4"), "no sound in it, streams: video"),
        (video(None, "matroska"), "no sound in it, streams: video"),
        (wav_with(samples=b""), "no audio samples"),
        (wav_with(rate_hz=0), "found"),
        (wav_with(rate_hz=10), "a sample rate of 10 Hz"),
        (wav_with(rate_hz=1_000_000_000), "a sample rate of 1000000000 Hz"),
        (wav_with(channels=0), "found"),
        (wav_with(channels=65), "65 channels, expected 1 to 64"),
        (wav_with(channels=60_000), "found"),
        (
            by_libsndfile(TONE, "FLAC", "PCM_16")[:21] + b"\xff" * 5 + by_libsndfile(TONE, "FLAC", "PCM_16")[26:],
            "found",
        ),
    ],
    ids=[
        *("html", "png", "pdf", "random", "random-mp3", "zeros", "one-byte", "silent-mp4", "silent-mkv", "no-samples"),
        *("rate-0", "rate-10", "rate-1e9", "channels-0", "channels-65", "channels-60000"),
        "flac-of-2^36-samples",
    ],
)
def test_no_sound_in_it(content: bytes, found: str) -> None:
    with pytest.raises(AudioError, match="expected") as caught:
        decode(content, RATE_HZ, name="upload.wav")
    assert str(caught.value).startswith("upload.wav: found ")
    assert found in str(caught.value)


@pytest.mark.parametrize(
    "playlist",
    [b"ffconcat version 1.0\nfile neighbour.wav\n", b"#EXTM3U\n#EXTINF:1,\nneighbour.wav\n#EXT-X-ENDLIST\n"],
    ids=["concat", "hls"],
)
def test_a_playlist_opens_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, playlist: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    Path("neighbour.wav").write_bytes(by_libsndfile(TONE, "WAV", "PCM_16"))
    with pytest.raises(AudioError, match="do not decode as audio"):
        decode(playlist, RATE_HZ)


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(AudioError, match=r"large\.wav: found more than 1073741824 bytes"):
        decode(path, RATE_HZ)
    with pytest.raises(AudioError, match="found more than 100 bytes"):
        decode(wav_with(), RATE_HZ, max_bytes=100)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.wav").write_bytes(wav_with())
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioError, match=r"a\.wav: found a file that cannot be read .*Permission denied"):
        decode(tmp_path / "a.wav", RATE_HZ)


def test_names_that_no_file_system_takes_and_things_that_are_no_files() -> None:
    with pytest.raises(AudioError, match="cannot be read"):
        decode("a" * 5000 + ".wav", RATE_HZ)
    with pytest.raises(AudioError, match="found nothing"):
        decode("a\0.wav", RATE_HZ)
    with pytest.raises(AudioError, match="found a device or a pipe"):
        decode("/dev/zero", RATE_HZ)


def test_a_tag_in_no_known_alphabet(tmp_path: Path) -> None:
    webm = by_ffmpeg(TONE, "libopus", "webm", 48000)
    assert b"Lavf" in webm
    assert inspect(webm.replace(b"Lavf", b"\xff\xfe\xe9\xe8"), RATE_HZ).decoder == "pyav"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (flac_of_unknown_length(240.0), "expected at most 30 s"),
        (by_ffmpeg(np.zeros(600 * RATE_HZ, np.float32), "libopus", "ogg", 48000), "found 600 s of audio"),
        (by_ffmpeg(np.zeros(600 * RATE_HZ, np.float32), "libopus", "webm", 48000), "found 600 s of audio"),
        (mp4_with_a_table_of(2**28), "found"),
        (mp4_with_keys(2**28), "found"),
        (wav_with_a_note_of(2**31 - 16), "found"),
    ],
    ids=["flac", "opus", "webm", "mp4-table", "mp4-keys", "wav-note"],
)
def test_a_bomb_takes_neither_memory_nor_time(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "bomb").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", DECODES_WITHIN, str(tmp_path / "bomb")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    error, megabytes = done.stdout.splitlines()
    assert told in error
    assert int(megabytes) < 150
