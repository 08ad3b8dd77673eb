"""The data section alone gives the corpus, and says what is wrong with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments.data_config import read_corpus
from experiments.training_config import parse

CONFIGS = Path(__file__).resolve().parents[2] / "experiments" / "configs"
SHIPPED = {path: yaml.safe_load(path.read_text()) for path in sorted(CONFIGS.glob("*.yaml"))}
DATA = {path.stem: values["data"]["corpus"] for path, values in SHIPPED.items() if "corpus" in values.get("data", {})}


def corpora(source: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """Function and root folder of a corpus in a config, or of each corpus in a mixture."""
    arguments = source["init_args"]
    for inner in arguments.get("corpora", ()):
        yield from corpora(inner)
    if "corpora" not in arguments:
        root = arguments["root"] if "root" in arguments else Path(arguments["path"]).parent
        yield source["class_path"].rpartition(".")[2], Path(root)


@pytest.mark.parametrize("name", DATA)
def test_every_shipped_data_config_reads_its_layout(name, miniature, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sources = list(corpora(DATA[name]))
    for function, root in sources:
        miniature(function, root)
    config = CONFIGS / f"{name}.yaml"
    corpus = read_corpus(config)
    corpus.check_files()
    assert len(corpus.partition("eval")) > 0
    assert len({trial.corpus for trial in corpus}) == len(sources)
    assert parse(["--config", str(config), "--config", str(CONFIGS / "cnn.yaml")]).datamodule.corpus.name == corpus.name


def test_a_mixture_is_read_with_its_weights(miniature, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for function, root in corpora(DATA["mixture"]):
        miniature(function, root)
    corpus = read_corpus(CONFIGS / "mixture.yaml")
    assert corpus.weights == {"asvspoof2019_la": 0.5, "mlaad": 0.5, "in_the_wild": 0.0}
    assert {trial.corpus for trial in corpus.partition("train")} == {"asvspoof2019_la", "mlaad"}


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
