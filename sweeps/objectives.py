"""What a trial measured in, what the search makes of it out: the values it lowers, and the limits it keeps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from experiments import selection
from experiments.inference_cost import LATENCY, SIZE
from sweeps.settings import SpaceError, did_you_mean, mapping

COSTS: Final = (LATENCY, SIZE)
MEASURES: Final = (*selection.MEASURES, *COSTS)


@dataclass(frozen=True)
class Objective:
    """What is searched for: the lowest, in every measure.

    Attributes:
        measures: that are lowered; the first one is reported every epoch, and is what a pruner looks at.
        limits: measures and the most that each may be: a trial beyond is told as infeasible, and is never the best.
    """

    measures: tuple[str, ...] = (selection.EER,)
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def single(self) -> bool:
        """One measure, so that trials can be put in order, and pruned."""
        return len(self.measures) == 1

    @property
    def costs(self) -> tuple[str, ...]:
        """Those of its measures that a detector has before it is trained."""
        return tuple(name for name in COSTS if name in self.measures or name in self.limits)

    def values(self, measured: Mapping[str, float]) -> tuple[float, ...]:
        """Return the values of a finished trial, in the order of the measures."""
        return tuple(measured[name] for name in self.measures)

    def excess(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return how far each limit is exceeded by what is measured so far; 0 or less is within."""
        return {name: measured[name] - most for name, most in self.limits.items() if name in measured}


def read_objective(objective: Any, limits: Any, where: str) -> Objective:  # noqa: ANN401 - whatever the YAML holds
    """Read an objective and its limits.

    Raises:
        SpaceError: a measure is unknown or named twice, there is none of dev, or a limit is no number above 0.
    """
    measures = tuple(objective) if isinstance(objective, list) else (objective,)
    for name in measures:
        if name not in MEASURES:
            raise SpaceError(
                f"{where}: objective: found {name!r}, expected one or several of {', '.join(MEASURES)}"
                f"{did_you_mean(str(name), MEASURES)}"
            )
    if len(set(measures)) < len(measures):
        raise SpaceError(f"{where}: objective: {', '.join(measures)}: a measure stands there twice")
    if not measures or measures[0] not in selection.MEASURES:
        raise SpaceError(
            f"{where}: objective: found {', '.join(measures) or 'none'}, expected a measure of dev first "
            f"({', '.join(selection.MEASURES)}): a detector that is only small detects nothing"
        )
    for name, most in mapping(limits, MEASURES, f"{where}: limits").items():
        if isinstance(most, bool) or not isinstance(most, int | float) or not 0 < most < math.inf:
            raise SpaceError(f"{where}: limits: {name}: found {most!r}, expected a number above 0")
    return Objective(measures, limits)
