"""A study in, what it found out: counts, best, front, baseline, median, failures, and the time that pruning saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from sweeps.streak import cause, kind_of_failure
from sweeps.study import MEASURED, RETRY_OF, front, settled

OUTCOMES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


@dataclass(frozen=True)
class Saving:
    """What pruning saved, by estimate.

    Attributes:
        seconds: of training that were not spent.
        epochs: that were not trained.
        trials: that were pruned and could be judged.
    """

    seconds: float
    epochs: float
    trials: int


class Excess(NamedTuple):
    """A limit that a trial exceeds.

    Attributes:
        measured: of the trial.
        most: that the space allows.
    """

    measured: float
    most: float


@dataclass(frozen=True)
class Findings:
    """What a sweep has found so far.

    Attributes:
        name: of the sweep.
        measures: that it minimises, in the order of the trials' values.
        branches: names of the choices at the top of its space.
        trials: that have ended for good.
        best: the trial to take, where one is complete.
        ranking: complete trials, the best first.
        front: those that no other is better than in every measure; the best alone for a single measure.
        baselines: trials whose values a person gave, all of them.
    """

    name: str
    measures: tuple[str, ...]
    branches: tuple[str, ...]
    trials: Sequence[FrozenTrial]
    best: FrozenTrial | None
    ranking: Sequence[FrozenTrial]
    front: Sequence[FrozenTrial]
    baselines: Sequence[FrozenTrial]

    @property
    def states(self) -> dict[str, int]:
        """How many trials ended how."""
        return {name: sum(trial.state is state for trial in self.trials) for state, name in OUTCOMES.items()}

    @property
    def median(self) -> float | None:
        """The median of the first measure over the complete trials."""
        return median(trial.values[0] for trial in self.ranking) if self.ranking else None

    @property
    def failures(self) -> dict[str, list[int]]:
        """Numbers of the failed trials by what they failed of, as the last one says it, the most frequent first."""
        alike: dict[str, list[FrozenTrial]] = {}
        for trial in self.trials:
            if trial.state is TrialState.FAIL:
                alike.setdefault(kind_of_failure(trial), []).append(trial)
        most_first = sorted(alike.values(), key=len, reverse=True)
        return {cause(trials[-1]): [trial.number for trial in trials] for trials in most_first}

    @property
    def exceeded(self) -> dict[str, list[Excess]]:
        """By the limits that any trial exceeds, what those trials measured, the lowest first."""
        found: dict[str, list[Excess]] = {}
        for trial in self.trials:
            for name, excess in excesses(trial).items():
                found.setdefault(name, []).append(excess)
        return {name: sorted(of) for name, of in found.items()}

    @property
    def saving(self) -> Saving:
        """What pruning saved."""
        return time_saved(self.trials, self.branches)

    def branch(self, trial: FrozenTrial) -> str:
        """Name the options that a trial took at the top of the space; nothing where there is no choice."""
        return branch_of(trial, self.branches)


def findings(study: optuna.Study, measures: Sequence[str], branches: Sequence[str]) -> Findings:
    """Read what a study has found.

    Args:
        study: with any number of trials.
        measures: that it minimises, in its order.
        branches: names of the choices at the top of its space.
    """
    trials = settled(study)
    ranking = ranked(trials)
    found = first_within_limits(trials)
    numbers = {trial.number for trial in front(study)} if len(measures) > 1 else set()
    ends = [trial for trial in ranking if trial.number in numbers] if numbers else ([found] if found else [])
    by_number = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    given = [trial for trial in trials if _given(trial, by_number)]
    baselines = given if len(given) < len(trials) else []  # all were: a grid
    return Findings(study.study_name, tuple(measures), tuple(branches), trials, found, ranking, ends, baselines)


def ranked(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the complete trials, those within the limits first, then by their measures in turn."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    return sorted(complete, key=lambda trial: (violates_limits(trial), trial.values, trial.number))


def violates_limits(trial: FrozenTrial) -> bool:
    """Tell whether a trial exceeds a limit that the space sets."""
    return any(beyond > 0 for beyond in trial.constraints.values())


def excesses(trial: FrozenTrial) -> dict[str, Excess]:
    """Return the limits that a trial exceeds."""
    values = trial.user_attrs.get(MEASURED, {})
    return {
        name: Excess(values[name], values[name] - beyond)
        for name, beyond in trial.constraints.items()
        if beyond > 0 and name in values
    }


def first_within_limits(trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
    """Return the trial to take, where one is complete and within the limits."""
    return next((trial for trial in ranked(trials) if not violates_limits(trial)), None)


def measured(trial: FrozenTrial, measures: Sequence[str]) -> dict[str, float]:
    """Return all that was measured of a trial; for a pruned one the lowest value that it reported."""
    known: dict[str, float] = dict(trial.user_attrs.get(MEASURED, {}))
    if trial.state is TrialState.COMPLETE:
        return {**known, **dict(zip(measures, trial.values, strict=True))}
    reported = {measures[0]: min(trial.intermediate_values.values())} if trial.intermediate_values else {}
    return {**reported, **known}


def branch_of(trial: FrozenTrial, branches: Sequence[str]) -> str:
    """Name the options that a trial took at the top of the space; nothing where there is no choice."""
    return " ".join(str(trial.params[name]) for name in branches if name in trial.params)


def time_saved(trials: Sequence[FrozenTrial], branches: Sequence[str]) -> Saving:
    """Estimate what pruning saved.

    A pruned trial is taken to have had before it as many epochs as complete ones of its branch had in the mean, each as
    long as the branch's epochs were in the mean. A pruned trial of a branch that has no complete one is left out.
    """
    groups: dict[str, list[FrozenTrial]] = {}
    for trial in trials:
        groups.setdefault(branch_of(trial, branches), []).append(trial)
    epochs, seconds, judged = 0.0, 0.0, 0
    for group in groups.values():
        complete = [len(trial.intermediate_values) for trial in group if trial.state is TrialState.COMPLETE]
        pace = seconds_an_epoch(group)
        if not complete or pace is None:
            continue
        for trial in group:
            if trial.state is TrialState.PRUNED:
                spared = max(0.0, fmean(complete) - len(trial.intermediate_values))
                epochs, seconds, judged = epochs + spared, seconds + spared * pace, judged + 1
    return Saving(seconds, epochs, judged)


def seconds_an_epoch(trials: Sequence[FrozenTrial]) -> float | None:
    """Return how long an epoch took in the mean; retried trials tell of more epochs than they trained themselves."""
    timed = [trial for trial in trials if trial.duration and trial.intermediate_values]
    whole = [trial for trial in timed if RETRY_OF not in trial.user_attrs]
    trained = sum(len(trial.intermediate_values) for trial in whole)
    return sum(trial.duration.total_seconds() for trial in whole if trial.duration) / trained if trained else None


def _given(trial: FrozenTrial, by_number: Mapping[int, FrozenTrial]) -> bool:
    """Tell whether a person gave all of a trial's values: a retry's were given by the trial that it repeats."""
    while RETRY_OF in trial.user_attrs:
        trial = by_number[trial.user_attrs[RETRY_OF]]
    given = trial.system_attrs.get("fixed_params", {})
    return bool(given) and trial.params.keys() <= given.keys()
