"""Mutated real files: each decodes to sound within its limits, or raises an error that names it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datamodules.audio import AudioError, decode
from tests.encodings import RATE_HZ, by_ffmpeg, by_libsndfile, speech_of, video
from tests.mutation import mutated

ROOT = Path(__file__).resolve().parents[2]
MAX_DURATION_S = 10.0
FORMATS = ("wav", "aiff", "flac", "vorbis", "opus", "webm", "mp3", "m4a", "aac", "amr", "g722", "mp4")
# Seeds whose mutations ask for more than eight channels, which crashed PyAV, or for a place before the start, which
# printed a stack trace.
SAVED = {"m4a": (205,), "aac": (2510, 3072, 3760), "aiff": (51, 58, 80)}
DECODES_ALL = textwrap.dedent("""
    import sys
    from pathlib import Path
    from datamodules.audio import AudioError, decode
    for path in sorted(Path(sys.argv[1]).iterdir()):
        try:
            decode(path, 16000, max_duration_s=10.0)
        except AudioError as error:
            assert str(error).startswith(str(path))
""")


@pytest.fixture(scope="module")
def real_files(tiny_corpus: Path) -> dict[str, bytes]:
    speech = speech_of(tiny_corpus, seconds=1.0)
    return {
        "wav": by_libsndfile(speech, "WAV", "PCM_16"),
        "aiff": by_libsndfile(speech, "AIFF", "PCM_16"),
        "flac": by_libsndfile(speech, "FLAC", "PCM_16"),
        "vorbis": by_libsndfile(speech, "OGG", "VORBIS"),
        "opus": by_ffmpeg(speech, "libopus", "ogg", 48000),
        "webm": by_ffmpeg(speech, "libopus", "webm", 48000),
        "mp3": by_ffmpeg(speech, "libmp3lame", "mp3"),
        "m4a": by_ffmpeg(speech, "aac", "ipod"),
        "aac": by_ffmpeg(speech, "aac", "adts"),
        "amr": by_ffmpeg(speech, "libopencore_amrnb", "amr", 8000),
        "g722": by_ffmpeg(speech, "g722", "g722"),
        "mp4": video(speech, "mp4"),
    }


@settings(
    max_examples=600,
    deadline=5000,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(kind=st.sampled_from(FORMATS), seed=st.integers(0, 2**32 - 1))
def test_sound_within_limits_or_an_error_that_names_the_file(
    real_files: dict[str, bytes], kind: str, seed: int
) -> None:
    content = mutated(real_files[kind], np.random.default_rng(seed))
    name = f"mutated.{kind}"
    refusal = None
    try:
        waveform = decode(content, RATE_HZ, name=name, max_duration_s=MAX_DURATION_S)
    except AudioError as error:
        refusal = str(error)
    if refusal is not None:
        assert refusal.startswith(f"{name}: found ")
        assert "\n" not in refusal
    else:
        assert (waveform.dtype, waveform.ndim) == (np.float32, 1)
        assert 0 < len(waveform) <= MAX_DURATION_S * RATE_HZ + 1
        assert np.abs(waveform).max() <= 1.0  # which NaN is not


def test_nothing_crashes_hangs_or_writes_to_the_terminal(tmp_path: Path, real_files: dict[str, bytes]) -> None:
    for kind, content in real_files.items():
        for seed in (*range(20), *SAVED.get(kind, ())):
            (tmp_path / f"{seed:05d}.{kind}").write_bytes(mutated(content, np.random.default_rng(seed)))
    done = subprocess.run(
        [sys.executable, "-c", DECODES_ALL, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
