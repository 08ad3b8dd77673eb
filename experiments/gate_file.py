"""A YAML of limits in, a gate out: a limit that could not mean anything, such as an EER of 25, is refused."""

import difflib
import math
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, NamedTuple

from experiments.gate import Gate
from experiments.yaml_files import read_yaml


class _Range(NamedTuple):
    """Where a limit must lie: ends included, or beyond ``low`` where ``open``."""

    low: float
    high: float
    open: bool
    words: str


_RATE: Final = _Range(0.0, 1.0, open=False, words="a fraction from 0 to 1, such as 0.25")
_COST: Final = _Range(0.0, 1.0, open=False, words="a normalized cost from 0 to 1, such as 0.25")
_DIFFERENCE: Final = _Range(
    -1.0, 1.0, open=False, words="a difference of fractions from -1 to 1, such as 0.01 for a point"
)
_SIZE: Final = _Range(0.0, math.inf, open=True, words="a number above 0")
_DISTANCE: Final = _Range(0.0, math.inf, open=False, words="a number from 0 on")
_RANGES: Final = {
    "max_eer": _RATE,
    "max_worst_attack_eer": _RATE,
    "max_min_tdcf_v1": _COST,
    "max_min_tdcf_v2": _COST,
    "max_min_dcf": _COST,
    "max_balanced_error": _RATE,
    "max_eer_at_10_db": _RATE,
    "max_eer_above_champion": _DIFFERENCE,
    "max_latency_p95_ms": _SIZE,
    "max_size_mb": _SIZE,
    "max_score_difference": _DISTANCE,
    "max_form_score_difference": _DISTANCE,
    "max_form_eer_difference": _DIFFERENCE,
}


def read_gate(path: Path) -> Gate:
    """Read a gate from YAML.

    Raises:
        ValueError: the file is missing, no YAML, has other keys than a gate, values of other kinds or out
            of range, or no limit at all.
    """
    values = read_yaml(path)
    if not isinstance(values, dict) or not values:
        raise ValueError(f"{path}: found {values!r}, expected limits, such as `max_eer: 0.1`")
    expected = [field.name for field in fields(Gate)]
    for key in values:
        if key not in expected:
            near = difflib.get_close_matches(str(key), expected, n=1)
            raise ValueError(
                f"{path}: found the limit {key!r}, {f'did you mean {near[0]!r}?' if near else 'which is none'} "
                f"There are {', '.join(expected)}"
            )
    return Gate(**{name: _value(path, name, value) for name, value in values.items()})


def _value(path: Path, name: str, value: Any) -> Any:  # noqa: ANN401 - what YAML holds
    if name not in _RANGES:
        if not isinstance(value, bool):
            raise ValueError(f"{path}: {name} is {value!r}, expected true or false")
        return value
    low, high, beyond, words = _RANGES[name]
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{path}: {name} is {value!r}, expected a number: {words}")
    if not low <= value <= high or (beyond and value == low):
        raise ValueError(f"{path}: {name}: found {value:g}, expected {words}")
    return float(value)
