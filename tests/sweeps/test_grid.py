"""A grid is every combination that is allowed, once."""

import yaml

from sweeps.constraints import BaseConfigs
from sweeps.grid import points
from sweeps.launch import total_of
from sweeps.space_file import parse_space
from sweeps.study import open_study, queue, waiting

PARAMETERS = {
    "rate": {"float": {"low": 0.1, "high": 0.4, "step": 0.1}},
    "net": {
        "branch": {
            "cnn": {"parameters": {"width": {"categorical": ["small", "big"]}}},
            "rnn": {"parameters": {"units": {"int": {"low": 2, "high": 6, "step": 2}}}, "constraints": ["units < 6"]},
        }
    },
}


def grid(seed: int = 0):
    values = {"parameters": PARAMETERS, "constraints": ["rate < 0.35"], "sampler": {"kind": "grid", "seed": seed}}
    return parse_space(yaml.safe_dump(values), "grid")


def test_every_point_is_there_once():
    found = points(grid(), BaseConfigs())
    assert len(found) == 3 * (2 + 2)
    assert len({tuple(sorted(point.items())) for point in found}) == len(found)
    assert {"net": "rnn", "rnn/units": 4, "rate": 0.2} in found
    assert {"net": "cnn", "cnn/width": '"big"', "rate": 0.1} in found


def test_the_order_is_the_seed_s():
    assert points(grid(), BaseConfigs()) == points(grid(), BaseConfigs())
    assert points(grid(), BaseConfigs()) != points(grid(1), BaseConfigs())


def test_the_total_is_the_grid_s():
    first = points(grid(), BaseConfigs())
    assert [total_of(grid(), first, asked) for asked in (None, 5, 100)] == [12, 5, 12]
    tpe = parse_space(yaml.safe_dump({"parameters": PARAMETERS}), "tpe")
    assert [total_of(tpe, [], asked) for asked in (None, 5)] == [20, 5]


def test_a_grid_goes_on_where_it_stopped(tmp_path):
    space, first = grid(), points(grid(), BaseConfigs())
    for total in (5, 12):
        study = open_study("g", f"sqlite:///{tmp_path / 'o.db'}", space)
        queue(study, total, first)
        study.optimize(lambda trial: space.draw(trial).values["rate"], n_trials=len(waiting(study)))
    assert [trial.params for trial in study.trials] == first
