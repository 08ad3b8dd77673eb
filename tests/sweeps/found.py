"""A study in, the trial that its answer names out."""

import optuna
from optuna.trial import FrozenTrial

from sweeps.findings import findings


def best(study: optuna.Study) -> FrozenTrial | None:
    """Return the trial to take."""
    return findings(study, [str(index) for index, _ in enumerate(study.directions)], ()).best
