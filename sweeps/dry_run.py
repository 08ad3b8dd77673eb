"""A space in, what a sweep of it would run and cost out; nothing is trained to its end, and nothing is tracked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from rich.console import Console
from rich.table import Table

from experiments.threads import share, use
from experiments.training_cost import TrainingCost, training_cost
from sweeps.check import Checked, check, sample
from sweeps.constraints import BaseConfigs
from sweeps.launch import first_trials, total_of
from sweeps.space import Draw, Space

_MOST_SHOWN: Final = 20
_S_PER_HOUR: Final = 3600


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
        estimate = {"trials": total, "workers": workers, "hours": round(hours, 3)}
        branches = {label: asdict(cost) for label, cost in costs.items()}
        print(json.dumps({"configs": [draw.words for draw in draws], "branches": branches, "estimate": estimate}))
    else:
        _show(draws, costs, f"{total} trials, {workers} worker(s): at most {hours:.2g} hours")


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
    table.add_column("branch")
    for heading in ("parameters", "MACs a crop", "s an epoch", "epochs", "min a trial"):
        table.add_column(heading, justify="right")
    for label, cost in costs.items():
        numbers = (f"{cost.parameters:,}", f"{cost.macs:,}", f"{cost.epoch_s:.2g}", str(cost.epochs))
        table.add_row(label, *numbers, f"{cost.seconds / 60:.2g}")
    Console().print(table)
    print(f"{estimate}, without the first decoding, and without what pruning saves")
