"""A draw that makes no training in, the key that is to blame out: it is unknown, or its value impossible."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from experiments import tracking
from experiments.training_config import read_config
from sweeps.settings import SpaceError, did_you_mean
from sweeps.space import Draw

_REFUSALS: Final = (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError, OSError, AssertionError)
_Made = TypeVar("_Made")


def tried(draw: Draw, attempt: Callable[[Sequence[str]], _Made]) -> _Made:
    """Return what an attempt makes of a draw's words.

    Raises:
        SpaceError: it fails; the error names the key to blame: the one without which, or up to which, it succeeds.
    """
    try:
        return attempt(draw.words)
    except _REFUSALS as error:
        raise SpaceError(_explained(draw, attempt, error)) from error


def refuse_unknown(draw: Draw) -> None:
    """Refuse keys that the config of a draw does not have; the parser itself takes the beginning of one for the whole.

    Raises:
        SpaceError: a key is unknown, or its value impossible.
    """
    known = tracking.flatten(tried(draw, read_config))
    for key in draw.values:
        if not _is_known(key, known):
            raise SpaceError(_unknown(key, known))


def _explained(draw: Draw, attempt: Callable[[Sequence[str]], Any], error: Exception) -> str:
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


def _is_known(key: str, known: Mapping[str, Any]) -> bool:
    return key.removesuffix("+") in known or any(name.startswith(f"{key}.") for name in known)


def _unknown(key: str, known: Mapping[str, Any]) -> str:
    for above in _above(key):
        if above in known:
            return f"no such key in the config: {key}, since {above} is {known[above]!r}: set {above}.class_path too"
    return f"no such key in the config: {key}{did_you_mean(key, known)}"


def _above(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]
