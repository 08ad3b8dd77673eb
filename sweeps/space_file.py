"""A YAML file in, a search space out, read strictly: what contradicts itself is refused before anything runs."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from experiments.yaml_files import parse_yaml, text_of
from sweeps.enqueued import read_enqueued
from sweeps.expressions import read_condition
from sweeps.objectives import Objective, read_objective
from sweeps.pruners import Median, NoPruner, Pruner, read_pruner
from sweeps.ranges import Categorical, FloatRange, IntRange, Range
from sweeps.reserved import why_reserved
from sweeps.samplers import CmaEs, Grid, Sampler, read_sampler
from sweeps.settings import SpaceError, mapping, settings
from sweeps.space import Space, Subspace

_BRANCH_KEYS = ("configs", "fixed", "parameters", "constraints")
_TOP_KEYS = (*_BRANCH_KEYS, "sampler", "pruner", "objective", "limits", "enqueue")
_RANGES_OF_CMAES = 2  # it adapts how ranges vary together


def read_space(path: Path) -> Space:
    """Read a search space.

    Raises:
        SpaceError: the file is missing or no YAML, has an unknown key, contradicts itself, or names a config that is
            not there.
    """
    try:
        text = text_of(path)
    except ValueError as error:
        raise SpaceError(str(error)) from error
    return parse_space(text, str(path))


def parse_space(text: str, where: str) -> Space:
    """Read a search space from the text of its YAML.

    Args:
        text: of the file.
        where: it comes from, for errors.

    Raises:
        SpaceError: as for ``read_space``.
    """
    try:
        found = parse_yaml(text, where)
    except ValueError as error:
        raise SpaceError(str(error)) from error
    values = _filled(found, _TOP_KEYS, where)
    root = _subspace({name: values[name] for name in _BRANCH_KEYS if name in values}, where)
    missing = [str(config) for part in root.parts() for config in part.configs if not config.is_file()]
    if missing:
        raise SpaceError(f"{where}: no such config: {', '.join(missing)} (paths are relative to the folder you are in)")
    _refuse_repeated(root, set(), where)
    objective = read_objective(values.get("objective", "dev/eer"), values.get("limits", {}), where)
    sampler = read_sampler(values.get("sampler", {}), f"{where}: sampler")
    _refuse_unfit_sampler(sampler, root, objective, f"{where}: sampler")
    pruner = _pruner(values.get("pruner"), sampler, objective, f"{where}: pruner")
    enqueued = read_enqueued(values.get("enqueue", []), root, f"{where}: enqueue")
    if enqueued and isinstance(sampler, Grid):
        raise SpaceError(f"{where}: enqueue: a grid runs each of its points anyway: leave out enqueue")
    return Space(root, sampler, pruner, objective, enqueued, text)


def _subspace(values: Any, where: str) -> Subspace:  # noqa: ANN401 - whatever the YAML holds
    values = {} if values is None else _filled(values, _BRANCH_KEYS, where)
    parameters: dict[str, Range] = {}
    branches: dict[str, dict[str, Subspace]] = {}
    for key, value in mapping(values.get("parameters", {}), None, f"{where}: parameters").items():
        place = f"{where}: {key}"
        if not isinstance(value, dict) or len(value) != 1:
            raise SpaceError(
                f"{place}: found {value!r}, expected one of float, int, categorical or branch, with its settings"
            )
        kind, content = next(iter(value.items()))
        if kind == "branch":
            branches[key] = _options(content, place)
        else:
            parameters[key] = _range(kind, content, f"{place}: {kind}")
    fixed = mapping(values.get("fixed", {}), None, f"{where}: fixed")
    _refuse_reserved(fixed, parameters, where)
    return Subspace(
        configs=tuple(Path(str(config)) for config in _list(values, "configs", "files", where)),
        fixed=fixed,
        parameters=parameters,
        branches=branches,
        conditions=tuple(read_condition(text, where) for text in _list(values, "constraints", "expressions", where)),
    )


def _options(content: Any, where: str) -> dict[str, Subspace]:  # noqa: ANN401
    options = mapping(content, None, where)
    if not options:
        raise SpaceError(f"{where}: found no option, expected at least one")
    return {option: _subspace(below, f"{where}: {option}") for option, below in options.items()}


def _range(kind: str, content: Any, where: str) -> Range:  # noqa: ANN401
    match kind:
        case "float":
            return settings(FloatRange, content, where)
        case "int":
            return settings(IntRange, content, where)
        case "categorical":
            if not isinstance(content, list):
                raise SpaceError(f"{where}: found {content!r}, expected a list of choices")
            return settings(Categorical, {"choices": content}, where)
        case _:
            raise SpaceError(f"{where}: no such kind; there are float, int, categorical and branch")


def _filled(values: Any, known: Iterable[str], where: str) -> dict[str, Any]:  # noqa: ANN401
    """Return the sections that hold something: one left empty is one left out."""
    return {name: value for name, value in mapping(values, known, where).items() if value is not None}


def _refuse_reserved(fixed: dict[str, Any], parameters: dict[str, Range], where: str) -> None:
    may_take = {**{key: [value] for key, value in fixed.items()}, **{key: of.ends for key, of in parameters.items()}}
    for key, values in may_take.items():
        why = why_reserved(key, values)
        if why is not None:
            raise SpaceError(f"{where}: {why}")


def _list(values: dict[str, Any], name: str, of: str, where: str) -> list[Any]:
    found = values.get(name, [])
    if not isinstance(found, list):
        raise SpaceError(f"{where}: found {name} {found!r}, expected a list of {of}")
    return found


def _refuse_repeated(part: Subspace, above: set[str], where: str) -> None:
    """Refuse a key, or a branch, that is in two places of one trial: one of them would have no effect.

    Under options of one name Optuna would even take two such branches for one parameter, since it knows them as
    OPTION/NAME.
    """
    own = [*part.fixed, *part.parameters, *part.branches]
    below: list[str] = []
    for options in part.branches.values():
        parts = [inner for option in options.values() for inner in option.parts()]
        below += {key for inner in parts for key in (*inner.fixed, *inner.parameters, *inner.branches)}
    branches = {name for inner in part.parts() for name in inner.branches}
    _refuse_twice([*above, *own], branches, where)
    _refuse_twice(below, branches, where)
    for options in part.branches.values():
        for option in options.values():
            _refuse_repeated(option, above | set(own), where)


def _refuse_twice(keys: Iterable[str], branches: Collection[str], where: str) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            mend = "rename one of the branches of that name" if key in branches else "leave out one of them"
            raise SpaceError(f"{where}: {key} is set twice for the same trial: {mend}")
        seen.add(key)


def _refuse_unfit_sampler(sampler: Sampler, root: Subspace, objective: Objective, where: str) -> None:
    name = type(sampler).__name__
    if root.branches and not sampler.follows_branches:
        raise SpaceError(
            f"{where}: {name} learns only what every trial has, and would draw at random what lies below a branch: "
            "take tpe, or a space of its own for each option"
        )
    if not objective.single and not sampler.several_objectives:
        raise SpaceError(f"{where}: {name} lowers one measure alone: take tpe or nsga2, or one measure and limits")
    if objective.limits and not sampler.obeys_limits:
        raise SpaceError(f"{where}: {name} would go on drawing what is beyond the limits: take tpe or gp")
    ranges = [domain for domain in root.parameters.values() if not isinstance(domain, Categorical)]
    if isinstance(sampler, CmaEs) and len(ranges) < _RANGES_OF_CMAES:
        raise SpaceError(f"{where}: {name} adapts float and int ranges: found {len(ranges)}, expected two or more")
    if isinstance(sampler, Grid):
        endless = [key for part in root.parts() for key, domain in part.parameters.items() if domain.points is None]
        if endless:
            raise SpaceError(
                f"{where}: a grid needs choices or steps: give {', '.join(endless)} a `step` (without `log`), or list "
                "the values as `categorical`"
            )


def _pruner(values: object, sampler: Sampler, objective: Objective, where: str) -> Pruner:
    prunes = objective.single and sampler.learns_from_pruned
    if values is None:
        return Median() if prunes else NoPruner()
    pruner = read_pruner(values, where)
    if not prunes and not isinstance(pruner, NoPruner):
        why = (
            "several objectives put no trial before another"
            if not objective.single
            else f"{type(sampler).__name__} learns from complete trials alone, and would draw again what was pruned"
        )
        raise SpaceError(f"{where}: {why}: leave out the pruner")
    return pruner
