"""A search space and a trial in, the words of a training command out."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from optuna.trial import BaseTrial

from experiments import selection
from sweeps.expressions import Condition
from sweeps.objectives import Objective
from sweeps.pruners import Median, Pruner
from sweeps.ranges import Range
from sweeps.samplers import Sampler, Tpe

Params = Mapping[str, Any]  # names and values as Optuna keeps them
_PICKS_THE_EPOCH = "early_stopping.monitor"  # the lowest dev EER does where nothing is said


@dataclass(frozen=True)
class Draw:
    """What a trial has drawn.

    Attributes:
        configs: files laid over each other in this order.
        options: names of branches and what was taken.
        values: dotted config keys and values, laid over the configs.
        conditions: that must hold between them.
    """

    configs: tuple[Path, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words of ``spooflab train``: configs first, then overrides."""
        return [word for config in self.configs for word in ("--config", str(config))] + [
            f"--{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in self.values.items()
        ]

    @property
    def label(self) -> str:
        """The options that were taken, for a person."""
        return ", ".join(self.options.values()) or "all trials"

    def only(self, keys: list[str]) -> "Draw":
        """The same, without the other values."""
        return replace(self, values={key: self.values[key] for key in keys})


@dataclass(frozen=True)
class Subspace:
    """What is set when a branch is taken.

    Parameters below a branch are called ``OPTION/KEY`` in Optuna, since the same key may range otherwise elsewhere.

    Attributes:
        configs: files laid over the ones before, in this order.
        fixed: dotted config keys and their values.
        parameters: dotted config keys and what they range over.
        branches: names of choices, each with its own subspace under every option.
        conditions: that must hold between the values of a trial.
    """

    configs: tuple[Path, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Range] = field(default_factory=dict)
    branches: Mapping[str, Mapping[str, "Subspace"]] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()

    def draw(self, trial: BaseTrial, prefix: str = "") -> Draw:
        """Ask a trial for an option of every branch and a value of every parameter."""
        options = {name: trial.suggest_categorical(prefix + name, list(below)) for name, below in self.branches.items()}
        drawn = [self.branches[name][option].draw(trial, f"{prefix}{option}/") for name, option in options.items()]
        own = {key: domain.suggest(trial, prefix + key) for key, domain in self.parameters.items()}
        return Draw(
            configs=(*self.configs, *(config for part in drawn for config in part.configs)),
            options={**options, **{name: option for part in drawn for name, option in part.options.items()}},
            values={**{key: value for part in drawn for key, value in part.values.items()}, **self.fixed, **own},
            conditions=(*self.conditions, *(condition for part in drawn for condition in part.conditions)),
        )

    def parameters_of(self, taken: Params, prefix: str = "") -> dict[str, Range]:
        """Return the names in Optuna, and the ranges, of every parameter there is when these options are taken."""
        found = {prefix + key: domain for key, domain in self.parameters.items()}
        for name, options in self.branches.items():
            option = taken[prefix + name]
            found |= options[option].parameters_of(taken, f"{prefix}{option}/")
        return found

    def coverings(self) -> list[dict[str, str]]:
        """Return few choices of options, in which every option of every branch is taken at least once."""
        seen: set[tuple[str, str]] = set()
        chosen: list[dict[str, str]] = []
        for route in self.routes():
            if not chosen or not set(route.items()) <= seen:
                chosen.append(route)
                seen |= set(route.items())
        return chosen

    def routes(self, prefix: str = "") -> Iterator[dict[str, str]]:
        """Yield every choice of options there is."""
        below = [
            [
                {prefix + name: option, **rest}
                for option, part in options.items()
                for rest in part.routes(f"{prefix}{option}/")
            ]
            for name, options in self.branches.items()
        ]
        for choices in product(*below):
            yield {name: option for choice in choices for name, option in choice.items()}

    def parts(self) -> Iterator["Subspace"]:
        """Yield this subspace and all below."""
        yield self
        for options in self.branches.values():
            for part in options.values():
                yield from part.parts()


@dataclass(frozen=True)
class Space:
    """A search space, what is searched for in it, and how.

    Attributes:
        root: what every trial shares, and its choices.
        sampler: how values are drawn.
        pruner: when a trial is given up.
        objective: what is lowered, and which limits are kept.
        enqueued: values of the trials that are run first, by the names that Optuna knows; the rest is drawn.
        text: the YAML that it was read from: with it, another machine has the same space.
    """

    root: Subspace
    sampler: Sampler = field(default_factory=Tpe)
    pruner: Pruner = field(default_factory=Median)
    objective: Objective = field(default_factory=Objective)
    enqueued: tuple[Params, ...] = ()
    text: str = ""

    def draw(self, trial: BaseTrial) -> Draw:
        """Ask a trial for all its values; what is searched for picks the epoch that is kept, unless the space says."""
        drawn, first = self.root.draw(trial), self.objective.measures[0]
        return drawn if first == selection.EER else replace(drawn, values={_PICKS_THE_EPOCH: first, **drawn.values})
