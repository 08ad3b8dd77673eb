"""What one parameter ranges over in, its values out: drawn by a trial, at the ends, or all of them."""

import json
import math
from dataclasses import dataclass
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
        return [self.low, self.high if self.points is None else self.points[-1]]

    @property
    def points(self) -> list[Any] | None:
        """All values, or None where they are not to be counted."""
        if self.step is None:
            return [self.low] if self.low == self.high else None
        steps = math.floor((self.high - self.low) / self.step + _STEP_TOLERANCE)
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

    def suggest(self, trial: BaseTrial, name: str) -> int:
        """Ask the trial for a value."""
        return trial.suggest_int(name, *self.ends, log=self.log, step=self.step)

    def admits(self, value: object) -> bool:
        """Tell whether a value lies in the range, and on a step."""
        return isinstance(value, int) and _lies_between(value, self.low, self.high, self.step)

    @property
    def ends(self) -> list[Any]:
        """The values that are most likely to be impossible."""
        return [self.low, range(self.low, self.high + 1, self.step)[-1]]

    @property
    def points(self) -> list[Any] | None:
        """All values, or None where they are not to be counted."""
        return None if self.log else list(range(self.low, self.high + 1, self.step))

    def stored(self, value: Any) -> int:  # noqa: ANN401
        """Return a value as Optuna keeps it."""
        return int(value)


@dataclass(frozen=True)
class Categorical:
    """One of several values; lists and mappings are allowed, Optuna sees them as their JSON text."""

    choices: list[Any]

    def __post_init__(self) -> None:
        texts = [json.dumps(choice) for choice in self.choices]
        if not texts or len(set(texts)) < len(texts):
            raise ValueError(f"found {self.choices!r}, expected a list of different choices")

    def suggest(self, trial: BaseTrial, name: str) -> Any:  # noqa: ANN401
        """Ask the trial for a value."""
        return json.loads(trial.suggest_categorical(name, [json.dumps(choice) for choice in self.choices]))

    def admits(self, value: object) -> bool:
        """Tell whether a value is one of the choices."""
        return value in self.choices

    @property
    def ends(self) -> list[Any]:
        """All choices."""
        return self.choices

    @property
    def points(self) -> list[Any] | None:
        """All choices."""
        return self.choices

    def stored(self, value: Any) -> str:  # noqa: ANN401
        """Return a value as Optuna keeps it."""
        return json.dumps(value)


Range = FloatRange | IntRange | Categorical


def _check(low: float, high: float, log: bool, step: float | None) -> None:
    if not (math.isfinite(low) and math.isfinite(high)) or low > high or (log and low <= 0):
        raise ValueError(f"nothing lies between {low} and {high}" + (" on a logarithmic scale" if log else ""))
    if step is not None and (step <= 0 or log):
        raise ValueError(f"found step {step}" + (" on a logarithmic scale" if log else ", expected one above 0"))


def _on_step(value: float) -> float:
    """Return 0.3 for 0.1 + 0.1 + 0.1."""
    return float(f"{value:.{_DIGITS}g}")


def _lies_between(value: object, low: float, high: float, step: float | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return False
    steps = 0.0 if step is None else (value - low) / step
    return abs(steps - round(steps)) < max(1.0, abs(steps)) * _STEP_TOLERANCE
