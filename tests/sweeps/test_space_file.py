"""A space's YAML is read strictly: what contradicts itself is refused, and the error says how to mend it."""

from pathlib import Path

import pytest
import yaml

from sweeps.pruners import Hyperband, Median, NoPruner, Patient
from sweeps.samplers import Nsga2, Tpe
from sweeps.settings import SpaceError
from sweeps.space_file import parse_space, read_space

X = {"x": {"float": {"low": 0.0, "high": 1.0}}}
TWO = {"a": {"float": {"low": 0.0, "high": 1.0}}, "b": {"int": {"low": 1, "high": 3}}}
CHOICE = {"net": {"branch": {"one": {"parameters": X}, "two": {}}}}
SEVERAL = ["dev/eer", "latency_ms"]


def parse(values: object):
    return parse_space(yaml.safe_dump(values), "here")


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"parametres": {}}, "did you mean parameters"),
        ({"configs": ["nowhere.yaml"]}, "nowhere.yaml"),
        ({"parameters": {"a": {"real": {}}}}, "real"),
        ({"parameters": {"a": 3}}, "expected one of float"),
        ({"parameters": {"a": {"float": {"low": 2.0, "high": 1.0}}}}, "nothing lies between"),
        ({"parameters": {"a": {"float": {"low": 0.0, "high": float("inf")}}}}, "nothing lies between"),
        ({"parameters": {"a": {"float": {"low": 0.0, "high": 1.0, "log": True}}}}, "logarithmic"),
        ({"parameters": {"a": {"float": {"low": 1.0, "high": 2.0, "log": True, "step": 0.1}}}}, "step 0.1 on a log"),
        ({"parameters": {"a": {"int": {"low": 1, "high": 2, "step": 0}}}}, "above 0"),
        ({"parameters": {"a": {"float": {"low": "1e-3", "high": 1.0}}}}, "1.0e-3"),
        ({"parameters": {"a": {"int": {"low": 0.5, "high": 3}}}}, "a whole number"),
        ({"parameters": {"a": {"float": {"low": 0.0}}}}, "high"),
        ({"parameters": {"a": {"int": {"low": 0, "high": 3, "steps": 2}}}}, "did you mean step"),
        ({"parameters": {"a": {"categorical": []}}}, "list of different choices"),
        ({"parameters": {"a": {"categorical": [1, 1]}}}, "list of different choices"),
        ({"parameters": {"a": {"categorical": {"b": 1}}}}, "list of choices"),
        ({"parameters": {"a": {"branch": {}}}}, "at least one"),
        ({"parameters": {"a": {"branch": {True: {}}}}}, "put quotes"),
        ({"sampler": {"startup": 1}}, "did you mean startup_trials"),
        ({"sampler": {"kind": "tpee"}}, "did you mean tpe"),
        ({"sampler": {"kind": "random", "startup_trials": 3}}, "random: unknown startup_trials"),
        ({"sampler": {"startup_trials": "3"}}, "a whole number"),
        ({"sampler": {"startup_trials": -1}}, "0 or more"),
        ({"pruner": {"kind": "hyperband", "min_epochs": 5, "max_epochs": 4}}, "5 or more"),
        ({"pruner": {"kind": "wilcoxon"}}, "paired instances"),
        (["not", "a", "mapping"], "expected keys"),
        ({"parameters": ["a"]}, "parameters: found"),
        ({"fixed": ["a"]}, "fixed: found"),
        ({"configs": "one.yaml"}, "expected a list of files"),
        ({"constraints": "a < b"}, "expected a list of expressions"),
        ({"constraints": ["a("]}, "constraint 'a\\('"),
        ({"fixed": {"x": 1}, "parameters": X}, "x is set twice"),
        ({"fixed": {"x": 1}, "parameters": CHOICE}, "x is set twice"),
        ({"parameters": {**CHOICE, "other": {"branch": {"on": {"fixed": {"x": 1}}}}}}, "x is set twice"),
        ({"objective": "dev/err"}, "did you mean dev/eer"),
        ({"objective": ["dev/eer", "dev/eer"]}, "twice"),
        ({"objective": "latency_ms"}, "a measure of dev first"),
        ({"limits": {"latency": 3}}, "did you mean latency_ms"),
        ({"limits": {"latency_ms": 0}}, "above 0"),
        ({"objective": SEVERAL, "pruner": {}}, "several objectives put no trial before another"),
        ({"sampler": {"kind": "gp"}, "parameters": TWO, "pruner": {"kind": "median"}}, "complete trials alone"),
        ({"sampler": {"kind": "gp"}, "parameters": CHOICE}, "below a branch"),
        ({"sampler": {"kind": "qmc"}, "parameters": CHOICE}, "below a branch"),
        ({"sampler": {"kind": "cmaes"}, "parameters": X}, "two or more"),
        ({"sampler": {"kind": "cmaes"}, "parameters": TWO, "objective": SEVERAL}, "one measure alone"),
        ({"sampler": {"kind": "cmaes"}, "parameters": TWO, "limits": {"size_mb": 1}}, "beyond the limits"),
        ({"sampler": {"kind": "grid"}, "parameters": TWO}, "give a a `step`"),
        ({"sampler": {"kind": "grid"}, "parameters": {"b": TWO["b"]}, "enqueue": [{"b": 1}]}, "leave out enqueue"),
    ],
)
def test_mistakes_are_named(values, complaint):
    with pytest.raises(SpaceError, match=complaint):
        parse(values)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpaceError, match=r"gone\.yaml"):
        read_space(tmp_path / "gone.yaml")


def test_the_text_of_a_space_is_all_that_another_machine_needs(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(yaml.safe_dump({"parameters": CHOICE, "constraints": ["x < 1"], "limits": {"size_mb": 1}}))
    space = read_space(path)
    assert parse_space(space.text, "the study") == space


def test_short_forms_are_tpe_and_the_median_rule():
    space = parse({"sampler": {"startup_trials": 4, "seed": 1}, "pruner": {"startup_trials": 2, "warmup_epochs": 5}})
    assert space.sampler == Tpe(startup_trials=4, seed=1)
    assert space.pruner == Median(startup_trials=2, warmup_epochs=5)
    assert space.objective.measures == ("dev/eer",)


@pytest.mark.parametrize(
    ("values", "pruner"),
    [
        ({}, Median()),
        ({"pruner": {"kind": "none"}}, NoPruner()),
        ({"pruner": {"kind": "patient", "patience": 4, "warmup_epochs": 1}}, Patient(patience=4, warmup_epochs=1)),
        ({"pruner": {"kind": "hyperband", "max_epochs": 9}}, Hyperband(max_epochs=9)),
        ({"objective": SEVERAL}, NoPruner()),
        ({"sampler": {"kind": "gp"}, "parameters": TWO}, NoPruner()),
        ({"objective": SEVERAL, "pruner": {"kind": "none"}}, NoPruner()),
    ],
)
def test_pruners_fit_what_is_searched_for(values, pruner):
    assert parse(values).pruner == pruner


def test_several_objectives_are_read():
    space = parse({"objective": [*SEVERAL, "size_mb"], "limits": {"dev/eer": 0.3}, "sampler": {"kind": "nsga2"}})
    assert space.objective.measures == ("dev/eer", "latency_ms", "size_mb")
    assert space.objective.limits == {"dev/eer": 0.3}
    assert isinstance(space.sampler, Nsga2)


def test_shipped_spaces_are_read(monkeypatch):
    root = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(root)
    for path in (root / "sweeps" / "spaces").glob("*.yaml"):
        assert read_space(path).root.parameters or read_space(path).root.branches
