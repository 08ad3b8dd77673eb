"""A space in, what a sweep of it would run and cost out; nothing is trained to its end, and nothing is tracked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from rich.table import Table

from experiments.console import console
from experiments.threads import share, use
from experiments.training_cost import TrainingCost, training_cost
from sweeps.check import Checked, check, sample
from sweeps.constraints import BaseConfigs
from sweeps.launch import first_trials, total_of
from sweeps.space import Draw, Space

_MOST_SHOWN: Final = 20
_S_PER_HOUR: Final = 3600
_UNITS: Final = {"days": 86400.0, "h": 3600.0, "min": 60.0}
_FEWEST_UNITS: Final = 2
_TWO_DIGITS: Final = 10


def dry_run(space: Space, asked: int | None, workers: int, as_json: bool) -> None:
    """Check a space, and print some of its trials and the cost of all.

    Args:
        space: to be searched.
        asked: trials; as for a launch when not given.
        workers: processes that would share them.
        as_json: print one object.

    Raises:
        SpaceError: the space cannot be searched.
    """
    bases = BaseConfigs()
    checked = check(space, bases)
    total = total_of(space, first_trials(space, bases), asked)
    draws = sample(space, bases, min(total, _MOST_SHOWN))
    use(share(workers))
    costs = measure(checked)
    hours = estimated_hours(list(costs.values()), total, workers)
    if as_json:
        estimate = {"trials": total, "workers": workers, "hours": float(f"{hours:.4g}")}
        branches = {label: asdict(cost) for label, cost in costs.items()}
        print(json.dumps({"configs": [draw.words for draw in draws], "branches": branches, "estimate": estimate}))
    else:
        _show(draws, costs, f"{total} trials, {workers} worker(s): about {in_short(hours * _S_PER_HOUR)}")


def measure(checked: Sequence[Checked]) -> dict[str, TrainingCost]:
    """Measure what the training of one draw of each choice of options costs."""
    return {part.draw.label: training_cost(part.draw.words) for part in checked}


def estimated_hours(costs: Sequence[TrainingCost], trials: int, workers: int) -> float:
    """Return the time for a number of trials, if each choice of options is as frequent and none is pruned."""
    mean_s = sum(cost.seconds for cost in costs) / len(costs)
    return mean_s * trials / workers / _S_PER_HOUR


def _show(draws: Sequence[Draw], costs: Mapping[str, TrainingCost], estimate: str) -> None:
    for draw in draws:
        print("spooflab train", *draw.words)
    table = Table(title="one draw of each, measured on this machine", title_justify="left")
    table.add_column("branch", overflow="fold")
    for heading in ("parameters", "MACs a crop", "an epoch", "epochs", "a trial"):
        table.add_column(heading, justify="right")
    for label, cost in costs.items():
        numbers = (f"{cost.parameters:,}", f"{cost.macs:,}", in_short(cost.epoch_s), str(cost.epochs))
        table.add_row(label, *numbers, in_short(cost.seconds))
    console().print(table)
    print(
        f"{estimate}, without the check, the start of workers and trials, the first decoding, tracking and the "
        "charts, and if no trial is pruned or stops early"
    )


def in_short(duration_s: float) -> str:
    """Write a duration to two digits, in the unit that suits it: one that is short is not written as none."""
    unit, seconds = next(((unit, s) for unit, s in _UNITS.items() if duration_s >= _FEWEST_UNITS * s), ("s", 1.0))
    number = duration_s / seconds
    return f"{number:.0f} {unit}" if number >= _TWO_DIGITS else f"{number:.2g} {unit}"
