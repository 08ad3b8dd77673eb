from __future__ import annotations

from collections import Counter
from collections.abc import Callable
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


def test_real_and_fake_at_once_are_all_eval(miniature: Callable[..., Path]) -> None:
    manifest = labelled_folder(str(miniature("labelled_folder")), name="fakeavceleb")
    assert len(manifest.partition("eval")) == len(manifest) == 24
    assert Counter(t.attack for t in manifest) == {"-": 12, "real_time_voice_cloning": 4, "fake": 8}
    assert manifest.trial("real/id00166/00001.wav").speaker == "id00166"
    assert {t.corpus for t in manifest} == {"fakeavceleb"}


def test_shares_keep_speakers_and_the_fakes_of_a_recording_together(miniature: Callable[..., Path]) -> None:
    shares = {"train": 0.5, "dev": 0.25, "eval": 0.25}
    manifest = labelled_folder(str(miniature("labelled_folder")), shares=shares)
    homes: dict[str, set[str]] = {}
    for trial in manifest:
        homes.setdefault(trial.path.stem, set()).add(trial.partition)
    assert len(homes) == 12
    assert all(len(partitions) == 1 for partitions in homes.values())


def test_shares_beside_partition_folders_are_refused(tmp_path: Path) -> None:
    touch(tmp_path / "train/real/a.wav")
    with pytest.raises(ManifestError, match="folders that say the partitions already"):
        labelled_folder(str(tmp_path), shares={"train": 1.0})


def test_partitions_in_other_words_and_cases(tmp_path: Path) -> None:
    for name in ("train/real/a.wav", "Dev/Real/b.wav", "validation/FAKE/c.webm", "Test/fake/d.aiff"):
        touch(tmp_path / name)
    rows = [(trial.path.name, trial.partition, trial.attack) for trial in labelled_folder(str(tmp_path))]
    assert rows == [
        ("a.wav", "train", "-"),
        ("b.wav", "dev", "-"),
        ("c.webm", "dev", "fake"),
        ("d.aiff", "eval", "fake"),
    ]


@pytest.mark.parametrize("beside", ["holdout/fake", "fake"])
def test_what_is_in_no_partition_beside_others_is_told(tmp_path: Path, beside: str) -> None:
    touch(tmp_path / "train/real/a.wav")
    touch(tmp_path / "notes/a.wav")
    assert len(labelled_folder(str(tmp_path))) == 1
    touch(tmp_path / beside / "a.wav")
    with pytest.raises(ManifestError, match=r"found `real` or `fake` outside the partitions \(train\), expected"):
        labelled_folder(str(tmp_path))
