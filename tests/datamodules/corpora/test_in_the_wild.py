"""In-the-Wild in miniature: one CSV, names with spaces and commas, no partitions of its own."""

import pytest

from datamodules.corpora.in_the_wild import in_the_wild
from datamodules.manifest import ManifestError
from datamodules.tables import TableError


def test_all_is_eval(miniature):
    root = miniature("in_the_wild")
    manifest = in_the_wild(str(root))
    assert len(manifest.partition("eval")) == len(manifest) == 10
    assert [(t.utterance, t.speaker, t.attack, t.key) for t in manifest][6:8] == [
        ("6.wav", "Martin Luther King, Jr.", "spoof", "spoof"),
        ("7.wav", "Martin Luther King, Jr.", "-", "bonafide"),
    ]
    assert {t.corpus for t in manifest} == {"in_the_wild"}
    assert in_the_wild(str(root / "release_in_the_wild")).trials == manifest.trials


def test_shares_keep_speakers_whole(miniature):
    manifest = in_the_wild(str(miniature("in_the_wild")), shares={"train": 0.7, "dev": 0.15, "eval": 0.15})
    assert [len({t.speaker for t in manifest.partition(p)}) for p in ("train", "dev", "eval")] == [2, 2, 1]


def test_too_few_speakers_for_the_shares(miniature):
    with pytest.raises(ManifestError, match="found no bonafide trial in eval, which 0 of 5 groups went to"):
        in_the_wild(str(miniature("in_the_wild")), shares={"train": 0.99, "eval": 0.01})


def test_what_is_missing_is_named(miniature):
    root = miniature("in_the_wild")
    (root / "release_in_the_wild" / "3.wav").unlink()
    with pytest.raises(ManifestError, match=r"1 of 10 audio files are missing .*3\.wav"):
        in_the_wild(str(root))
    (root / "release_in_the_wild" / "meta.csv").unlink()
    with pytest.raises(ManifestError, match=r"meta\.csv: found no list .*release_in_the_wild\.zip"):
        in_the_wild(str(root))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Alec Guinness,spoof", "Alec,Guinness,spoof", r"meta\.csv:2: found 4 columns"),
        ("bona-fide", "1", r"meta\.csv:3: found key '1'"),
        ('Jr."', "Jr.", r"meta\.csv:8: found a quote that its line does not close"),
        ("file,speaker,label\n", "", "found no column of paths, expected a first line that names the columns"),
    ],
)
def test_broken_lists_are_told(miniature, old, new, message):
    root = miniature("in_the_wild")
    path = root / "release_in_the_wild" / "meta.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(TableError, match=message):
        in_the_wild(str(root))
