"""ASVspoof 2021 in miniature: keys apart from the audio, a subset column, three sources in DF."""

import shutil

import pytest

from datamodules.corpora.asvspoof2021 import asvspoof2021_df, asvspoof2021_la
from datamodules.manifest import ManifestError
from datamodules.tables import TableError


def test_la_takes_the_eval_subset(miniature):
    root = miniature("asvspoof2021_la")
    manifest = asvspoof2021_la(str(root))
    assert [(t.utterance, t.speaker, t.attack, t.codec, t.partition) for t in manifest] == [
        ("LA_E_9332881", "LA_0009", "A07", "alaw", "eval"),
        ("LA_E_6866159", "LA_0009", "-", "none", "eval"),
        ("LA_E_8877452", "LA_0012", "A17", "opus", "eval"),
        ("LA_E_4828681", "LA_0012", "-", "gsm", "eval"),
    ]
    assert {t.corpus for t in manifest} == {manifest.name} == {"asvspoof2021_la"}
    assert asvspoof2021_la(str(root), subset="progress").trials[0].utterance == "LA_E_5464494"
    with pytest.raises(TableError, match="the subsets there are: eval, hidden_track, progress"):
        asvspoof2021_la(str(root), subset="hidden")


def test_df_knows_its_sources_systems(miniature):
    manifest = asvspoof2021_df(str(miniature("asvspoof2021_df")))
    assert [(t.speaker, t.attack, t.codec, t.label) for t in manifest] == [
        ("TEF2", "Task1-team20", "low_m4a", 0),
        ("TGF1", "Task2-team12", "mp3m4a", 0),
        ("LA_0043", "-", "nocodec", 1),
        ("VCC2SF1", "-", "high_ogg", 1),
    ]


def test_root_may_be_the_audio_and_the_keys_elsewhere(miniature):
    root = miniature("asvspoof2021_df")
    inner = asvspoof2021_df(str(root / "ASVspoof2021_DF_eval"), keys=str(root / "keys"))
    assert inner.trials == asvspoof2021_df(str(root)).trials


def test_missing_keys_and_audio_are_named(miniature):
    root = miniature("asvspoof2021_la")
    (root / "ASVspoof2021_LA_eval" / "flac" / "LA_E_9332881.flac").unlink()
    with pytest.raises(ManifestError, match=r"1 of 4 audio files are missing .*LA_E_9332881\.flac"):
        asvspoof2021_la(str(root))
    assert len(asvspoof2021_la(str(root), require_audio=False)) == 4
    shutil.rmtree(root / "keys")
    with pytest.raises(ManifestError, match=r"trial_metadata\.txt: found no protocol, .*LA-keys-full\.tar\.gz"):
        asvspoof2021_la(str(root))


def test_the_keys_of_another_track_are_refused(miniature):
    root = miniature("asvspoof2021_df")
    shutil.copytree(root / "keys" / "DF", root / "keys" / "LA")
    with pytest.raises(TableError, match="found 13 columns, expected 8; is it the protocol of another corpus"):
        asvspoof2021_la(str(root))
