"""The trials of a sweep in, how far it is out: counts, best so far, and an honest guess at the time that is left."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from optuna.trial import FrozenTrial, TrialState

from sweeps.findings import OUTCOMES, excesses, first_within_limits, measured
from sweeps.measures import short, shown
from sweeps.note import in_words
from sweeps.seed_queue import name_of
from sweeps.streak import cause
from sweeps.study import RUN_ID

_FEWEST = 2  # trials that have ended, or how long one takes is a guess


@dataclass(frozen=True)
class Frame:
    """How far a sweep is.

    Attributes:
        total: trials that are asked for.
        done: trials by how they ended: complete, pruned, failed.
        running: trials that are being trained, the oldest first.
        best: so far, within the limits.
        eta_s: seconds until the end, if it goes on as it did so far; none until two trials have ended.
    """

    total: int
    done: dict[str, int]
    running: Sequence[FrozenTrial]
    best: FrozenTrial | None
    eta_s: float | None

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return sum(self.done.values())


def frame(trials: Sequence[FrozenTrial], total: int, now: datetime) -> Frame:
    """Look at the trials of a sweep, without those that were replaced.

    Args:
        trials: in any state.
        total: that are asked for.
        now: in the time zone that Optuna writes in, the machine's own.
    """
    ended = [trial for trial in trials if trial.state.is_finished()]
    running = sorted((trial for trial in trials if trial.state is TrialState.RUNNING), key=lambda trial: trial.number)
    counts = Counter(OUTCOMES[trial.state] for trial in ended)
    done = {name: counts[name] for name in OUTCOMES.values()}
    return Frame(total, done, running, first_within_limits(ended), _eta_s(ended, running, total, now))


def line(trial: FrozenTrial, seen: Frame, measures: Sequence[str]) -> str:
    """Say in a line what a trial came to, and how far the sweep is with it."""
    values = measured(trial, measures)
    told = [f"{short(measure)} {shown(measure, values[measure])}" for measure in measures if measure in values]
    several = len(measures) > 1  # and then no epoch is reported, since none is pruned
    lasted = [] if several else [f"{len(trial.intermediate_values)} epochs"]
    told.append(" ".join([*lasted, *([f"in {in_words(_seconds(trial))}"] if trial.duration else [])]))
    if trial.state is TrialState.FAIL:
        told.append(cause(trial))
    told += [
        f"{short(name)} {shown(name, found)}, beyond the limit of {shown(name, most)}"
        for name, (found, most) in excesses(trial).items()
    ]
    if seen.best is not None:
        told.append(f"best so far {shown(measures[0], seen.best.values[0])} ({name_of(seen.best)})")
    told.append(f"{seen.ended} of {seen.total}")
    if seen.eta_s is not None and seen.ended < seen.total:
        told.append(f"about {in_words(seen.eta_s)} left")
    return f"{name_of(trial):<9}  {OUTCOMES[trial.state]:<8}  " + "   ".join(told)


def elapsed_s(trial: FrozenTrial, now: datetime) -> float:
    """Seconds since a trial was taken."""
    return (now - trial.datetime_start).total_seconds() if trial.datetime_start else 0.0


def as_json(trial: FrozenTrial, measures: Sequence[str]) -> dict[str, object]:
    """Return a trial as plain values."""
    return {
        "trial": trial.number,
        "state": trial.state.name,
        "measures": measured(trial, measures),
        "epochs": len(trial.intermediate_values),
        "seconds": round(_seconds(trial), 1) if trial.duration else None,
        "params": trial.params,
        "run": trial.user_attrs.get(RUN_ID),
        **({"cause": cause(trial)} if trial.state is TrialState.FAIL else {}),
    }


def _eta_s(ended: Sequence[FrozenTrial], running: Sequence[FrozenTrial], total: int, now: datetime) -> float | None:
    """Estimate the seconds that are left, with as many trials at a time as run now.

    A trial that waits is taken to last as long as those that ended did in the mean, pruned and failed ones included, so
    that they are expected as often as they came; one that runs to last as those did that lasted longer than it has yet.
    """
    durations = [_seconds(trial) for trial in ended if trial.duration]
    if len(durations) < _FEWEST:
        return None
    left = 0.0
    for trial in running:
        elapsed = elapsed_s(trial, now)
        longer = [duration - elapsed for duration in durations if duration > elapsed]
        left += fmean(longer) if longer else 0.0
    waiting = max(0, total - len(ended) - len(running))
    return (left + waiting * fmean(durations)) / max(1, len(running))


def _seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0
