"""A space in, the trainings that it can ask for out: every key, and the ends of every range, tried first."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import torch
from optuna.trial import FixedTrial

from experiments import tracking
from experiments.inference_cost import clip, make_ready
from experiments.model_summary import read_detector
from experiments.training_config import TrainingCLI, parse, read_config
from sweeps.constraints import MOST_TRIES, BaseConfigs, Found, find_valid, violated
from sweeps.samplers import Grid, random_trials
from sweeps.settings import SpaceError, did_you_mean
from sweeps.space import Draw, Params, Space

_REFUSALS: Final = (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError, OSError, AssertionError)
_MIXED_TRIES: Final = 20  # ends of several ranges at once, before each is tried alone
_SINGLE_TRIES: Final = 100
_OF_THE_DETECTOR: Final = "model."
_Made = TypeVar("_Made")


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

    Both ends of each range and every choice are made real: a detector is built of them and scores noise.

    Args:
        space: to be searched.
        bases: where constraints find what is not drawn.

    Returns:
        A training for every option of every branch.

    Raises:
        SpaceError: a key is unknown, a value impossible, or no values satisfy the constraints.
    """
    checked = []
    for options in space.root.coverings():
        _check_keys(space, options)
        draw = _any_valid(space, bases, options, f"the options {', '.join(options.values())}" if options else "").draw
        checked.append(Checked(draw, _tried(draw, parse)))
        for corner in _corners(space, bases, options):
            _tried(corner, _build)
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


def _check_keys(space: Space, options: Params) -> None:
    """Refuse keys that the config does not have; the parser itself takes the beginning of one for the whole."""
    study = random_trials(0)
    study.enqueue_trial(dict(options))
    draw = space.draw(study.ask())
    known = tracking.flatten(_tried(draw, read_config))
    for key in draw.values:
        if not _is_known(key, known):
            raise SpaceError(_unknown(key, known))


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


def _build(words: Sequence[str]) -> None:
    """Make what a trial would train, and let it score noise; the corpus is read only if the data depends on it."""
    drawn = [word for word in words if word.startswith("--") and word != "--config"]
    detector = (
        read_detector(words)
        if all(word.startswith(f"--{_OF_THE_DETECTOR}") and ".loss" not in word for word in drawn)
        else parse(words).model
    )
    waveform = clip(detector.frontend.sample_rate_hz, detector.crop_s)
    make_ready(detector, waveform)
    with torch.inference_mode():
        detector(waveform)


def _tried(draw: Draw, attempt: Callable[[Sequence[str]], _Made]) -> _Made:
    try:
        return attempt(draw.words)
    except _REFUSALS as error:
        raise SpaceError(_explained(draw, attempt, error)) from error


def _explained(draw: Draw, attempt: Callable[[Sequence[str]], Any], error: Exception) -> str:
    """Say which value is to blame: the one without which, or up to which, it works."""
    keys = list(draw.values)
    blamed = [key for key in keys if _works(draw.only([other for other in keys if other != key]), attempt)]
    if not blamed and _works(draw.only([]), attempt):
        blamed = [next(key for place, key in enumerate(keys) if not _works(draw.only(keys[: place + 1]), attempt))]
    if len(blamed) == 1:
        rest = draw.only([key for key in keys if key != blamed[0]])
        known = tracking.flatten(read_config(rest.words)) if _works(rest, read_config) else {}
        if known and not _is_known(blamed[0], known):
            return _unknown(blamed[0], known)
    reason = str(error).strip().splitlines()[-1].strip() if str(error).strip() else type(error).__name__
    together = " together with ".join(f"{key} = {draw.values[key]!r}" for key in blamed)
    return f"{together or 'the configs of ' + draw.label}: {reason}"


def _works(draw: Draw, attempt: Callable[[Sequence[str]], Any]) -> bool:
    try:
        attempt(draw.words)
    except _REFUSALS:
        return False
    return True


def _is_known(key: str, known: dict[str, Any]) -> bool:
    return key.removesuffix("+") in known or any(name.startswith(f"{key}.") for name in known)


def _unknown(key: str, known: dict[str, Any]) -> str:
    return f"no such key in the config: {key}{did_you_mean(key, known)}"
