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
        readable = next((part for part in (draw, rest) if _works(part, read_config)), None)
        known = tracking.flatten(read_config(readable.words)) if readable else {}
        if known and not _is_known(blamed[0], known):
            return _unknown(blamed[0], known)
    together = " together with ".join(f"{key} = {draw.values[key]!r}" for key in blamed)
    return f"{together or 'the configs of ' + draw.label}: {_reason(error)}"


def _reason(error: Exception) -> str:
    """Return the line of an error that says why: of each type that is allowed the parser tells its own."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    of_types = [line.removeprefix("- ") for line in lines if line.startswith("- ") and "NoneType" not in line]
    return (of_types or lines[-1:])[0]


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
