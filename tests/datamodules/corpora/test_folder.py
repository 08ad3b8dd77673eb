from __future__ import annotations

from pathlib import Path

import pytest

from datamodules.corpora.folder import labelled_folder
from datamodules.manifest import LeakageError, ManifestError


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_folders_are_labels_attacks_and_speakers(tmp_path: Path) -> None:
    for name in (
        "train/real/a.wav",
        "train/fake/b 1.mp3",
        "eval/real/anna/c.flac",
        "eval/fake/tacotron/d.wav",
        "eval/notes.txt",
    ):
        touch(tmp_path / name)
    rows = [(t.utterance, t.partition, t.key, t.attack, t.speaker) for t in labelled_folder(str(tmp_path))]
    assert rows == [
        ("train/real/a.wav", "train", "bonafide", "-", "-"),
        ("train/fake/b_1.mp3", "train", "spoof", "fake", "-"),
        ("eval/real/anna/c.flac", "eval", "bonafide", "-", "anna"),
        ("eval/fake/tacotron/d.wav", "eval", "spoof", "tacotron", "-"),
    ]


def test_a_speaker_in_two_partitions_leaks(tmp_path: Path) -> None:
    touch(tmp_path / "train/real/anna/a.wav")
    touch(tmp_path / "dev/real/anna/b.wav")
    with pytest.raises(LeakageError, match="anna"):
        labelled_folder(str(tmp_path))


def test_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="found none of the folders train, dev, eval"):
        labelled_folder(str(tmp_path))
    (tmp_path / "train").mkdir()
    with pytest.raises(ManifestError, match="found no trials"):
        labelled_folder(str(tmp_path))
