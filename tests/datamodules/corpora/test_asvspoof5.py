"""ASVspoof 5 in miniature: .tsv files that spaces separate, codecs in eval only."""

import pytest

from datamodules.corpora.asvspoof5 import asvspoof5
from datamodules.manifest import ManifestError
from datamodules.tables import TableError


def test_rows(miniature):
    manifest = asvspoof5(str(miniature("asvspoof5")))
    assert [(t.utterance, t.speaker, t.attack, t.codec, t.partition) for t in manifest] == [
        ("T_0000000000", "T_0000", "A05", "none", "train"),
        ("T_0000000001", "T_0001", "-", "none", "train"),
        ("D_0000000000", "D_0000", "A11", "none", "dev"),
        ("D_0000000001", "D_0001", "-", "none", "dev"),
        ("E_0000000000", "E_0000", "A27", "C05", "eval"),
        ("E_0000000001", "E_0001", "A27", "none", "eval"),
        ("E_0000000002", "E_0002", "-", "C11", "eval"),
    ]
    assert {t.corpus for t in manifest} == {"asvspoof5"}


def test_protocols_may_lie_in_a_folder_of_their_own(miniature):
    root = miniature("asvspoof5")
    before = asvspoof5(str(root)).trials
    (root / "ASVspoof5_protocols").mkdir()
    for protocol in root.glob("*.tsv"):
        protocol.rename(root / "ASVspoof5_protocols" / protocol.name)
    assert asvspoof5(str(root)).trials == before


def test_missing_protocols_and_audio_are_named(miniature):
    root = miniature("asvspoof5")
    (root / "flac_D" / "D_0000000001.flac").unlink()
    with pytest.raises(ManifestError, match="1 of 7 audio files are missing"):
        asvspoof5(str(root))
    (root / "ASVspoof5.train.tsv").unlink()
    with pytest.raises(ManifestError, match=r"train\.tsv: found no protocol, .*ASVspoof5_protocols\.tar\.gz"):
        asvspoof5(str(root))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (" A05 spoof -", " A05 spoof", r"train\.tsv:2: found 10 columns .*expected 9"),
        ("bonafide bonafide", "bonafide genuin", r"train\.tsv:2: found key 'genuin'"),
    ],
)
def test_broken_lines_are_named(miniature, old, new, message):
    root = miniature("asvspoof5")
    path = root / "ASVspoof5.train.tsv"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(TableError, match=message):
        asvspoof5(str(root))
