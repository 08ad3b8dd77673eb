from __future__ import annotations

import hashlib
import shutil
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from datamodules.manifest import LeakageError, Manifest, ManifestError, Trial


@pytest.fixture
def trials(tmp_path: Path) -> list[Trial]:
    rows = [
        Trial("T1", tmp_path / "1.flac", "anna", "-", "bonafide", "train"),
        Trial("T2", tmp_path / "2.flac", "anna", "M01", "spoof", "train"),
        Trial("D1", tmp_path / "3.flac", "ben", "-", "bonafide", "dev"),
        Trial("E1", tmp_path / "4.flac", "cleo", "M09", "spoof", "eval"),
    ]
    for index, row in enumerate(rows):
        row.path.write_bytes(bytes([index]) * 100)
    return rows


def test_partitions_labels_and_lookup(trials: list[Trial]) -> None:
    manifest = Manifest(trials)
    assert [t.utterance for t in manifest.partition("train")] == ["T1", "T2"]
    assert [t.label for t in manifest] == [1, 0, 1, 0]
    assert manifest.trial("E1") is trials[3]
    assert manifest[1] is trials[1]
    assert len(manifest) == 4
    with pytest.raises(ManifestError, match="'test', expected one of train, dev, eval"):
        manifest.partition("test")
    with pytest.raises(ManifestError, match="no utterance 'X'"):
        manifest.trial("X")


def test_trials_are_immutable(trials: list[Trial]) -> None:
    with pytest.raises(FrozenInstanceError):
        trials[0].key = "spoof"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key": "genuine"}, "key 'genuine'"),
        ({"partition": "test"}, "partition 'test'"),
        ({"attack": "M01"}, "attack 'M01'"),
    ],
)
def test_unknown_words_are_refused_with_the_utterance(trials: list[Trial], change: dict[str, str], told: str) -> None:
    with pytest.raises(ManifestError, match=f"T1: found {told}.*expected"):
        replace(trials[0], **change)  # type: ignore[arg-type]


def test_file_digests_are_sha256_of_whole_files(trials: list[Trial]) -> None:
    assert Manifest(trials).file_digests["D1"] == hashlib.sha256(b"\x02" * 100).hexdigest()


def test_digest_survives_a_move_and_a_new_order(trials: list[Trial], tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    others = []
    for trial in reversed(trials):
        shutil.copy(trial.path, moved)
        others.append(replace(trial, path=moved / trial.path.name))
    assert Manifest(others).digest == Manifest(trials).digest


@pytest.mark.parametrize("field", ["utterance", "speaker", "codec"])
def test_digest_sees_every_column(trials: list[Trial], field: str) -> None:
    before = Manifest(trials).digest
    assert Manifest([replace(trials[0], **{field: "other"}), *trials[1:]]).digest != before  # type: ignore[arg-type]


@pytest.mark.parametrize("known", [{"corpus": "other"}, {"duration_s": 1.5}])
def test_digest_identifies_trials_wherever_they_come_from(trials: list[Trial], known: dict[str, object]) -> None:
    told = [replace(trial, **known) for trial in trials]  # type: ignore[arg-type]
    assert Manifest(told, weights={"other": 1.0}).digest == Manifest(trials).digest


def test_digest_sees_the_last_byte_of_a_file(trials: list[Trial]) -> None:
    before = Manifest(trials).digest
    trials[3].path.write_bytes(b"\x03" * 99 + b"\x04")
    assert Manifest(trials).digest != before


def test_shared_speakers_leak_but_unknown_ones_do_not(trials: list[Trial]) -> None:
    Manifest(trials).check_disjoint()
    leaking = Manifest([*trials, replace(trials[2], utterance="D2", speaker="anna")])
    with pytest.raises(
        LeakageError, match=r"found 1 speaker in .*anna in dev\+train.*such as anna in .*\(dev\), .*\(train\)"
    ):
        leaking.check_disjoint()
    Manifest([replace(trial, speaker="-") for trial in trials]).check_disjoint()


def test_repeated_utterances(trials: list[Trial]) -> None:
    with pytest.raises(LeakageError, match=r"found 1 utterance in more than one partition.*T1"):
        Manifest([*trials, replace(trials[0], partition="eval")])
    with pytest.raises(ManifestError, match=r"found 1 utterance more than once .*T1"):
        Manifest([*trials, trials[0]])


def test_missing_files_are_named_and_counted(trials: list[Trial], tmp_path: Path) -> None:
    gone = [replace(trials[0], utterance=f"X{i}", path=tmp_path / f"gone{i}.flac") for i in range(9)]
    with pytest.raises(ManifestError, match=r"9 of 13 audio files are missing .*gone0\.flac.* and 4 more"):
        Manifest([*trials, *gone]).check_files()
    with pytest.raises(ManifestError, match="missing"):
        _ = Manifest([*trials, *gone]).digest


def test_an_empty_manifest_is_refused() -> None:
    with pytest.raises(ManifestError, match="found no trials"):
        Manifest([])
