"""A pruner's settings in, Optuna's pruner out: when a trial is given up, by its dev measure of each epoch."""

from dataclasses import dataclass
from typing import Final

from optuna import Study
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, PatientPruner
from optuna.trial import FrozenTrial, TrialState

from sweeps.settings import SpaceError, at_least, kinds, mapping

_WILCOXON: Final = (
    "wilcoxon compares two trials over many paired instances that each cost time, such as folds or seeds. A trial here "
    "is one training: its epochs are no instances (each goes on from the one before), and all utterances of dev are "
    "scored at once, when the epoch is paid for. Take median, patient or hyperband, and --reseed-top to compare the "
    "best trials over several seeds"
)


_WARM_UP_SHARE: Final = 3  # one in so many epochs
_SHORTEST_WARM_UP: Final = 2


class MedianAfterAThird(BasePruner):
    """The median rule, once a trial has had a third of the epochs of the longest complete one, and two at least.

    Before that an epoch tells nothing of how a training will end: of 24 trainings of the CNN over 12 epochs, the ranks
    at the first four correlated with the final ones by -.3 to .2, at the fifth by .4, and from the seventh on by .8.
    Pruned from the third epoch on, a sweep of 12 of them lost its best trial in every second draw; from the fifth on,
    in every tenth.

    Args:
        startup_trials: complete before any is pruned.
    """

    def __init__(self, startup_trials: int) -> None:
        self.startup_trials = startup_trials

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether to give a trial up."""
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        epochs = max((1 + (other.last_step or 0) for other in complete), default=0)
        warm_up = max(_SHORTEST_WARM_UP, -(-epochs // _WARM_UP_SHARE))
        return MedianPruner(self.startup_trials, warm_up).prune(study, trial)


class Pruner:
    """Settings of a pruner."""

    def make(self) -> BasePruner:
        """Make the pruner."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Median(Pruner):
    """Stops a trial that is worse than the median of the others at the same epoch.

    Attributes:
        startup_trials: finished before any is pruned.
        warmup_epochs: of each trial that are never pruned; a third of those of a whole trial when not given.
    """

    startup_trials: int = 3
    warmup_epochs: int | None = None

    def __post_init__(self) -> None:
        at_least(0, startup_trials=self.startup_trials)
        if self.warmup_epochs is not None:
            at_least(0, warmup_epochs=self.warmup_epochs)

    def make(self) -> BasePruner:
        """Make the pruner."""
        if self.warmup_epochs is None:
            return MedianAfterAThird(self.startup_trials)
        return MedianPruner(self.startup_trials, self.warmup_epochs)


@dataclass(frozen=True, kw_only=True)
class Patient(Median):
    """The median rule, but only for a trial that has not improved for some epochs.

    Attributes:
        patience: epochs without an improvement.
        min_delta: what counts as one, in the unit of the measure.
    """

    patience: int = 3
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(0, patience=self.patience, min_delta=self.min_delta)

    def make(self) -> BasePruner:
        """Make the pruner."""
        return PatientPruner(super().make(), self.patience, self.min_delta)


@dataclass(frozen=True, kw_only=True)
class Hyperband(Pruner):
    """Gives many trials a few epochs, and few trials many (Li et al. 2018).

    Attributes:
        min_epochs: that every trial gets.
        max_epochs: of a whole trial; those of the first complete one when not given.
        reduction_factor: one in so many trials is promoted.
    """

    min_epochs: int = 1
    max_epochs: int | None = None
    reduction_factor: int = 3

    def __post_init__(self) -> None:
        at_least(1, min_epochs=self.min_epochs)
        at_least(2, reduction_factor=self.reduction_factor)
        if self.max_epochs is not None:
            at_least(self.min_epochs, max_epochs=self.max_epochs)

    def make(self) -> BasePruner:
        """Make the pruner."""
        return HyperbandPruner(self.min_epochs, self.max_epochs or "auto", self.reduction_factor)


@dataclass(frozen=True)
class NoPruner(Pruner):
    """Every trial is trained to its end."""

    def make(self) -> BasePruner:
        """Make the pruner."""
        return NopPruner()


PRUNERS: Final[dict[str, type[Pruner]]] = {
    "median": Median,
    "patient": Patient,
    "hyperband": Hyperband,
    "none": NoPruner,
}


def read_pruner(values: object, where: str) -> Pruner:
    """Read the settings of a pruner.

    Raises:
        SpaceError: there is no such kind or setting.
    """
    if mapping(values, None, where).get("kind") == "wilcoxon":
        raise SpaceError(f"{where}: {_WILCOXON}")
    return kinds(PRUNERS, "median", values, where)
