"""A space's YAML is read strictly: what contradicts itself is refused, and the error says how to mend it."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from sweeps.pruners import Hyperband, Median, NoPruner, Patient
from sweeps.samplers import Nsga2, Tpe
from sweeps.settings import SpaceError
from sweeps.space import Space, Subspace
from sweeps.space_file import parse_space, read_space

X = {"x": {"float": {"low": 0.0, "high": 1.0}}}
TWO = {"a": {"float": {"low": 0.0, "high": 1.0}}, "b": {"int": {"low": 1, "high": 3}}}
CHOICE = {"net": {"branch": {"one": {"parameters": X}, "two": {}}}}
RATE = {"float": {"low": 0.0, "high": 1.0}}
INNER = {"branch": {"n": {"parameters": {"s": {"branch": {"p": {}, "q": {}}}}}, "m": {}}}
INNER_OTHER = {"branch": {"n": {"parameters": {"s": {"branch": {"u": {}, "v": {}}}}}, "m": {}}}
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
        ({"parameters": {"a": {"float": {"low": 0.0}}}}, "a: float: needs low and high; found low$"),
        ({"parameters": {"a": {"int": None}}}, "a: int: needs low and high; found nothing$"),
        ({"parameters": {"a": {"float": {"low": 0.1, "high": 1.0, "step": 0.2}}}}, "expected 0.9 or 1.1$"),
        ({"parameters": {"a": {"float": {"low": 0, "high": 1, "step": 0.3}}}}, "expected 0.9 or 1.2$"),
        ({"parameters": {"a": {"int": {"low": 8, "high": 100, "step": 16}}}}, "expected 88 or 104$"),
        ({"parameters": {"a": {"float": {"low": 0.0, "high": 1.0, "step": float("nan")}}}}, "step nan, expected"),
        ({"fixed": {"seed_everything": 1}}, "here: seed_everything is not for a space to set: .*--reseed-top"),
        ({"parameters": {"data.seed": {"int": {"low": 1, "high": 3}}}}, "data.seed is .*a seed of its own"),
        ({"fixed": {"data": {"crop_s": 1.0, "seed": 3}}}, "data.seed is not for a space"),
        ({"parameters": {"trainer": {"categorical": [{"logger": True}]}}}, "trainer.logger is not for a space"),
        ({"fixed": {"trainer.enable_progress_bar": True}}, "tells how far"),
        ({"fixed": {"name": "mine"}}, "named by its number"),
        ({"parameters": {"net": {"branch": {"one": {"fixed": {"ckpt": "last"}}}}}}, "here: net: one: ckpt is not"),
        ({"fixed": {3: 1}}, "found 3, expected a word"),
        ({"parameters": {"a": {"int": {"low": 0, "high": 3, "steps": 2}}}}, "did you mean step"),
        ({"parameters": {"a": {"categorical": []}}}, "list of different choices"),
        ({"parameters": {"a": {"categorical": [1, 1]}}}, "list of different choices"),
        ({"parameters": {"a": {"categorical": [1, 2.0, 1.0, True]}}}, "found 1, 2.0, 1.0, true, .*1 and 1.0 are the"),
        ({"parameters": {"a": {"categorical": [[1, {"b": 2}], [1.0, {"b": 2.0}]]}}}, "list of different choices"),
        ({"parameters": {"a": {"categorical": [date(2026, 1, 1)]}}}, "put quotes around it"),
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
        ({"parameters": {"a": INNER, "b": INNER_OTHER}}, "here: s is set twice for the same trial: rename one of the"),
        (
            {"parameters": {"a": INNER, "b": {"branch": {"m": {"parameters": {"s": RATE}}}}}},
            "s is set twice .*: rename",
        ),
        ({"objective": "dev/err"}, "did you mean dev/eer"),
        ({"objective": ["dev/eer", "dev/eer"]}, "twice"),
        ({"objective": "latency_ms"}, "a measure of dev first"),
        ({"limits": {"latency": 3}}, "did you mean latency_ms"),
        ({"limits": {"latency_ms": 0}}, "above 0"),
        ({"limits": {"size_mb": float("nan")}}, "found nan, expected a number above 0"),
        ({"limits": {"size_mb": float("inf")}}, "found inf, expected a number above 0"),
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


def test_a_key_that_stands_twice_is_refused_with_its_line():
    with pytest.raises(SpaceError, match="here: line 3: found 'fixed' once more, which stands in line 1"):
        parse_space("fixed: {a: 1}\nparameters: {}\nfixed: {b: 2}\n", "here")


def test_a_section_left_empty_is_one_left_out():
    sections = ("configs", "fixed", "parameters", "constraints", "sampler", "pruner", "objective", "limits", "enqueue")
    empty = parse_space("".join(f"{section}:\n" for section in sections), "here")
    assert replace(empty, text="") == Space(Subspace())


def test_like_named_branches_under_one_branch_are_no_two_of_one_trial():
    one = {"branch": {"n": {"parameters": {"s": {"branch": {"p": {}}}}}, "m": {"parameters": {"s": RATE}}}}
    assert parse({"parameters": {"a": one}}).root.branches.keys() == {"a"}


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
