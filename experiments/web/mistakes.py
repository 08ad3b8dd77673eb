"""An evaluated run in, how often its decisions were wrong out: at the threshold that it is used with."""

import math
from dataclasses import dataclass

from experiments.evaluate import read_metrics
from experiments.evidence import Metrics


@dataclass(frozen=True)
class Mistakes:
    """How often decisions were wrong on recordings that a model was not trained on. Rates are fractions.

    Attributes:
        bonafide: real voices that it was tried on.
        spoof: fakes that it was tried on.
        frr: share of the real voices that it called fake.
        far: share of the fakes that it called real.
        worst_attack: kind of fake that it called real most often; none where kinds are not known.
        worst_far: share of these that it called real.
    """

    bonafide: int
    spoof: int
    frr: float
    far: float
    worst_attack: str | None
    worst_far: float


def mistakes_of_run(run_id: str, threshold: float) -> Mistakes | None:
    """Return what the evaluation of a run found; none where there is none, or where it was of another threshold.

    Args:
        run_id: of the run.
        threshold: that the model is used with.
    """
    try:
        metrics = read_metrics(run_id)
    except (FileNotFoundError, ValueError):  # imported weights may not have been evaluated
        return None
    return mistakes_of(metrics) if math.isclose(metrics.threshold, threshold, rel_tol=1e-6) else None


def mistakes_of(metrics: Metrics) -> Mistakes:
    """Return what metrics say of decisions."""
    passed = {name: numbers.get("far") or 0.0 for name, numbers in metrics.attacks.items()}
    worst = max(passed, key=passed.__getitem__) if passed else None
    return Mistakes(
        bonafide=metrics.trials["bonafide"],
        spoof=metrics.trials["spoof"],
        frr=metrics.frr,
        far=metrics.far,
        worst_attack=worst,
        worst_far=passed[worst] if worst is not None else 0.0,
    )
