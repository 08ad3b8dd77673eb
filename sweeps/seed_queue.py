"""The best trials in, a queue of their values over several seeds out, in a study beside the sweep's."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial

from sweeps.study import QUEUED, RESEED_INDEX, RESEED_OF, RETRY, SEED, SLOT, own_trials, stable_hash

_SUFFIX = " over seeds"


class Reseeding(NamedTuple):
    """What a trial is one more training of.

    Attributes:
        trial: number of the sweep's trial.
        seed: number of the seed, from 0.
    """

    trial: int
    seed: int

    @property
    def tags(self) -> dict[str, str]:
        """What its MLflow run is to say of it."""
        return {"sweep.reseed_of": str(self.trial), "sweep.reseed_seed": str(self.seed)}


def reseeding(trial: FrozenTrial | optuna.Trial) -> Reseeding | None:
    """Return what a trial is one more training of, or none for a sweep's own."""
    attributes = trial.user_attrs
    return Reseeding(attributes[RESEED_OF], attributes[RESEED_INDEX]) if RESEED_OF in attributes else None


def name_of(trial: FrozenTrial | optuna.Trial) -> str:
    """Name a trial; one more training by what it is of."""
    again = reseeding(trial)
    return f"trial {trial.number}" if again is None else f"trial {again.trial} seed {again.seed}"


def run_name(trial: FrozenTrial | optuna.Trial, options: Iterable[str]) -> str:
    """Name a trial's MLflow run, with its options: numbers have three digits, so that names sort as trials do."""
    again = reseeding(trial)
    which = f"trial {trial.number:03d}" if again is None else f"trial {again.trial:03d} seed {again.seed}"
    return " ".join([which, *options])


def study_over_seeds(name: str) -> str:
    """Return the name of the study beside a sweep's."""
    return name + _SUFFIX


def queue_seeds(study: optuna.Study, best: Sequence[FrozenTrial], seeds: int) -> int:
    """Queue what is not there yet; return how many trainings there are in all.

    The seeds are the same for every config, and none is that of the trial itself: it was chosen for what it came to.

    Args:
        study: that is beside the sweep's.
        best: trials of the sweep.
        seeds: that each is to be trained with.
    """
    there = {reseeding(trial) for trial in own_trials(study)}
    for index in range(seeds):
        for trial in best:
            if Reseeding(trial.number, index) not in there:
                attributes = {
                    QUEUED: True,
                    SLOT: f"{trial.number}:{index}",
                    RETRY: 0,
                    SEED: stable_hash(study.study_name, index),
                    RESEED_OF: trial.number,
                    RESEED_INDEX: index,
                }
                study.enqueue_trial(trial.params, user_attrs=attributes)
    return len({reseeding(trial) for trial in own_trials(study)})
