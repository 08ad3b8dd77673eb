"""pyproject.toml, conda.yaml and requirements.lock pin the same versions."""

import re
import tomllib
from itertools import takewhile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


def pins(lines: list[str]) -> dict[str, str]:
    """Return name and version of each `name[extras]==version ; marker` line."""
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^\s;]+)", line) for line in lines)
    return {match[1].lower().replace("_", "-"): match[2] for match in found if match}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_dependency_is_pinned():
    assert len(pins(project()["dependencies"])) == len(project()["dependencies"])


def test_conda_has_the_same_pins_all_under_pip():
    dependencies = yaml.safe_load((ROOT / "conda.yaml").read_text())["dependencies"]
    (pip,) = (entry["pip"] for entry in dependencies if isinstance(entry, dict))
    assert pins(pip) == pins(project()["dependencies"])
    assert [entry for entry in dependencies if isinstance(entry, str)] == ["python=3.11", "pip"]


def test_lock_resolves_the_same_pins_and_names_no_index():
    text = (ROOT / "requirements.lock").read_text()
    locked = pins(text.splitlines())
    wanted = pins(project()["dependencies"] + project()["optional-dependencies"]["dev"])
    assert {name: locked.get(name) for name in wanted} == wanted
    assert "://" not in text
    assert "--" not in text


def test_mlproject_uses_conda_yaml_and_real_commands():
    from experiments.cli import COMMANDS

    entries = yaml.safe_load((ROOT / "MLproject").read_text())
    assert entries["conda_env"] == "conda.yaml"
    assert {"train", "sweep", "evaluate", "promote"} <= set(entries["entry_points"])
    for entry in entries["entry_points"].values():
        assert re.match(r"python -m experiments\.cli (\S+)", entry["command"])[1] in COMMANDS


def test_mlproject_asks_for_nothing_that_there_is_not(capsys):
    from experiments.cli import main

    for name, entry in yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"].items():
        _, _, _, command, *words = entry["command"].split()
        with pytest.raises(SystemExit):
            main([command, *takewhile(str.isalpha, words), "--help"])
        told = capsys.readouterr().out
        assert [word for word in words if word.startswith("--") and word not in told] == [], name
        assert set(re.findall(r"{(\w+)}", entry["command"])) == set(entry["parameters"]), name
