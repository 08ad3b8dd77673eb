"""A space in, the trainings that it can ask for out: every key, and the ends of every range, tried first."""

import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import torch
from optuna.trial import FixedTrial

from datamodules.threads import one_thread
from experiments.inference_cost import clip, make_ready
from experiments.model_summary import read_detector
from experiments.training_config import TrainingCLI, parse
from lightning_modules.detector import Detector
from sweeps.blame import refuse_unknown, tried
from sweeps.constraints import MOST_TRIES, BaseConfigs, Found, find_valid, violated
from sweeps.samplers import Grid, random_trials
from sweeps.settings import SpaceError
from sweeps.space import Draw, Params, Space

_MIXED_TRIES: Final = 20  # ends of several ranges at once, before each is tried alone
_SINGLE_TRIES: Final = 100
_STEPS: Final = 100  # of a training that is not begun: an optimiser and a schedule are made for some number


class Checked(NamedTuple):
    """One choice of options, and what comes of it.

    Attributes:
        draw: of a trial that takes these options.
        training: that it asks for, ready to be fitted.
    """

    draw: Draw
    training: TrainingCLI


def check(space: Space, bases: BaseConfigs) -> list[Checked]:
    """Refuse a space before its first trial, if any of its trials could not be trained.

    Both ends of each range and every choice are made real: a detector is built of them and scores noise, its optimiser
    and its schedule are made.

    Args:
        space: to be searched.
        bases: where constraints find what is not drawn.

    Returns:
        A training for every option of every branch.

    Raises:
        SpaceError: a key is unknown, a value impossible, or no values satisfy the constraints.
    """
    _say_if_nothing_is_searched(space)
    checked = []
    for options in space.root.coverings():
        refuse_unknown(_random_draw(space, options))
        draw = _any_valid(space, bases, options, f"the options {', '.join(options.values())}" if options else "").draw
        checked.append(Checked(draw, tried(draw, _training)))
        build = _build_detector if _of_the_detector(space.root.parameters_of(options)) else _build
        for corner in _corners(space, bases, options):
            tried(corner, build)
    for params in space.enqueued:
        _any_valid(space, bases, params, f"the enqueued trial {dict(params)}")
    return checked


def sample(space: Space, bases: BaseConfigs, count: int, seed: int = 0) -> list[Draw]:
    """Draw a few trials at random: the enqueued ones first, then every option, or the first points of a grid."""
    given = [*space.enqueued, *space.root.coverings()] if not isinstance(space.sampler, Grid) else []
    given = (given + [{}] * count)[:count]
    return [_any_valid(space, bases, params, "", seed + place).draw for place, params in enumerate(given)]


def _any_valid(space: Space, bases: BaseConfigs, given: Params, what: str, seed: int = 0) -> Found:
    found = find_valid(space, seed, bases, given)
    if found is None:
        raise SpaceError(
            f"no values of {what or 'this space'} satisfy the constraints: {MOST_TRIES} random draws violated one "
            "each; widen the ranges, or loosen the constraints"
        )
    return found


def _random_draw(space: Space, options: Params) -> Draw:
    study = random_trials(0)
    study.enqueue_trial(dict(options))
    return space.draw(study.ask())


def _corners(space: Space, bases: BaseConfigs, options: Params) -> Iterator[Draw]:
    """Yield few draws in which the ends of every range are met, and every choice, where the constraints allow it."""
    domains = space.root.parameters_of(options)
    ends = {name: [domain.stored(value) for value in domain.ends] for name, domain in domains.items()}
    left = {(name, value) for name, values in ends.items() for value in values}
    rng = random.Random(0)  # noqa: S311 - which ends are tried together, no secret
    for _ in range(_MIXED_TRIES):
        if not left:
            return
        params = {
            name: rng.choice([value for value in values if (name, value) in left] or values)
            for name, values in ends.items()
        }
        draw = space.draw(FixedTrial({**options, **params}))
        if violated(draw, bases) is None:
            left -= set(params.items())
            yield draw
    for name, value in sorted(left, key=str):
        found = find_valid(space, 0, bases, {**options, name: value}, _SINGLE_TRIES)
        if found is not None:
            yield found.draw


def _of_the_detector(names: Iterable[str]) -> bool:
    """Tell whether parameters alter the detector alone, so that no corpus is to be read; a loss must fit the data."""
    keys = [name.rpartition("/")[2] for name in names]
    return all(key.startswith("model.") and not key.startswith("model.loss") for key in keys)


def _build(words: Sequence[str]) -> None:
    """Make all that a trial would train with, and let the detector score noise."""
    _try_out(_training(words).model)


def _build_detector(words: Sequence[str]) -> None:
    """Make the detector that a trial would train, and let it score noise."""
    _try_out(read_detector(words))


def _training(words: Sequence[str]) -> TrainingCLI:
    """Make a training that ends."""
    training = parse(words)
    epochs = training.config.trainer.max_epochs
    if epochs is not None and epochs < 1:
        raise ValueError(f"found {epochs} as trainer.max_epochs, expected 1 or more: a trial is a training that ends")
    return training


def _say_if_nothing_is_searched(space: Space) -> None:
    if not (space.root.parameters or space.root.branches or isinstance(space.sampler, Grid)):
        print(
            "the space has no parameters: its trials are one config, and differ by their seeds alone", file=sys.stderr
        )


def _try_out(detector: Detector) -> None:
    detector.optimisation(_STEPS)
    waveform = clip(detector.frontend.sample_rate_hz, detector.crop_s)
    make_ready(detector, waveform)
    with one_thread(), torch.inference_mode():
        detector(waveform)
