"""A name stands for one space: what is searched, in which resolved config, on which audio; not how it is written."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sweeps.check import check
from sweeps.constraints import BaseConfigs
from sweeps.identity import FINGERPRINT, Identity, OtherSpaceError, claim, identify, numbered_name
from sweeps.space import Space
from sweeps.space_file import parse_space
from sweeps.study import open_study

DEBUG = Path(__file__).resolve().parents[2] / "experiments" / "configs" / "debug.yaml"
RATE = {"model.learning_rate": {"float": {"low": 0.001, "high": 0.1}}}


@pytest.fixture
def identity_of(place, tmp_path):
    def identified(corpus: Path = place.corpus, debug: Path = DEBUG, **top: object) -> Identity:
        values = {
            "configs": [str(place.folder / "data.yaml"), str(debug)],
            "fixed": {"data.corpus.init_args.root": str(corpus), "data.cache_dir": str(tmp_path / "cache")},
            "parameters": RATE,
            **top,
        }
        space = parse_space(yaml.safe_dump(values), "here")
        return identify(space, check(space, BaseConfigs()))

    return identified


def test_where_things_lie_makes_no_difference(identity_of, place, tmp_path):
    first = identity_of()
    copy = tmp_path / place.corpus.name
    copy.mkdir()
    (copy / "LA").symlink_to(place.corpus / "LA")
    debug = tmp_path / "another_name.yaml"
    shutil.copyfile(DEBUG, debug)
    said = identity_of(copy, debug, sampler={"kind": "tpe", "startup_trials": 5}, objective=["dev/eer"])
    assert said.differences(first) == []
    assert said.fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("top", "line"),
    [
        ({"pruner": {"startup_trials": 9}}, "pruner.startup_trials: 3 -> 9"),
        ({"limits": {"size_mb": 2}}, "limits.size_mb: (not there) -> 2"),
        ({"constraints": ["model.learning_rate < 1"]}, 'constraints: (not there) -> ["model.learning_rate < 1"]'),
        ({"enqueue": [{}]}, "enqueue: [] -> [{}]"),
    ],
)
def test_what_is_searched_and_how_makes_a_difference(identity_of, top, line):
    assert identity_of(**top).differences(identity_of()) == [line]


def test_a_changed_config_makes_a_difference(identity_of, tmp_path):
    values = yaml.safe_load(DEBUG.read_text())
    values["model"]["frontend"]["init_args"]["n_mels"] = 24
    changed = tmp_path / "debug.yaml"
    changed.write_text(yaml.safe_dump(values))
    found = identity_of(debug=changed)
    assert found.differences(identity_of()) == ["model.frontend.init_args.n_mels: 20 -> 24"]
    assert found.fingerprint != identity_of().fingerprint


def test_changed_audio_makes_a_difference(identity_of, place, tmp_path):
    copy = tmp_path / place.corpus.name
    shutil.copytree(place.corpus, copy)
    next(copy.rglob("*.flac")).write_bytes(b"other")
    (line,) = identity_of(copy).differences(identity_of())
    assert line.startswith("data digest: ")


def identity(**values: object) -> Identity:
    return Identity({"space": values})


@pytest.fixture
def storage(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'o.db'}"


def claimed(name: str, storage: str, space: Space, found: Identity) -> None:
    claim(open_study(name, storage, space), space, found)


SPACE = parse_space(yaml.safe_dump({"parameters": RATE}), "here")


def test_another_space_is_refused_with_the_difference(storage):
    claimed("s", storage, SPACE, identity(a=1, b=[1, 2], c="x" * 99))
    claimed("s", storage, SPACE, identity(a=1, b=[1, 2], c="x" * 99))
    with pytest.raises(OtherSpaceError, match=r"a: 1 -> 2\n  b: \[1, 2\] -> \(not there\)\n  c: x+… -> y\n") as error:
        claimed("s", storage, SPACE, identity(a=2, c="y"))
    assert "--name" in str(error.value)
    assert "--new" in str(error.value)


def test_long_differences_are_cut(storage):
    claimed("s", storage, SPACE, identity(**{f"key{number}": 0 for number in range(30)}))
    with pytest.raises(OtherSpaceError, match="and 18 more"):
        claimed("s", storage, SPACE, identity(**{f"key{number}": 1 for number in range(30)}))


def test_long_values_are_shown_from_where_they_differ():
    (line,) = identity(a="x" * 99 + "1").differences(identity(a="x" * 99 + "2"))
    assert line == f"a: …{'x' * 20}2 -> …{'x' * 20}1"


def test_a_difference_of_several_options_is_told_once():
    now, before = ({"one": {"rate": value}, "two": {"rate": value, "size": 1}} for value in (2, 1))
    assert Identity(now).differences(Identity(before)) == ["rate: 1 -> 2   (one; two)"]


def test_a_study_has_what_another_machine_needs(storage):
    found = identity(a=1)
    study = open_study("s", storage, SPACE)
    claim(study, SPACE, found)
    assert study.user_attrs["space"] == SPACE.text
    assert study.user_attrs[FINGERPRINT] == found.fingerprint
    assert parse_space(study.user_attrs["space"], "study") == SPACE


def test_names_are_numbered_until_one_fits(storage):
    other = replace(SPACE, text="other")
    assert numbered_name("s", storage, identity(a=1)) == "s"
    claimed("s", storage, SPACE, identity(a=1))
    assert numbered_name("s", storage, identity(a=1)) == "s"
    assert numbered_name("s", storage, identity(a=2)) == "s-2"
    claimed("s-2", storage, other, identity(a=2))
    assert numbered_name("s", storage, identity(a=2)) == "s-2"
    assert numbered_name("s", storage, identity(a=3)) == "s-3"
