"""What one parameter ranges over in, its values out: drawn by a trial, at the ends, or all of them."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from optuna.trial import BaseTrial

_DIGITS: Final = 12
_STEP_TOLERANCE: Final = 1e-9  # of the step: 0.1 + 0.1 + 0.1 is not 0.3


@dataclass(frozen=True)
class FloatRange:
    """A real number between ``low`` and ``high``."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        _check(self.low, self.high, self.log, self.step)

    def __str__(self) -> str:
        return _between(self.low, self.high, self.step)

    def suggest(self, trial: BaseTrial, name: str) -> float:
        """Ask the trial for a value."""
        value = trial.suggest_float(name, self.low, self.high, log=self.log, step=self.step)
        return value if self.step is None else _on_step(value)

    def admits(self, value: object) -> bool:
        """Tell whether a value lies in the range, and on a step."""
        return _lies_between(value, self.low, self.high, self.step)

    @property
    def ends(self) -> list[Any]:
        """The values that are most likely to be impossible."""
        return [self.low, self.high]

    @property
    def points(self) -> list[Any] | None:
        """All values, or None where they are not to be counted."""
        if self.step is None:
            return [self.low] if self.low == self.high else None
        steps = round((self.high - self.low) / self.step)
        return [_on_step(self.low + place * self.step) for place in range(steps + 1)]

    def stored(self, value: Any) -> float:  # noqa: ANN401 - of the same signature as the others
        """Return a value as Optuna keeps it."""
        return float(value)


@dataclass(frozen=True)
class IntRange:
    """A whole number between ``low`` and ``high``."""

    low: int
    high: int
    log: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        _check(self.low, self.high, self.log, None if self.step == 1 else self.step)

    def __str__(self) -> str:
        return _between(self.low, self.high, None if self.step == 1 else self.step)

    def suggest(self, trial: BaseTrial, name: str) -> int:
        """Ask the trial for a value."""
        return trial.suggest_int(name, self.low, self.high, log=self.log, step=self.step)

    def admits(self, value: object) -> bool:
        """Tell whether a value lies in the range, and on a step."""
        return isinstance(value, int) and _lies_between(value, self.low, self.high, self.step)

    @property
    def ends(self) -> list[Any]:
        """The values that are most likely to be impossible."""
        return [self.low, self.high]

    @property
    def points(self) -> list[Any] | None:
        """All values, or None where they are not to be counted."""
        return None if self.log else list(range(self.low, self.high + 1, self.step))

    def stored(self, value: Any) -> int:  # noqa: ANN401
        """Return a value as Optuna keeps it."""
        return int(value)


@dataclass(frozen=True)
class Categorical:
    """One of several values; lists and mappings are allowed, Optuna sees them as their JSON text.

    ``1`` and ``1.0`` are one choice, ``1`` and ``true`` are two: what is the same to the config is the same here.
    """

    choices: list[Any]

    def __post_init__(self) -> None:
        strange = [choice for choice in self.choices if not _is_plain(choice)]
        if strange:
            raise ValueError(f"found the choice {strange[0]!r}, expected what JSON can hold: put quotes around it")
        if not self.choices or len({_alike(choice) for choice in self.choices}) < len(self.choices):
            raise ValueError(f"found {self._told}, expected a list of different choices (1 and 1.0 are the same)")

    def __str__(self) -> str:
        return f"the choices {self._told}"

    @property
    def _told(self) -> str:
        return ", ".join(json.dumps(choice) for choice in self.choices) or "no choice"

    def suggest(self, trial: BaseTrial, name: str) -> Any:  # noqa: ANN401
        """Ask the trial for a value."""
        return json.loads(trial.suggest_categorical(name, [json.dumps(choice) for choice in self.choices]))

    def admits(self, value: object) -> bool:
        """Tell whether a value is one of the choices."""
        return _alike(value) in [_alike(choice) for choice in self.choices]

    @property
    def ends(self) -> list[Any]:
        """All choices."""
        return self.choices

    @property
    def points(self) -> list[Any] | None:
        """All choices."""
        return self.choices

    def stored(self, value: Any) -> str:  # noqa: ANN401
        """Return a value as Optuna keeps it: the text of the choice that it is."""
        return next(json.dumps(choice) for choice in self.choices if _alike(choice) == _alike(value))


Range = FloatRange | IntRange | Categorical


def _check(low: float, high: float, log: bool, step: float | None) -> None:
    if not (math.isfinite(low) and math.isfinite(high)) or low > high or (log and low <= 0):
        raise ValueError(f"nothing lies between {low} and {high}" + (" on a logarithmic scale" if log else ""))
    if step is None:
        return
    if not 0 < step < math.inf or log:
        raise ValueError(f"found step {step}" + (" on a logarithmic scale" if log else ", expected one above 0"))
    start, width = Fraction(str(low)), Fraction(str(step))  # as they are written: 0.3 is three times 0.1
    below = start + (Fraction(str(high)) - start) // width * width
    if below != Fraction(str(high)):
        number = int if isinstance(low, int) and isinstance(step, int) else float
        raise ValueError(
            f"found high {high}, which no number of steps of {step} from {low} meets: expected "
            f"{number(below)} or {number(below + width)}"
        )


def _between(low: float, high: float, step: float | None) -> str:
    return f"the range {low} to {high}" + ("" if step is None else f" in steps of {step}")


def _alike(value: object) -> str:
    """Return a text that is the same for two values if they are the same to a config."""
    return json.dumps(_in_one_form(value), sort_keys=True, default=repr)


def _in_one_form(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _in_one_form(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_in_one_form(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_plain(value: object) -> bool:
    try:
        json.dumps(value)
    except TypeError:  # a date, say
        return False
    return True


def _on_step(value: float) -> float:
    """Return 0.3 for 0.1 + 0.1 + 0.1."""
    return float(f"{value:.{_DIGITS}g}")


def _lies_between(value: object, low: float, high: float, step: float | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return False
    steps = 0.0 if step is None else (value - low) / step
    return abs(steps - round(steps)) < max(1.0, abs(steps)) * _STEP_TOLERANCE
