"""A trial and its detector in, the costs that its objective asks for out, and whether its limits are kept."""

from collections.abc import Mapping, Sequence

import optuna

from experiments.inference_cost import LATENCY, SIZE, latency_ms, size_mb
from experiments.model_summary import read_detector
from sweeps.objectives import Objective
from sweeps.study import MEASURED


def measure_costs(words: Sequence[str], objective: Objective) -> dict[str, float]:
    """Measure what a detector costs, as far as the objective asks; before it is trained, which changes none of it.

    Args:
        words: of ``spooflab train``.
        objective: of the sweep.
    """
    if not objective.costs:
        return {}
    detector = read_detector(words)
    measures = {LATENCY: latency_ms, SIZE: size_mb}
    return {name: measures[name](detector) for name in objective.costs}


def note(trial: optuna.Trial, objective: Objective, measured: Mapping[str, float]) -> bool:
    """Note on a trial what was measured, and tell whether every limit that is known by then is kept.

    Args:
        trial: that is running.
        objective: of the sweep.
        measured: so far.
    """
    trial.set_user_attr(MEASURED, dict(measured))
    excess = objective.excess(measured)
    for name in excess.keys() - trial.constraints.keys():
        trial.set_constraint(name, excess[name])
    return all(beyond <= 0 for beyond in excess.values())
