"""The data section alone gives the corpus, and says what is wrong with it."""

import pytest

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments.data_config import read_corpus


def test_the_same_corpus_as_the_function_gives(place):
    assert read_corpus(place.folder / "data.yaml").digest == asvspoof2019_la(str(place.corpus)).digest


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("model: {}", "no section `data`"), ("data: {corpse: 1}", "corpse"), ("{", "not readable"), ("[1]", "no section")],
)
def test_mistakes_are_named(tmp_path, text, complaint):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read_corpus(tmp_path / "c.yaml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.yaml"):
        read_corpus(tmp_path / "gone.yaml")
