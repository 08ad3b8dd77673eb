"""Baselines are written with config keys, and become what Optuna knows."""

import optuna
import pytest
import yaml

from sweeps.settings import SpaceError
from sweeps.space_file import parse_space

PARAMETERS = {
    "rate": {"float": {"low": 0.0, "high": 1.0, "step": 0.1}},
    "net": {
        "branch": {
            "cnn": {
                "fixed": {"depth": 3},
                "parameters": {
                    "width": {"categorical": [[1, 2], [3, 4]]},
                    "head": {
                        "branch": {
                            "big": {"parameters": {"units": {"int": {"low": 8, "high": 64, "step": 8}}}},
                            "none": {},
                        }
                    },
                },
            },
            "rnn": {"parameters": {"width": {"int": {"low": 1, "high": 4}}}},
        }
    },
}


def enqueued(*wanted: object):
    return parse_space(yaml.safe_dump({"parameters": PARAMETERS, "enqueue": list(wanted)}), "here").enqueued


def test_a_number_is_the_choice_that_it_equals_and_true_is_no_number():
    choices = {"categorical": [1.0, True, {"b": [2], "a": None}]}
    text = yaml.safe_dump(
        {"parameters": {"x": choices}, "enqueue": [{"x": 1}, {"x": True}, {"x": {"a": None, "b": [2.0]}}]}
    )
    space = parse_space(text, "here")
    assert space.enqueued == ({"x": "1.0"}, {"x": "true"}, {"x": '{"a": null, "b": [2]}'})
    study = optuna.create_study()
    for params in space.enqueued:
        study.enqueue_trial(dict(params))
    drawn = [space.draw(study.ask()).values["x"] for _ in space.enqueued]
    assert [repr(value) for value in drawn] == ["1.0", "True", "{'a': None, 'b': [2]}"]


def test_keys_need_no_prefix():
    wanted = {"net": "cnn", "head": "big", "units": 16, "width": [3, 4], "rate": 0.3}
    assert enqueued(wanted, {"net": "rnn", "width": 2}, {}) == (
        {"net": "cnn", "cnn/head": "big", "cnn/big/units": 16, "cnn/width": "[3, 4]", "rate": 0.3},
        {"net": "rnn", "rnn/width": 2},
        {},
    )


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"rates": 0.1}, "did you mean rate"),
        ({"rate": 1.1}, "outside"),
        ({"rate": 0.25}, "outside"),
        (
            {"rate": True},
            "here: enqueue: 1: rate: found True, which is outside of the range 0.0 to 1.0 in steps of 0.1",
        ),
        ({"rate": "0.1"}, "outside"),
        ({"net": "lstm"}, "expected one of cnn, rnn"),
        ({"net": "rnn", "width": [1, 2]}, "outside"),
        ({"net": "cnn", "width": 1}, r"outside of the choices \[1, 2\], \[3, 4\]"),
        ({"net": ["cnn"]}, "expected one of cnn, rnn"),
        ({"net": "rnn", "width": 2.5}, "outside"),
        ({"width": 2}, "below a branch"),
        ({"net": "rnn", "units": 16}, "below a branch"),
        ({"net": "cnn", "head": "big", "units": 12}, "outside"),
        ({"net": "cnn", "depth": 3}, "depth is fixed"),
        (["rate"], "expected keys"),
    ],
)
def test_what_lies_outside_is_refused(wanted, complaint):
    with pytest.raises(SpaceError, match=complaint):
        enqueued(wanted)
