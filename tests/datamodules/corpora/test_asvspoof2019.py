from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules.corpora.asvspoof2019 import asvspoof2019_la, asvspoof2019_pa, protocol_path
from datamodules.manifest import LeakageError, ManifestError
from datamodules.tables import TableError


@pytest.mark.realdata
def test_official_protocols_have_the_published_counts(realdata: Path) -> None:
    manifest = asvspoof2019_la(str(realdata / "asvspoof2019_la"), require_audio=False)
    counts = {
        p: (len(manifest.partition(p)), sum(t.label for t in manifest.partition(p))) for p in ("train", "dev", "eval")
    }
    assert counts == {"train": (25380, 2580), "dev": (24844, 2548), "eval": (71237, 7355)}
    attacks = {p: sorted({t.attack for t in manifest.partition(p)} - {"-"}) for p in ("train", "dev", "eval")}
    assert attacks["train"] == attacks["dev"] == [f"A{i:02d}" for i in range(1, 7)]
    assert attacks["eval"] == [f"A{i:02d}" for i in range(7, 20)]
    first = manifest.partition("train")[0]
    assert (first.speaker, first.utterance, first.path.name) == ("LA_0079", "LA_T_1138215", "LA_T_1138215.flac")


@pytest.mark.realdata
def test_official_protocols_without_audio_say_so(realdata: Path) -> None:
    with pytest.raises(ManifestError, match="121461 of 121461 audio files are missing"):
        asvspoof2019_la(str(realdata / "asvspoof2019_la"))


def write_protocols(root: Path, train: str, dev: str = "d1 D1 - - bonafide\n") -> None:
    for partition, text in (("train", train), ("dev", dev), ("eval", "e1 E1 - - bonafide\n")):
        path = protocol_path(root, partition)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_root_may_be_la_or_its_parent(tmp_path: Path) -> None:
    write_protocols(tmp_path / "LA", "s1 U1 - - bonafide\ns1 U2 - A01 spoof\n")
    below = asvspoof2019_la(str(tmp_path / "LA"), require_audio=False)
    above = asvspoof2019_la(str(tmp_path), require_audio=False)
    assert below.trials == above.trials
    assert above.trials[1].path == tmp_path / "LA/ASVspoof2019_LA_train/flac/U2.flac"


def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    write_protocols(tmp_path, "s1 U1 - - bonafide\ns1 U2 A01 spoof\n")
    with pytest.raises(TableError, match=r"train\.trn\.txt:2: found 4 columns"):
        asvspoof2019_la(str(tmp_path), require_audio=False)


def test_a_shared_speaker_leaks(tmp_path: Path) -> None:
    write_protocols(tmp_path, "s1 U1 - - bonafide\n", "s1 U2 - - bonafide\n")
    with pytest.raises(LeakageError, match="s1"):
        asvspoof2019_la(str(tmp_path), require_audio=False)


def test_a_missing_protocol_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"found no protocol.*corpus build"):
        asvspoof2019_la(str(tmp_path))


def test_la_in_miniature(miniature: Callable[..., Path]) -> None:
    manifest = asvspoof2019_la(str(miniature("asvspoof2019_la")))
    assert [(t.utterance, t.speaker, t.attack, t.partition) for t in manifest][:4] == [
        ("LA_T_1000000", "LA_T0", "-", "train"),
        ("LA_T_1000001", "LA_T1", "A01", "train"),
        ("LA_T_1000002", "LA_T0", "-", "train"),
        ("LA_D_1000000", "LA_D0", "-", "dev"),
    ]
    assert {t.corpus for t in manifest} == {manifest.name} == {"corpus"}


def test_pa_in_miniature(miniature: Callable[..., Path]) -> None:
    root = miniature("asvspoof2019_pa")
    manifest = asvspoof2019_pa(str(root), name="pa")
    assert {t.attack for t in manifest} == {"-", "AA", "AB", "CC"}
    assert {t.corpus for t in manifest} == {"pa"}
    assert manifest.trials[0].path == root / "PA/ASVspoof2019_PA_train/flac/PA_T_1000000.flac"
    with pytest.raises(ManifestError, match=r"ASVspoof2019\.LA\.cm.*found no protocol.*unzip LA\.zip"):
        asvspoof2019_la(str(root))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("s2 U3 - A01 bonafide", r"trn\.txt:3: found bona fide with the attack 'A01' of spoofed trials"),
        ("s2 U3 - A01 fake?", r"trn\.txt:3: found key 'fake\?'"),
        ("s2 U1 - - bonafide", r"trn\.txt:3: found U1 a second time"),
    ],
)
def test_contradictions_are_named(tmp_path: Path, line: str, message: str) -> None:
    write_protocols(tmp_path, f"s1 U1 - - bonafide\ns1 U2 - A01 spoof\n{line}\n")
    with pytest.raises(TableError, match=message):
        asvspoof2019_la(str(tmp_path), require_audio=False)


def test_a_spoof_without_attack_and_another_protocol_are_refused(tmp_path: Path) -> None:
    write_protocols(tmp_path, "s1 U1 - - spoof\n")
    with pytest.raises(ManifestError, match="U1: found attack '-' with key 'spoof'"):
        asvspoof2019_la(str(tmp_path), require_audio=False)
    write_protocols(tmp_path, "U1 - bonafide\n")
    with pytest.raises(TableError, match="found 3 columns, expected 5"):
        asvspoof2019_la(str(tmp_path), require_audio=False)
