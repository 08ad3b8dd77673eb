"""A mapping of a YAML in, typed settings out: what nobody knows is an error that says what was meant."""

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, Final, TypeVar, get_args, get_origin

_T = TypeVar("_T")
_VERY_CLOSE: Final = 0.8  # keys of one section are alike by their beginning alone


class SpaceError(ValueError):
    """A search space that cannot be searched."""


def mapping(values: Any, known: Iterable[str] | None, where: str) -> dict[str, Any]:  # noqa: ANN401 - whatever YAML holds
    """Return a mapping whose keys are all known.

    Args:
        values: that the YAML holds.
        known: keys; None: any.
        where: they stand, for the error.

    Raises:
        SpaceError: it is no mapping, or has a key that is unknown or no text.
    """
    if not isinstance(values, dict):
        raise SpaceError(f"{where}: found {values!r}, expected keys and values")
    for key in values:
        if not isinstance(key, str):
            raise SpaceError(
                f"{where}: found {key!r}, expected a word (YAML reads on, off, yes, no and numbers as something else): "
                "put quotes around it"
            )
    if known is not None:
        there = sorted(known)
        for key in values:
            if key not in there:
                raise SpaceError(f"{where}: unknown {key}{did_you_mean(key, there)}; there are {', '.join(there)}")
    return values


def settings(kind: type[_T], values: Any, where: str) -> _T:  # noqa: ANN401
    """Make a dataclass of a mapping.

    Raises:
        SpaceError: a setting is unknown, missing, or of another type.
    """
    types_of = {item.name: item.type for item in fields(kind)}  # type: ignore[arg-type]
    given = mapping({} if values is None else values, types_of, where)
    for name, value in given.items():
        if not _fits(value, types_of[name]):
            raise SpaceError(f"{where}: {name}: found {value!r}, expected {_said(types_of[name])}{_yaml_hint(value)}")
    needed = [item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING]  # type: ignore[arg-type]
    if not set(needed) <= set(given):
        raise SpaceError(f"{where}: needs {' and '.join(needed)}; found {', '.join(given) or 'nothing'}")
    try:
        return kind(**given)
    except ValueError as error:
        raise SpaceError(f"{where}: {error}") from error


def kinds(kind: Mapping[str, type[_T]], default: str, values: Any, where: str) -> _T:  # noqa: ANN401
    """Make one of several dataclasses: the one that ``kind`` names.

    Args:
        kind: names and classes.
        default: the name that a mapping without ``kind`` means.
        values: that the YAML holds.
        where: they stand, for the error.

    Raises:
        SpaceError: there is no such kind, or it has no such setting.
    """
    given = dict(mapping(values, None, where))
    name = given.pop("kind", default)
    if name not in kind:
        raise SpaceError(f"{where}: unknown kind {name!r}{did_you_mean(str(name), kind)}; there are {', '.join(kind)}")
    return settings(kind[name], given, f"{where} {name}")


def at_least(lowest: float, **found: float) -> None:
    """Refuse settings below what makes sense.

    Raises:
        ValueError: naming the first that is too low.
    """
    for name, value in found.items():
        if value < lowest:
            raise ValueError(f"{name}: found {value}, expected {lowest} or more")


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return a suggestion to put behind an error, a key beside it, of its name, or much alike, or nothing."""
    above, _, name = found.rpartition(".")
    words = list(known)
    beside = [word for word in words if word.rpartition(".")[0] == above]
    names = difflib.get_close_matches(name, [word.rpartition(".")[2] for word in beside], n=1)
    close = [word for word in beside if word.rpartition(".")[2] in names]
    elsewhere = [word for word in words if word.rpartition(".")[2] == name]
    meant = [*close, *elsewhere, *difflib.get_close_matches(found, words, n=1, cutoff=_VERY_CLOSE)]
    return f" (did you mean {meant[0]}?)" if meant else ""


def _fits(value: object, expected: Any) -> bool:  # noqa: ANN401 - a type, or a union of some
    allowed = set(get_args(expected) if isinstance(expected, types.UnionType) else (expected,))
    if float in allowed:
        allowed.add(int)
    return any(type(value) is (get_origin(kind) or kind) for kind in allowed)


def _said(expected: Any) -> str:  # noqa: ANN401
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text", types.NoneType: "null"}
    parts = get_args(expected) if isinstance(expected, types.UnionType) else (expected,)
    return " or ".join(names.get(part, str(part)) for part in parts)


def _yaml_hint(value: object) -> str:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    return " (YAML reads 1e-3 as text: write 1.0e-3)" if isinstance(value, str) else ""
