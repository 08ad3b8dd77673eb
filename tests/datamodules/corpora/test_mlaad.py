"""MLAAD in miniature: bars, quotes that nobody closes, and M-AILABS beside it."""

import shutil

import pytest

from datamodules.corpora.mlaad import mlaad
from datamodules.manifest import ManifestError
from datamodules.tables import TableError

VITS = "tts_models_en_ljspeech_vits"


def test_systems_are_attacks_and_readers_speakers(miniature):
    manifest = mlaad(str(miniature("mlaad")))
    assert len(manifest.partition("eval")) == len(manifest) == 21
    spoof = manifest.trial(f"fake/en/{VITS}/mary_ann_01_f000001.wav")
    assert (spoof.attack, spoof.speaker, spoof.duration_s, spoof.corpus) == (VITS, "-", 2.2, "mlaad")
    readers = [t.speaker for t in manifest if t.label]
    assert readers == ["eva_k", "mary_ann", "elliot_miller", "obruchov", "tux", "zeckou", "-"]
    assert {t.duration_s for t in manifest if t.label} == {None}


def test_a_reader_and_what_was_synthesised_after_them_stay_together(miniature):
    manifest = mlaad(str(miniature("mlaad")), shares={"train": 0.7, "dev": 0.15, "eval": 0.15})
    homes: dict[str, set[str]] = {}
    for trial in manifest:
        homes.setdefault(trial.path.name, set()).add(trial.partition)
    assert all(len(partitions) == 1 for partitions in homes.values())
    assert homes["mary_ann_01_f000001.wav"] == {"eval"}
    assert homes["eva_k_01_f000001.wav"] == {"train"}


def test_bona_fide_may_come_from_elsewhere(miniature):
    root = miniature("mlaad")
    assert sum(t.label for t in mlaad(str(root), m_ailabs=None)) == 0
    shutil.rmtree(root / "M-AILABS")
    with pytest.raises(ManifestError, match=r"M-AILABS: found no recordings, .*holds no bona fide"):
        mlaad(str(root))


def test_what_is_missing_is_named(miniature, tmp_path):
    root = miniature("mlaad")
    (root / "fake" / "en" / VITS / "tux_01_f000001.wav").unlink()
    with pytest.raises(ManifestError, match=r"1 of 21 audio files are missing .*tux_01"):
        mlaad(str(root))
    (root / "fake" / "en" / VITS / "meta.csv").unlink()
    with pytest.raises(ManifestError, match=rf"meta\.csv: found no list of what {VITS} synthesised"):
        mlaad(str(root))
    with pytest.raises(ManifestError, match="found no folders `fake/<language>/<system>`"):
        mlaad(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("|vits|", "|", r"meta\.csv:2: found 8 columns"),
        ("|2.0|", "|long|", r"meta\.csv:2: found 'long', expected a number"),
        ("|2.0|", "|-2.0|", r"meta\.csv:2: found a duration of -2\.0 s"),
        ("path|", "file|", "found no column `path`"),
    ],
)
def test_broken_lists_are_told(miniature, old, new, message):
    root = miniature("mlaad")
    path = root / "fake" / "en" / VITS / "meta.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(TableError, match=message):
        mlaad(str(root))


def test_a_file_that_is_listed_twice_is_told_by_its_lines(miniature):
    root = miniature("mlaad")
    path = root / "fake" / "en" / VITS / "meta.csv"
    lines = path.read_text().split("\n")
    path.write_text("\n".join([*lines[:3], *lines[1:]]))
    with pytest.raises(TableError, match=r"meta\.csv:4: found .*\.wav a second time, after .*meta\.csv:2"):
        mlaad(str(root))
