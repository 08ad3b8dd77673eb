"""A name and a storage in, an Optuna study out: the truth about a sweep, that MLflow mirrors."""

import zlib
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from sweeps.space import Params, Space
from sweeps.storage import open_storage

DEFAULT_STORAGE = "sqlite:///optuna.db"
TOTAL = "total"  # user attribute of a study
# User attributes of a trial.
QUEUED, SEED, RETRY, RETRY_OF = "queued", "seed", "retry", "retry_of"
RUN_ID, WORKER, INTERRUPTED = "run_id", "worker", "interrupted"
ENQUEUED, VIOLATES = "enqueued", "violates"


def open_study(name: str, storage: str, space: Space, worker: int = 0) -> optuna.Study:
    """Make a study, or open the one of that name.

    Args:
        name: of the study.
        storage: URL of Optuna's database.
        space: that it searches.
        worker: number of the process among those of this launch; each draws otherwise.
    """
    study = optuna.create_study(
        study_name=name,
        storage=open_storage(storage),
        directions=["minimize"] * len(space.objective.measures),
        load_if_exists=True,
        pruner=space.pruner.make(),
    )
    study.sampler = space.sampler.make(stable_hash(name, space.sampler.seed, len(study.trials), worker))
    return study


def queue(study: optuna.Study, total: int, first: Sequence[Params] = ()) -> int:
    """Queue as many trials as ``total`` still lacks; return how many now wait.

    Workers only take queued trials, so the total is exact however many of them there are.

    Args:
        study: to queue them in.
        total: of trials, those of earlier launches included.
        first: values of the first trials; the sampler draws what they leave open, and all others.
    """
    for place in range(len(without_replaced(own_trials(study))), total):
        values = dict(first[place]) if place < len(first) else {}
        attributes = {QUEUED: True, RETRY: 0, **({ENQUEUED: values} if values else {})}
        study.enqueue_trial(values, user_attrs=attributes)
    return len(waiting(study))


def queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue a trial's values once more, with its seed, in place of the trial."""
    attributes = {
        QUEUED: True,
        RETRY: trial.user_attrs.get(RETRY, 0) + 1,
        RETRY_OF: trial.number,
        SEED: trial_seed(study, trial),
    }
    study.enqueue_trial(trial.params, user_attrs=attributes)


def trial_seed(study: optuna.Study, trial: FrozenTrial | optuna.Trial) -> int:
    """Return the seed of a trial: fixed by the study's name and the trial's number, kept when it is tried again."""
    return int(trial.user_attrs.get(SEED, stable_hash(study.study_name, trial.number)))


def waiting(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that no worker has taken yet."""
    return study.get_trials(deepcopy=False, states=(TrialState.WAITING,))


def own_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that were queued; two workers after the last one leave a surplus that is not one."""
    return [trial for trial in study.get_trials(deepcopy=False) if QUEUED in trial.user_attrs]


def without_replaced(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Leave out the trials that were queued once more."""
    replaced = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    return [trial for trial in trials if trial.number not in replaced]


def settled(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that have ended for good."""
    return [trial for trial in without_replaced(own_trials(study)) if trial.state.is_finished()]


def best(study: optuna.Study) -> FrozenTrial | None:
    """Return the complete trial that keeps all limits and has the lowest value, the first one if there are several."""
    return min(front(study), key=lambda trial: trial.values, default=None)


def front(study: optuna.Study) -> list[FrozenTrial]:
    """Return the Pareto front: the complete trials within all limits that none of the others is better than.

    One is better than another if it is as low in every measure, and lower in one. Of a single measure it is the lowest.
    """
    own = {trial.number for trial in settled(study)}
    return [trial for trial in study.best_trials if trial.number in own]


def stable_hash(*parts: object) -> int:
    """Return a 31-bit hash that is the same in every process."""
    return zlib.crc32(repr(parts).encode()) & 0x7FFFFFFF
