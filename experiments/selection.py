"""The measures of every epoch in, the epoch to keep out: chosen on dev, never on eval."""

import math
from collections.abc import Iterable, Mapping, Sequence

from pytorch_lightning.callbacks import Callback

EER = "dev/eer"
MIN_DCF = "dev/min_dcf"
LOSS = "dev/loss"
MEASURES = (EER, MIN_DCF, LOSS)  # the lower, the better
KEPT = "best/epoch"  # the epoch that was kept, on its run
WATCHED = ("dev/", "train/")


def refuse_all_but_dev(selection: str, callbacks: Iterable[Callback]) -> None:
    """Refuse a selection that is none of dev's measures, and any callback that watches eval.

    Args:
        selection: the measure that picks the epoch.
        callbacks: of the training; what they watch is their ``monitor``.

    Raises:
        ValueError: naming what watches the wrong thing.
    """
    if selection not in MEASURES:
        raise ValueError(
            f"early_stopping.monitor: found {selection!r}, expected {' or '.join(MEASURES)}{_why(selection)}"
        )
    for callback in callbacks:
        watched = getattr(callback, "monitor", None)
        if watched is not None and not watched.startswith(WATCHED):
            raise ValueError(
                f"{type(callback).__name__}: found monitor {watched!r}, expected a measure of dev or train, such as "
                f"{EER}{_why(watched)}"
            )


def best_epoch(values: Sequence[float]) -> int:
    """Return the first epoch with the lowest value, counted from 0, as the checkpoint does; nothing is worse than NaN.

    Args:
        values: of the measure, one an epoch.
    """
    return min(range(len(values)), key=lambda epoch: math.inf if math.isnan(values[epoch]) else values[epoch])


def kept(epochs: Mapping[int, Mapping[str, float]], selection: str) -> int:
    """Return which epoch of a training is kept, counted from 0.

    Args:
        epochs: the measures of each.
        selection: the one that picks.
    """
    numbers = sorted(epochs)
    return numbers[best_epoch([epochs[number][selection] for number in numbers])]


def columns(epochs: Mapping[int, Mapping[str, float]], selection: str) -> dict[str, float]:
    """Return what a training's row shows: which epoch was kept, and the EER and minDCF on dev that it had."""
    epoch = kept(epochs, selection)
    return {
        "best/dev_eer": epochs[epoch][EER],
        "best/dev_min_dcf": epochs[epoch][MIN_DCF],
        KEPT: float(epoch),
    }


def _why(found: str) -> str:
    if not found.startswith("eval"):
        return ""
    return ": a model that was chosen on eval is not judged by it; `spooflab evaluate` scores eval once, in the end"
