"""The name of a sweep in, its run and that of its best trial out."""

from difflib import get_close_matches

from experiments import tracking

SWEEP_TAG = "sweep.name"  # on the parent run
WINNER_TAG = "sweep.best_run"
_MOST_NAMED = 5


def sweep(name: str) -> tracking.Run:
    """Return the parent run of a sweep.

    Raises:
        LookupError: no sweep has that name.
    """
    found = tracking.find({SWEEP_TAG: name})
    if not found:
        raise LookupError(
            f"no sweep {name!r} in {tracking.store()}: {_others(name)}launch it with `spooflab sweep --name {name} …`"
        )
    return found[0]


def winner(sweep_name: str) -> str:
    """Return the run id of a sweep's best trial.

    Raises:
        LookupError: no sweep has that name, or none of its trials is finished.
    """
    run_id = sweep(sweep_name).data.tags.get(WINNER_TAG)
    if run_id is None:
        raise LookupError(
            f"sweep {sweep_name!r} has no winner: no trial of it is complete and within its limits; its page says more"
        )
    return run_id


def _others(name: str) -> str:
    """Name the sweeps that could have been meant: those that are spelled alike, else the newest."""
    known = list(dict.fromkeys(run.data.tags[SWEEP_TAG] for run in tracking.find_tagged(SWEEP_TAG)))
    meant = get_close_matches(name, known, _MOST_NAMED) or known[:_MOST_NAMED]
    return f"there is {', '.join(meant)}; " if meant else ""
