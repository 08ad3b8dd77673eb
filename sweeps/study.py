"""A name and a storage in, an Optuna study out: the truth about a sweep, that MLflow mirrors."""

import zlib
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from sweeps.space import Space
from sweeps.storage import open_storage

DEFAULT_STORAGE = "sqlite:///optuna.db"
FINGERPRINT = "fingerprint"
# User attributes of a trial.
QUEUED, SEED, RETRY, RETRY_OF = "queued", "seed", "retry", "retry_of"
RUN_ID, WORKER, TASK, INTERRUPTED = "run_id", "worker", "task", "interrupted"


def open_study(name: str, storage: str, space: Space, worker: int = 0) -> optuna.Study:
    """Make a study, or open the one of that name.

    Args:
        name: of the study.
        storage: URL of Optuna's database.
        space: that it searches.
        worker: number of the process among those of this launch; each draws otherwise.

    Raises:
        ValueError: the study of that name searches another space.
    """
    study = optuna.create_study(
        study_name=name,
        storage=open_storage(storage),
        direction="minimize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(space.pruner.startup_trials, space.pruner.warmup_epochs),
    )
    known = study.user_attrs.get(FINGERPRINT)
    if known is None:
        study.set_user_attr(FINGERPRINT, space.fingerprint)
    elif known != space.fingerprint:
        raise ValueError(
            f"sweep {name!r} searches another space (its YAML or a config it names has changed since): "
            "give this one another --name"
        )
    # Seeded anew from where the study stands, or a resumed sampler would draw what it drew before.
    seed = stable_hash(name, space.sampler.seed, len(study.trials), worker)
    study.sampler = optuna.samplers.TPESampler(
        n_startup_trials=space.sampler.startup_trials, multivariate=True, group=True, constant_liar=True, seed=seed
    )
    return study


def queue(study: optuna.Study, total: int) -> int:
    """Queue as many trials as ``total`` still lacks; return how many now wait.

    Workers only take queued trials, so the total is exact however many of them there are.
    """
    counted = without_replaced(own_trials(study))
    for _ in range(total - len(counted)):
        study.enqueue_trial({}, user_attrs={QUEUED: True, RETRY: 0})
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
    """Return the complete trial with the lowest dev EER, or none."""
    complete = [trial for trial in settled(study) if trial.state is TrialState.COMPLETE]
    return min(complete, key=lambda trial: trial.value or 0.0, default=None)


def stable_hash(*parts: object) -> int:
    """Return a 31-bit hash that is the same in every process."""
    return zlib.crc32(repr(parts).encode()) & 0x7FFFFFFF
