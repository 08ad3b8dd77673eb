"""A draw in, the constraint that it violates out; and draws that violate none, found by trying."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from experiments import tracking
from experiments.training_config import read_config
from sweeps.blame import tried
from sweeps.samplers import random_trials
from sweeps.settings import SpaceError, did_you_mean
from sweeps.space import Draw, Params, Space

MOST_TRIES: Final = 1000


class BaseConfigs:
    """The configs that draws are laid over: where a constraint finds the keys that are neither drawn nor fixed.

    Resolving one takes a fraction of a second, and a thousand draws share a few, so they are kept.
    """

    def __init__(self) -> None:
        self._resolved: dict[str, Mapping[str, Any]] = {}

    def of(self, draw: Draw) -> Mapping[str, Any]:
        """Return the dotted keys and values of a draw's resolved config.

        Raises:
            SpaceError: the config is not usable.
        """
        # What numbers are drawn changes no other key; another class or file does.
        others = {key: value for key, value in draw.values.items() if not isinstance(value, int | float)}
        key = json.dumps([[str(config) for config in draw.configs], others], sort_keys=True)
        if key not in self._resolved:
            self._resolved[key] = tracking.flatten(tried(draw, read_config))
        return self._resolved[key]


class Found(NamedTuple):
    """A trial that violates no constraint: its values in Optuna, and what they are drawn as."""

    params: Params
    draw: Draw


def violated(draw: Draw, bases: BaseConfigs) -> str | None:
    """Return the text of the first constraint that a draw violates, or None.

    Args:
        draw: of a trial.
        bases: where keys are found that are neither drawn nor fixed.

    Raises:
        SpaceError: a constraint names an unknown key, or compares what cannot be compared.
    """
    known: dict[str, Any] = {**draw.options, **draw.values}
    for condition in draw.conditions:
        if not set(condition.keys) <= set(known):
            known = {**bases.of(draw), **known}
        for key in condition.keys:
            if key not in known:
                raise SpaceError(
                    f"constraint {condition.text!r}: no such key in the config of {draw.label}: {key}"
                    f"{did_you_mean(key, known)}; one that concerns an option alone belongs below that option"
                )
        if not condition.holds(known):
            return condition.text
    return None


def find_valid(
    space: Space, seed: int, bases: BaseConfigs, given: Params | None = None, tries: int = MOST_TRIES
) -> Found | None:
    """Draw at random until no constraint is violated; None after so many tries.

    Args:
        space: to draw from.
        seed: of the draws.
        bases: where constraints find what is not drawn.
        given: values in Optuna that stay as they are.
        tries: after which it gives up.
    """
    study = random_trials(seed)
    for _ in range(tries):
        study.enqueue_trial(dict(given or {}))
        trial = study.ask()
        draw = space.draw(trial)
        if violated(draw, bases) is None:
            return Found(trial.params, draw)
    return None
