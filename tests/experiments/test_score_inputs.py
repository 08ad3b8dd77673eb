"""What is scored has a name of its own, whatever names it: files and folders, a table, or a config's partition."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments.score_inputs import AudioInputs, find_audio, inputs_of, table_items, what_is_not_due
from experiments.score_ledger import Ledger


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names_of(*paths):
    return [item.utterance for item in AudioInputs.of([Path(path) for path in paths])]


def test_folders_are_searched_for_audio_in_the_order_of_paths(tmp_path):
    touch(tmp_path, "b.wav", "a.FLAC", "notes.txt", "sub/c.mp3", "sub-a/d.wav", "sub.wav")
    found = list(find_audio([tmp_path]))
    assert found == sorted(found)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "a.FLAC",
        "b.wav",
        "sub/c.mp3",
        "sub-a/d.wav",
        "sub.wav",
    ]


def test_files_are_named_apart():
    assert names_of("a/x.wav", "b/x.wav", "c/two words.wav") == ["a/x.wav", "b/x.wav", "two_words"]
    assert names_of("a b/x.wav", "a_b/x.wav", "a%20b/x.wav") == ["a%20b/x.wav", "a_b/x.wav", "a%2520b/x.wav"]


def test_a_file_given_twice_keeps_its_name_and_is_due_once():
    assert names_of("a/x.wav", "a/x.wav") == ["x", "x"]
    ledger = Ledger(AudioInputs.of([Path("a/x.wav"), Path("a/x.wav"), Path("a/y.wav")]))
    assert len(ledger) == 2
    assert [ledger.settle(name) for name in ("x", "x", "z", "y")] == [True, False, None, True]
    assert len(ledger) == 0


def test_what_is_not_due_says_whether_a_stem_became_that_of_two_files():
    inputs = AudioInputs.of([Path("a/two words.wav"), Path("b/two_words.wav"), Path("b/x.wav"), Path("b/x.wav")])
    told = what_is_not_due(inputs, "two_words")
    assert told.startswith("a score of two_words, which a/two words.wav and b/two_words.wav are both called since")
    for utterance in ("y", "x"):
        assert what_is_not_due(inputs, utterance) == f"a score of what is not among the inputs, {utterance}"
    assert "not among the inputs" in what_is_not_due(list(inputs), "two_words")


def test_a_table_names_path_key_and_attack(tmp_path):
    table = tmp_path / "trials.csv"
    table.write_text("path,key,attack\na.wav,bonafide,-\nsub/b b.wav,spoof,A 01\nc.wav,fake,\n")
    rows = [(item.path, item.utterance, item.key, item.attack) for item in inputs_of([table], None, "eval")]
    assert rows == [
        (tmp_path / "a.wav", "a.wav", "bonafide", "-"),
        (tmp_path / "sub/b b.wav", "sub/b_b.wav", "spoof", "A_01"),
        (tmp_path / "c.wav", "c.wav", "spoof", "-"),
    ]


def test_a_table_of_paths_alone_is_enough_and_parquet_is_a_table(tmp_path):
    (tmp_path / "paths.csv").write_text("path\na.wav\n")
    pd.DataFrame({"file": ["a.wav"], "utt_id": ["one"]}).to_parquet(tmp_path / "paths.parquet")
    assert [item.key for item in table_items(tmp_path / "paths.csv")] == ["-"]
    assert [item.utterance for item in table_items(tmp_path / "paths.parquet")] == ["one"]


def test_a_configs_partition_is_that_of_its_corpus(tiny_corpus, tmp_path):
    source = {"class_path": "datamodules.corpora.asvspoof2019.asvspoof2019_la", "init_args": {"root": str(tiny_corpus)}}
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"data": {"corpus": source}}))
    expected = [(t.path, t.utterance, t.key, t.attack) for t in asvspoof2019_la(str(tiny_corpus)).partition("dev")]
    items = inputs_of([], config, "dev")
    assert [(item.path, item.utterance, item.key, item.attack) for item in items] == expected


@pytest.mark.parametrize(
    ("audio", "config"),
    [([], None), (["a.wav", "t.csv"], None), (["t.csv", "u.csv"], None), (["a.wav"], "c.yaml")],
)
def test_what_is_scored_is_named_one_way(audio, config):
    with pytest.raises(ValueError, match="name one of these"):
        inputs_of([Path(name) for name in audio], config and Path(config), "eval")


@pytest.mark.parametrize(("text", "said"), [("utterance,key\na,spoof\n", "no column of paths"), ("path\n", "header")])
def test_a_table_without_paths_is_refused(tmp_path, text, said):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=said):
        table_items(tmp_path / "t.csv")


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("path,utterance\na.wav,one\nb.wav,one\n")
    with pytest.raises(ValueError, match=r"a\.wav and .*b\.wav would have one name"):
        Ledger(table_items(tmp_path / "t.csv"))


def test_nothing_to_score_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no audio file"):
        Ledger(AudioInputs.of([tmp_path]))
