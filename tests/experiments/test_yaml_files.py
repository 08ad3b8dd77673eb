"""A key that stands twice in a YAML is refused with its lines, since one of the two would be lost."""

import pytest

from experiments.gate_file import read_gate
from experiments.yaml_files import parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3\n", r"here: line 3: found 'a' once more, which stands in line 1 already"),
        ("a:\n  - x: {b: 1}\n  - x:\n      b: 1\n      'b': 2\n", "line 5: found 'b' .* line 4"),
        ("a: &part {b: 1, b: 2}\nc: {<<: *part}\n", "line 1: found 'b'"),
        ("a: [", "here: not readable as YAML"),
    ],
)
def test_what_would_be_lost_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_yaml(text, "here")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", None),
        ("a: {b: 1}\nc: {b: 1}\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("1: a\n'1': b\n", {1: "a", "1": "b"}),
        ("a: &part {b: 1, c: 2}\nd: {<<: *part, b: 3}\n", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
    ],
)
def test_all_else_is_yaml_s(text, values):
    assert parse_yaml(text, "here") == values


def test_a_file_is_named(tmp_path):
    path = tmp_path / "gate.yaml"
    with pytest.raises(ValueError, match=r"gate\.yaml: there is no such file, expected a YAML; check the path"):
        read_yaml(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ValueError, match=r"gate\.yaml: not readable"):
        read_yaml(path)
    path.write_text("max_eer: 0.1\nmax_eer: 0.9\n")
    with pytest.raises(ValueError, match=r"gate\.yaml: line 2: found 'max_eer' once more"):
        read_gate(path)
