"""Keys of a space in, the one that a sweep sets itself out: what the space said of it would have no effect."""

from collections.abc import Iterable
from typing import Any, Final

from experiments.provenance import flatten

_SEED: Final = (
    "each trial has a seed of its own, made of the sweep's name and the trial's number; `--reseed-top K --seeds S` "
    "trains the best over several"
)
_RESERVED: Final = {
    "seed_everything": _SEED,
    "data.seed": _SEED,
    "trainer.enable_progress_bar": "the sweep itself tells how far its trials are",
    "trainer.logger": "each trial is tracked as a run of its own in MLflow",
    "name": "each trial is named by its number and its options",
    "ckpt": "each trial goes on from its own last checkpoint, where it has one",
    "print_summary": "trials are trained; `spooflab train --print-summary` tells what one is",
    "json": "`spooflab sweep --json` is the form of the whole",
}


def why_reserved(key: str, values: Iterable[Any]) -> str | None:
    """Return which key is reserved, and why; none where none is.

    Args:
        key: dotted, that the space sets.
        values: that it may take; a mapping sets the keys below.
    """
    names = [name for value in values for name in flatten({key: value})]
    found = next((name for name in names if name in _RESERVED), None)
    return None if found is None else f"{found} is not for a space to set: {_RESERVED[found]}"
