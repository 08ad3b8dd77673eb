"""Baselines of a YAML in, values for Optuna out: the trials that a sweep runs first."""

from collections.abc import Iterator
from typing import Any

from sweeps.settings import SpaceError, did_you_mean, mapping
from sweeps.space import Params, Subspace


def read_enqueued(values: Any, root: Subspace, where: str) -> tuple[Params, ...]:  # noqa: ANN401 - whatever YAML holds
    """Read baseline trials: lists of config keys, or names of branches, and values; what is left out is drawn.

    Args:
        values: that the YAML holds.
        root: of the space that they lie in.
        where: they stand, for errors.

    Raises:
        SpaceError: a key is no parameter, lies below an option that is not taken, or a value is outside its range.
    """
    if not isinstance(values, list):
        raise SpaceError(f"{where}: found {values!r}, expected a list of keys and values")
    return tuple(_params(wanted, root, f"{where}: {place}") for place, wanted in enumerate(values, start=1))


def _params(values: Any, root: Subspace, where: str) -> Params:  # noqa: ANN401
    wanted = mapping(values, None, where)
    found = dict(_taken(root, wanted, "", where))
    read = {name.rpartition("/")[2] for name in found}
    for key in wanted:
        if key not in read:
            raise SpaceError(f"{where}: {_why_unknown(key, root)}")
    return found


def _taken(part: Subspace, wanted: dict[str, Any], prefix: str, where: str) -> Iterator[tuple[str, Any]]:
    for key, domain in part.parameters.items():
        if key in wanted:
            if not domain.admits(wanted[key]):
                raise SpaceError(f"{where}: {key}: found {wanted[key]!r}, which is outside of {domain}")
            yield prefix + key, domain.stored(wanted[key])
    for name, options in part.branches.items():
        if name in wanted:
            option = wanted[name]
            if not isinstance(option, str) or option not in options:
                raise SpaceError(f"{where}: {name}: found {option!r}, expected one of {', '.join(options)}")
            yield prefix + name, option
            yield from _taken(options[option], wanted, f"{prefix}{option}/", where)


def _why_unknown(key: str, root: Subspace) -> str:
    known = {name for part in root.parts() for name in (*part.parameters, *part.branches)}
    if key in known:
        return f"{key} lies below a branch whose option is another, or is not named: name the option that it belongs to"
    if any(key in part.fixed for part in root.parts()):
        return f"{key} is fixed: every trial has it"
    return f"{key} is no parameter of this space{did_you_mean(str(key), known)}"
