"""A sampler's settings in, Optuna's sampler out: how the values of the next trial are drawn."""

from dataclasses import dataclass
from typing import ClassVar, Final

import optuna
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)

from sweeps.settings import at_least, kinds


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """What every sampler has.

    Attributes:
        seed: of the draws.
        follows_branches: learns what lies below a branch; the others would draw that at random.
        several_objectives: can weigh some against each other.
        obeys_limits: takes the measured limits into account, or learns nothing that they would mislead.
        learns_from_pruned: knows that a pruned trial was bad; one that does not would draw the same again.
    """

    seed: int = 0
    follows_branches: ClassVar[bool] = False
    several_objectives: ClassVar[bool] = True
    obeys_limits: ClassVar[bool] = True
    learns_from_pruned: ClassVar[bool] = True

    def make(self, fresh_seed: int) -> BaseSampler:
        """Make the sampler.

        Args:
            fresh_seed: of this process, and of where the study stands: with the seed that it began with a resumed
                sampler would draw what it drew before.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Tpe(Sampler):
    """The tree-structured Parzen estimator (Bergstra et al. 2011), of all parameters of a branch together.

    Attributes:
        startup_trials: drawn at random before it is used.
    """

    startup_trials: int = 5
    follows_branches: ClassVar[bool] = True

    def __post_init__(self) -> None:
        at_least(0, startup_trials=self.startup_trials)

    def make(self, fresh_seed: int) -> BaseSampler:
        """Make the sampler."""
        return TPESampler(
            n_startup_trials=self.startup_trials, multivariate=True, group=True, constant_liar=True, seed=fresh_seed
        )


@dataclass(frozen=True, kw_only=True)
class Gp(Sampler):
    """Bayesian optimisation with a Gaussian process: for few, expensive trials.

    Attributes:
        startup_trials: drawn at random before it is used.
    """

    startup_trials: int = 10
    learns_from_pruned: ClassVar[bool] = False

    def __post_init__(self) -> None:
        at_least(1, startup_trials=self.startup_trials)

    def make(self, fresh_seed: int) -> BaseSampler:
        """Make the sampler."""
        return GPSampler(n_startup_trials=self.startup_trials, seed=fresh_seed, warn_independent_sampling=False)


@dataclass(frozen=True, kw_only=True)
class CmaEs(Sampler):
    """Evolution by covariance matrix adaptation (Hansen and Ostermeier 2001) of the ranges; TPE draws the choices.

    Attributes:
        startup_trials: drawn by TPE before it is used.
    """

    startup_trials: int = 1
    several_objectives: ClassVar[bool] = False
    obeys_limits: ClassVar[bool] = False

    def __post_init__(self) -> None:
        at_least(1, startup_trials=self.startup_trials)

    def make(self, fresh_seed: int) -> BaseSampler:
        """Make the sampler."""
        return CmaEsSampler(
            n_startup_trials=self.startup_trials,
            independent_sampler=Tpe().make(fresh_seed),
            warn_independent_sampling=False,
            seed=fresh_seed,
        )


@dataclass(frozen=True, kw_only=True)
class Qmc(Sampler):
    """A scrambled Sobol sequence: covers ranges evenly, and learns nothing; choices are drawn at random."""

    def make(self, fresh_seed: int) -> BaseSampler:
        """Make the sampler, of its own seed: all processes walk along one sequence, and the study knows where."""
        return QMCSampler(
            scramble=True,
            seed=self.seed,
            independent_sampler=RandomSampler(fresh_seed),
            warn_independent_sampling=False,
        )


@dataclass(frozen=True, kw_only=True)
class Random(Sampler):
    """Independent draws."""

    follows_branches: ClassVar[bool] = True

    def make(self, fresh_seed: int) -> BaseSampler:
        """Make the sampler."""
        return RandomSampler(fresh_seed)


@dataclass(frozen=True, kw_only=True)
class Grid(Sampler):
    """Every combination of choices and steps, once, in an order drawn by the seed (see ``sweeps.grid``)."""

    follows_branches: ClassVar[bool] = True

    def make(self, fresh_seed: int) -> BaseSampler:
        """Make a sampler that has nothing to do: the points are queued."""
        return RandomSampler(fresh_seed)


@dataclass(frozen=True, kw_only=True)
class Nsga2(Sampler):
    """A genetic algorithm for several objectives (Deb et al. 2002).

    Attributes:
        population: trials of a generation.
    """

    population: int = 20
    learns_from_pruned: ClassVar[bool] = False

    def __post_init__(self) -> None:
        at_least(2, population=self.population)

    def make(self, fresh_seed: int) -> BaseSampler:
        """Make the sampler."""
        return NSGAIISampler(population_size=self.population, seed=fresh_seed)


SAMPLERS: Final[dict[str, type[Sampler]]] = {
    "tpe": Tpe,
    "gp": Gp,
    "cmaes": CmaEs,
    "qmc": Qmc,
    "random": Random,
    "grid": Grid,
    "nsga2": Nsga2,
}


def read_sampler(values: object, where: str) -> Sampler:
    """Read the settings of a sampler.

    Raises:
        SpaceError: there is no such kind or setting.
    """
    return kinds(SAMPLERS, "tpe", values, where)


def random_trials(seed: int) -> optuna.Study:
    """Make a study in memory that draws at random: to try what a space holds."""
    return optuna.create_study(sampler=RandomSampler(seed))
