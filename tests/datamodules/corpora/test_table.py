"""A table of somebody's own, as CSV and as Parquet."""

import pandas as pd
import pytest

from datamodules.corpora.mixture import mixture
from datamodules.corpora.table import table
from datamodules.manifest import LeakageError, ManifestError
from datamodules.tables import TableError


def test_rows(miniature):
    manifest = table(str(miniature("table") / "trials.csv"))
    assert [len(manifest.partition(p)) for p in ("train", "dev", "eval")] == [3, 3, 3]
    assert manifest.name == "trials"
    rows = [(t.utterance, t.speaker, t.attack, t.codec, t.duration_s, t.corpus) for t in manifest.partition("dev")]
    assert rows == [
        ("clips_of_val/4,_real.wav", "speaker 1", "-", "-", None, "trials"),
        ("clips_of_val/5,_fake.wav", "speaker 1", "Tortoise_TTS", "-", 2.0, "trials"),
        ("clips_of_val/6,_fake.wav", "speaker 1", "spoof", "-", None, "trials"),
    ]


def test_parquet_is_read_alike(miniature):
    root = miniature("table")
    frame = pd.read_csv(root / "trials.csv")
    frame["Label"] = frame["Label"].astype("category")
    frame.to_parquet(root / "trials.parquet")
    assert table(str(root / "trials.parquet")).trials == table(str(root / "trials.csv")).trials


def test_names_of_its_own_and_another_root(miniature, tmp_path):
    root = miniature("table")
    listed = tmp_path / "list.tsv"
    listed.write_text(
        f"file\tid\tkey\nclips of train/1, real.wav\tu 1\treal\n{root}/clips of val/5, fake.wav\tu2\tfake\n"
    )
    manifest = table(str(listed), root=str(root), name="mine")
    assert [(t.utterance, t.partition) for t in manifest] == [("u_1", "eval"), ("u2", "eval")]
    assert manifest.name == "mine"
    manifest.check_files()


def test_shares_split_speakers(tmp_path):
    rows = [f"{i}.wav,{'real' if i < 30 else 'fake'},s{i % 30}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["path,key,speaker", *rows]))
    manifest = table(str(tmp_path / "t.csv"), shares={"train": 0.5, "dev": 0.25, "eval": 0.25}, require_audio=False)
    assert all(len(manifest.partition(p)) > 4 for p in ("train", "dev", "eval"))


def test_missing_audio_is_named(miniature):
    root = miniature("table")
    (root / "clips of val" / "4, real.wav").unlink()
    with pytest.raises(ManifestError, match="1 of 9 audio files are missing"):
        table(str(root / "trials.csv"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key,speaker\nreal,a\n", "found no column of paths"),
        ("a.wav,A01,spoof\n", "found no column of paths"),
        ("path,speaker\na.wav,b\n", "found no column for the key"),
        ("path,key\na.wav,1\n", r"t\.csv:2: found key '1'"),
        (
            "path,key,split\na.wav,real,train\nb.wav,real,holdout\n",
            r"t\.csv:3: found partition 'holdout', expected one",
        ),
        ("path,key,duration\na.wav,real,long\n", r"t\.csv:2: found 'long', expected a number"),
        ("path,key,duration\na.wav,real,-2.0\n", r"t\.csv:2: found a duration of -2\.0 s"),
        ("path,key,duration\na.wav,real,nan\n", r"t\.csv:2: found a duration of nan s"),
        ("path,key\na.wav,real\n,fake\n", r"t\.csv:3: found no path, expected one in each row"),
        ("path,key,id\na.wav,real,\n", r"t\.csv:2: found no name of the utterance"),
        ("path,key\na.wav,real\nb.wav,real\na.wav,fake\n", r"t\.csv:4: found a\.wav a second time, after .*:2"),
        ("path,key\na.wav,real\nb.wav\n", r"t\.csv:3: found 1 columns"),
    ],
)
def test_tables_that_are_none(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(TableError, match=message):
        table(str(tmp_path / "t.csv"), require_audio=False)


def test_shares_beside_partitions_and_leaks_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("path,key,split,speaker\na.wav,real,train,anna\nb.wav,fake,dev,anna\n")
    with pytest.raises(TableError, match="found shares, but a column that says the partitions"):
        table(str(tmp_path / "t.csv"), shares={"train": 1.0}, require_audio=False)
    with pytest.raises(LeakageError, match="anna"):
        table(str(tmp_path / "t.csv"), require_audio=False)


def test_columns_that_are_not_known_are_noted_and_what_they_may_be_meant_for(tmp_path):
    (tmp_path / "t.csv").write_text("path,key,Splitt,transcript\na.wav,real,train,hello\n")
    manifest = table(str(tmp_path / "t.csv"), require_audio=False)
    told = "found columns that are not known and not used: splitt (is it meant for split?), transcript"
    assert manifest.notes == (f"{tmp_path / 't.csv'}: {told}",)
    assert manifest.remembering(tmp_path).notes == mixture([manifest]).notes == manifest.notes
