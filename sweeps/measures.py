"""A measure's name in, how people read it out: label, unit, number of digits, column in MLflow."""

from typing import NamedTuple


class Reading(NamedTuple):
    """How a measure is shown.

    Attributes:
        label: with the unit.
        factor: from what is stored to what is shown.
        digits: after the point.
        unit: that stands behind a number.
    """

    label: str
    factor: float = 1.0
    digits: int = 4
    unit: str = ""


_READINGS = {
    "dev/eer": Reading("dev EER (%, legacy)", 100, 2, " %"),
    "dev/min_dcf": Reading("dev minDCF"),
    "dev/loss": Reading("dev loss"),
    "latency_ms": Reading("latency (ms)", digits=2, unit=" ms"),
    "size_mb": Reading("size (MB)", digits=2, unit=" MB"),
}


def reading(measure: str) -> Reading:
    """Return how a measure is shown."""
    return _READINGS.get(measure, Reading(measure))


def short(measure: str) -> str:
    """Return a measure's label without its unit."""
    return reading(measure).label.partition(" (")[0]


def shown(measure: str, value: float | None) -> str:
    """Write a value with its unit, or a dash where there is none."""
    told = reading(measure)
    return "–" if value is None else f"{told.factor * value:.{told.digits}f}{told.unit}"


def column(measure: str) -> str:
    """Return the name of a winner's measure on the sweep's run: training calls its own ``best/dev_eer``."""
    return f"best/{measure.replace('/', '_')}"
