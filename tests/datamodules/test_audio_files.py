"""What is in a folder: links are followed, loops end, and nothing that is there is left out in silence."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datamodules.audio import decode
from datamodules.audio_files import AUDIO_SUFFIXES, audio_files
from datamodules.corpora.folder import labelled_folder
from datamodules.minispoof.recordings import folder_speech
from datamodules.noise import list_noise
from experiments.score_inputs import find_audio
from tests.encodings import RATE_HZ, by_ffmpeg, by_libsndfile


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in audio_files(folder)]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder with one recording of its own and one behind a link."""
    touch(tmp_path / "elsewhere" / "deep" / "b.flac")
    touch(tmp_path / "here" / "a.WAV")
    (tmp_path / "here" / "link").symlink_to(tmp_path / "elsewhere")
    return tmp_path / "here"


def test_links_are_followed(linked: Path) -> None:
    assert names(linked) == ["a.WAV", "link/deep/b.flac"]


def test_every_list_of_audio_is_this_one(linked: Path, tmp_path: Path) -> None:
    assert list_noise(linked) == list(find_audio([linked])) == audio_files(linked)
    for label in ("real", "fake"):
        (tmp_path / "corpus" / label).mkdir(parents=True)
        (tmp_path / "corpus" / label / "anna").symlink_to(linked)
    assert len(labelled_folder(str(tmp_path / "corpus"))) == 4
    for speaker in "abc":
        (tmp_path / "speech" / speaker).mkdir(parents=True)
        (tmp_path / "speech" / speaker / "session").symlink_to(linked)
    assert len(folder_speech(tmp_path / "speech", "en", 0).recordings) == 6


def test_loops_end(tmp_path: Path) -> None:
    touch(tmp_path / "one" / "a.wav")
    touch(tmp_path / "two" / "b.wav")
    (tmp_path / "one" / "to_two").symlink_to(tmp_path / "two")
    (tmp_path / "two" / "to_one").symlink_to(tmp_path / "one")
    (tmp_path / "one" / "itself").symlink_to(".")
    assert names(tmp_path / "one") == ["a.wav", "to_two/b.wav"]


def test_what_is_hidden_or_no_audio_is_left_out(tmp_path: Path) -> None:
    for name in ("a.wav", "._a.wav", ".trash/b.wav", "notes.txt"):
        touch(tmp_path / name)
    assert names(tmp_path) == ["a.wav"]
    assert names(tmp_path / "nowhere") == []


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "speaker").symlink_to(tmp_path / "unmounted")
    with pytest.raises(OSError, match=r"speaker: found a link to .*unmounted, which is not there"):
        audio_files(tmp_path)


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = os.scandir

    def closed(folder: Path) -> Any:
        if Path(folder).name == "closed":  # root, who runs the tests in a container, would list it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return listed(folder)

    touch(tmp_path / "closed" / "a.wav")
    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(OSError, match=r"closed: found a folder that cannot be listed \(Permission denied\)"):
        audio_files(tmp_path)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".w64", lambda x: by_libsndfile(x, "W64", "PCM_16")),
        (".au", lambda x: by_libsndfile(x, "AU", "PCM_16")),
        (".caf", lambda x: by_libsndfile(x, "CAF", "PCM_16")),
        (".sph", lambda x: by_libsndfile(x, "NIST", "PCM_16")),
        (".aac", lambda x: by_ffmpeg(x, "aac", "adts")),
        (".amr", lambda x: by_ffmpeg(x, "libopencore_amrnb", "amr", 8000)),
        (".3gp", lambda x: by_ffmpeg(x, "aac", "3gp")),
        (".ac3", lambda x: by_ffmpeg(x, "ac3", "ac3", 48000)),
        (".webm", lambda x: by_ffmpeg(x, "libopus", "webm", 48000)),
        (".mkv", lambda x: by_ffmpeg(x, "libopus", "matroska", 48000)),
        (".avi", lambda x: by_ffmpeg(x, "libmp3lame", "avi")),
        (".flv", lambda x: by_ffmpeg(x, "libmp3lame", "flv", 44100)),
        (".ts", lambda x: by_ffmpeg(x, "aac", "mpegts")),
    ],
)
def test_what_decodes_is_found(suffix, content):
    noise = np.random.default_rng(0).standard_normal(RATE_HZ, dtype=np.float32) / 20
    assert len(decode(content(noise), RATE_HZ)) >= RATE_HZ
    assert suffix in AUDIO_SUFFIXES
