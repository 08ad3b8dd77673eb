"""A name and a storage in, an Optuna study out: the truth about a sweep, that MLflow mirrors."""

import zlib
from collections.abc import Hashable, Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from sweeps.space import Params, Space
from sweeps.space_file import parse_space
from sweeps.storage import open_storage

DEFAULT_STORAGE = "sqlite:///optuna.db"
MOST_RETRIES = 2
# User attributes of a study: what a worker on another machine needs to know, and what the launcher says of itself.
FINGERPRINT, IDENTITY, SPACE, OBJECTIVE = "fingerprint", "identity", "space", "objective"
DATA, PARENT, TOTAL = "data", "parent", "total"
LAUNCHER, STOPPED, FORGIVEN = "launcher", "stopped", "forgiven"
# User attributes of a trial.
QUEUED, SLOT, SEED, RETRY, RETRY_OF, EARLIER = "queued", "slot", "seed", "retry", "retry_of", "earlier"
RESEED_OF, RESEED_INDEX = "reseed_of", "reseed_index"
RUN_ID, INTERRUPTED, FAILURE, CAUSE, TASK = "run_id", "interrupted", "failure", "cause", "task"
ENQUEUED, VIOLATES, MEASURED = "enqueued", "violates", "measures"


def open_study(name: str, storage: str, space: Space, worker: int = 0, wait: bool = False) -> optuna.Study:
    """Make a study, or open the one of that name.

    Args:
        name: of the study.
        storage: URL of Optuna's database.
        space: that it searches.
        worker: number of the process among those of this launch; each draws otherwise.
        wait: for a database server that is being restarted.
    """
    study = optuna.create_study(
        study_name=name,
        storage=open_storage(storage, wait),
        directions=["minimize"] * len(space.objective.measures),
        load_if_exists=True,
        pruner=space.pruner.make(),
    )
    known = len(study.get_trials(deepcopy=False))
    study.sampler = space.sampler.make(stable_hash(name, space.sampler.seed, known, worker))
    return study


def load_study(name: str, storage: str, wait: bool = False) -> optuna.Study:
    """Open the study of a sweep that was launched before, to read it or to put it right.

    Raises:
        LookupError: there is none of that name.
        FileNotFoundError: the storage is a file that is not there.
    """
    opened = open_storage(storage, wait, create=False)
    try:
        return optuna.load_study(study_name=name, storage=opened)
    except KeyError:
        names = ", ".join(sorted(known.study_name for known in opened.get_all_studies())) or "none yet"
        raise LookupError(f"no sweep {name!r} in that --storage; there are: {names}") from None


def stored_space(study: optuna.Study) -> Space:
    """Read the space that a study was launched with.

    Raises:
        SpaceError: a config that it names is not there.
    """
    return parse_space(study.user_attrs[SPACE], f"the space of sweep {study.study_name!r}")


def queue(study: optuna.Study, total: int, first: Sequence[Params] = ()) -> int:
    """Queue as many trials as ``total`` still lacks; return how many now wait.

    Workers only take queued trials, so the total is exact however many of them there are. Each trial has a slot of the
    total, so that two launchers that queue at once do not double it.

    Args:
        study: to queue them in.
        total: of trials, those of earlier launches included.
        first: values of the first trials; the sampler draws what they leave open, and all others.
    """
    for slot in range(len(without_replaced(own_trials(study))), total):
        values = dict(first[slot]) if slot < len(first) else {}
        given = {ENQUEUED: values} if values else {}
        study.enqueue_trial(values, user_attrs={QUEUED: True, SLOT: slot, RETRY: 0, **given})
    return len(waiting(study))


def queue_again(study: optuna.Study, trial: FrozenTrial, reason: str, run_id: str | None) -> None:
    """Queue a trial's values once more in place of the trial, with its seed and its run.

    Args:
        study: of the trial.
        trial: that ended before its time.
        reason: why.
        run_id: of its MLflow run; none where it has none, and gets a new one.
    """
    attributes = {
        **{name: trial.user_attrs[name] for name in (RESEED_OF, RESEED_INDEX) if name in trial.user_attrs},
        QUEUED: True,
        RETRY: trial.user_attrs.get(RETRY, 0) + (INTERRUPTED not in trial.user_attrs),
        RETRY_OF: trial.number,
        SEED: trial_seed(study, trial),
        EARLIER: reason,
    }
    if run_id is not None:
        attributes[RUN_ID] = run_id
    values = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    study.enqueue_trial(values, user_attrs=attributes)


def trial_seed(study: optuna.Study, trial: FrozenTrial | optuna.Trial) -> int:
    """Return the seed of a trial: fixed by the study's name and the trial's number, kept when it is tried again."""
    return int(trial.user_attrs.get(SEED, stable_hash(study.study_name, trial.number)))


def earlier_values(study: optuna.Study, trial: FrozenTrial | optuna.Trial) -> dict[int, float]:
    """Return what the attempts before this one reported, by epoch."""
    before = trial.user_attrs.get(RETRY_OF)
    if before is None:
        return {}
    attempt = study.get_trials(deepcopy=False)[before]
    return {**earlier_values(study, attempt), **attempt.intermediate_values}


def waiting(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that no worker has taken yet."""
    return study.get_trials(deepcopy=False, states=(TrialState.WAITING,))


def work_is_left(study: optuna.Study) -> bool:
    """Tell whether a trial waits that the total still lacks."""
    trials = study.get_trials(deepcopy=False)
    waits = any(trial.state is TrialState.WAITING for trial in trials)
    return waits and len(_settled(trials)) < study.user_attrs[TOTAL]


def own_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that were queued, each once.

    Others are surplus: two workers after the last one leave one that nobody queued, and what was queued twice (by two
    launchers at once, or because a lost connection hid that it was) carries the same ticket.
    """
    return _own(study.get_trials(deepcopy=False))


def without_replaced(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Leave out the trials that were queued once more."""
    replaced = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    return [trial for trial in trials if trial.number not in replaced]


def settled(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that have ended for good."""
    return _settled(study.get_trials(deepcopy=False))


def is_owed(trial: FrozenTrial) -> bool:
    """Tell whether a trial is to be queued again: it was put back, or its worker died and it has tries left.

    A failure of its own is told before the trial ends. So a trial that failed and told none had its worker die.
    """
    if trial.state is not TrialState.FAIL or FAILURE in trial.user_attrs:
        return False
    return INTERRUPTED in trial.user_attrs or trial.user_attrs.get(RETRY, 0) < MOST_RETRIES


def front(study: optuna.Study) -> list[FrozenTrial]:
    """Return the Pareto front: the complete trials within all limits that none of the others is better than.

    One is better than another if it is as low in every measure, and lower in one. Of a single measure it is the lowest.
    """
    own = {trial.number for trial in settled(study)}
    return [trial for trial in study.best_trials if trial.number in own]


def stable_hash(*parts: object) -> int:
    """Return a 31-bit hash that is the same in every process."""
    return zlib.crc32(repr(parts).encode()) & 0x7FFFFFFF


def _own(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    first: dict[Hashable, FrozenTrial] = {}
    for trial in trials:
        if QUEUED in trial.user_attrs:
            first.setdefault(_ticket(trial), trial)
    return list(first.values())


def _settled(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    current = without_replaced(_own(trials))
    return [trial for trial in current if trial.state.is_finished() and not is_owed(trial)]


def _ticket(trial: FrozenTrial) -> Hashable:
    for name in (RETRY_OF, SLOT):
        if name in trial.user_attrs:
            return name, trial.user_attrs[name]
    return trial.number
