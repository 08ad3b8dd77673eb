"""A search space and a trial turn into the words of a training."""

import pytest
import yaml
from optuna.trial import FixedTrial

from sweeps.samplers import random_trials
from sweeps.space import Space
from sweeps.space_file import parse_space

BRANCH = {
    "cnn": {"parameters": {"model.learning_rate": {"float": {"low": 0.001, "high": 0.1, "log": True}}}},
    "rawnet2": {
        "fixed": {"trainer.max_epochs": 3},
        "parameters": {
            "model.learning_rate": {"float": {"low": 1.0, "high": 2.0}},
            "filters": {
                "branch": {"few": {"fixed": {"taps": 3}}, "many": {"parameters": {"taps": {"categorical": [5, 7]}}}}
            },
        },
        "constraints": ["taps < 7"],
    },
}


def space_of(**values: object) -> Space:
    return parse_space(yaml.safe_dump(values), "space")


def words_of(space: Space, params: dict) -> list[str]:
    return space.draw(FixedTrial(params)).words


def test_values_become_overrides():
    parameters = {
        "a.b": {"float": {"low": 0.0, "high": 1.0}},
        "c": {"int": {"low": 1, "high": 9}},
        "d": {"categorical": [[1, 2], "x", None, {"g": True}]},
    }
    space = space_of(fixed={"e": True, "f": "text"}, parameters=parameters)
    words = words_of(space, {"a.b": 0.25, "c": 3, "d": "[1, 2]"})
    assert words == ["--e=true", "--f=text", "--a.b=0.25", "--c=3", "--d=[1, 2]"]
    assert words_of(space, {"a.b": 0.25, "c": 3, "d": '"x"'})[-1] == "--d=x"
    assert words_of(space, {"a.b": 0.25, "c": 3, "d": "null"})[-1] == "--d=null"
    assert words_of(space, {"a.b": 0.25, "c": 3, "d": '{"g": true}'})[-1] == '--d={"g": true}'


def test_a_branch_brings_only_its_own():
    space = space_of(parameters={"network": {"branch": BRANCH}})
    assert words_of(space, {"network": "cnn", "cnn/model.learning_rate": 0.01}) == ["--model.learning_rate=0.01"]
    inner = {
        "network": "rawnet2",
        "rawnet2/model.learning_rate": 1.5,
        "rawnet2/filters": "many",
        "rawnet2/many/taps": "5",
    }
    draw = space.draw(FixedTrial(inner))
    assert draw.words == ["--taps=5", "--trainer.max_epochs=3", "--model.learning_rate=1.5"]
    assert draw.options == {"network": "rawnet2", "filters": "many"}
    assert draw.label == "rawnet2, many"
    assert [condition.text for condition in draw.conditions] == ["taps < 7"]


def test_configs_come_before_all_values(tmp_path):
    names = [tmp_path / f"{name}.yaml" for name in "abc"]
    for path in names:
        path.write_text("")
    branches = {
        f"of_{name}": {"branch": {"only": {"configs": [str(path)], "fixed": {name: 1}}}}
        for name, path in zip("bc", names[1:], strict=True)
    }
    words = words_of(space_of(configs=[str(names[0])], parameters=branches), {"of_b": "only", "of_c": "only"})
    assert words == [*(word for path in names for word in ("--config", str(path))), "--b=1", "--c=1"]


def test_every_option_is_covered():
    space = space_of(parameters={"network": {"branch": BRANCH}, "other": {"branch": {"on": {}, "off": {}}}})
    taken = {item for options in space.root.coverings() for item in options.items()}
    assert taken == {
        ("network", "cnn"),
        ("network", "rawnet2"),
        ("rawnet2/filters", "few"),
        ("rawnet2/filters", "many"),
        ("other", "on"),
        ("other", "off"),
    }
    assert len(list(space.root.routes())) == 6
    assert space_of().root.coverings() == [{}]


def test_parameters_have_the_names_that_optuna_knows():
    space = space_of(parameters={"network": {"branch": BRANCH}, "x": {"int": {"low": 0, "high": 1}}})
    study = random_trials(0)
    for options in space.root.routes():
        study.enqueue_trial(options)
        trial = study.ask()
        space.draw(trial)
        assert set(trial.params) == {*options, *space.root.parameters_of(options)}


@pytest.mark.parametrize(
    ("objective", "fixed", "words"),
    [
        ("dev/eer", {}, []),
        ("dev/min_dcf", {}, ["--early_stopping.monitor=dev/min_dcf"]),
        (["dev/loss", "size_mb"], {}, ["--early_stopping.monitor=dev/loss"]),
        ("dev/min_dcf", {"early_stopping.monitor": "dev/eer"}, ["--early_stopping.monitor=dev/eer"]),
    ],
)
def test_what_is_searched_for_picks_the_epoch(objective, fixed, words):
    space = parse_space(yaml.safe_dump({"objective": objective, "fixed": fixed, "pruner": {"kind": "none"}}), "here")
    assert space.draw(FixedTrial({})).words == words
