"""A search space is read strictly and turns into the words of a training."""

from pathlib import Path

import optuna
import pytest
import yaml

from sweeps.launch import sample
from sweeps.space import SpaceError, read_space

ROOT = Path(__file__).resolve().parents[2]
BRANCH = {
    "cnn": {"parameters": {"model.learning_rate": {"float": {"low": 0.001, "high": 0.1, "log": True}}}},
    "rawnet2": {
        "fixed": {"trainer.max_epochs": 3},
        "parameters": {"model.learning_rate": {"float": {"low": 1.0, "high": 2.0}}},
    },
}


def write(folder: Path, values: object) -> Path:
    path = folder / "space.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def words_of(path: Path, params: dict) -> list[str]:
    return read_space(path).suggest(optuna.trial.FixedTrial(params))


def test_values_become_overrides(tmp_path):
    parameters = {
        "a.b": {"float": {"low": 0.0, "high": 1.0}},
        "c": {"int": {"low": 1, "high": 9}},
        "d": {"categorical": [[1, 2], "x"]},
    }
    path = write(tmp_path, {"fixed": {"e": True, "f": "text"}, "parameters": parameters})
    words = words_of(path, {"a.b": 0.25, "c": 3, "d": "[1, 2]"})
    assert words == ["--e=true", "--f=text", "--a.b=0.25", "--c=3", "--d=[1, 2]"]


def test_a_branch_brings_only_its_own(tmp_path):
    path = write(tmp_path, {"parameters": {"network": {"branch": BRANCH}}})
    assert words_of(path, {"network": "cnn", "cnn/model.learning_rate": 0.01}) == ["--model.learning_rate=0.01"]
    words = words_of(path, {"network": "rawnet2", "rawnet2/model.learning_rate": 1.5})
    assert words == ["--trainer.max_epochs=3", "--model.learning_rate=1.5"]


def test_a_dry_run_shows_every_branch(tmp_path):
    path = write(tmp_path, {"parameters": {"network": {"branch": BRANCH}}})
    drawn = sample(read_space(path), 4)
    assert len(drawn) == 4
    assert {len(words) for words in drawn} == {1, 2}


def test_the_fingerprint_follows_the_configs(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("a: 1")
    path = write(tmp_path, {"configs": [str(config)]})
    first = read_space(path).fingerprint
    assert read_space(path).fingerprint == first
    config.write_text("a: 2")
    assert read_space(path).fingerprint != first


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"parametres": {}}, "parametres"),
        ({"configs": ["nowhere.yaml"]}, "nowhere.yaml"),
        ({"parameters": {"a": {"real": {}}}}, "real"),
        ({"parameters": {"a": 3}}, "expected one of float"),
        ({"parameters": {"a": {"float": {"low": 2.0, "high": 1.0}}}}, "nothing lies between"),
        ({"parameters": {"a": {"float": {"low": 0.0, "high": 1.0, "log": True}}}}, "logarithmic"),
        ({"parameters": {"a": {"float": {"low": "1e-3", "high": 1.0}}}}, "1.0e-3"),
        ({"parameters": {"a": {"float": {"low": 0.0}}}}, "high"),
        ({"parameters": {"a": {"int": {"low": 0, "high": 3, "steps": 2}}}}, "steps"),
        ({"parameters": {"a": {"categorical": []}}}, "list of choices"),
        ({"sampler": {"startup": 1}}, "startup"),
        (["not", "a", "mapping"], "expected keys"),
        ({"parameters": ["a"]}, "parameters: found"),
        ({"fixed": ["a"]}, "fixed: found"),
        ({"configs": "one.yaml"}, "expected a list of files"),
    ],
)
def test_mistakes_are_named(tmp_path, values, complaint):
    with pytest.raises(SpaceError, match=complaint):
        read_space(write(tmp_path, values))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpaceError, match=r"gone\.yaml"):
        read_space(tmp_path / "gone.yaml")


@pytest.mark.parametrize("path", sorted((ROOT / "sweeps" / "spaces").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_spaces_fit_the_real_config(path, tiny_corpus, monkeypatch):
    from experiments.training_config import parse

    monkeypatch.chdir(ROOT)
    for words in sample(read_space(path), 1):
        parse([*words, f"--data.corpus.init_args.root={tiny_corpus}"])
