"""A YAML file in, a search space out: it turns a trial's suggestions into the words of a training command."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import optuna
import yaml

_TOP_KEYS = {"configs", "fixed", "parameters", "sampler", "pruner"}
_BRANCH_KEYS = {"configs", "fixed", "parameters"}
_T = TypeVar("_T")


class SpaceError(ValueError):
    """A search space that cannot be searched."""


@dataclass(frozen=True)
class FloatRange:
    """A real number between ``low`` and ``high``."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> str:
        """Ask the trial for a value."""
        return repr(trial.suggest_float(name, self.low, self.high, log=self.log, step=self.step))


@dataclass(frozen=True)
class IntRange:
    """A whole number between ``low`` and ``high``."""

    low: int
    high: int
    log: bool = False
    step: int = 1

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> str:
        """Ask the trial for a value."""
        return str(trial.suggest_int(name, self.low, self.high, log=self.log, step=self.step))


@dataclass(frozen=True)
class Categorical:
    """One of several values; lists are allowed, Optuna sees them as their JSON text."""

    choices: list[Any]

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> str:
        """Ask the trial for a value."""
        return str(trial.suggest_categorical(name, [json.dumps(choice) for choice in self.choices]))


@dataclass(frozen=True)
class Subspace:
    """What is set when a branch is taken.

    Attributes:
        configs: files laid over the ones before, in this order.
        fixed: dotted config keys and their values.
        parameters: dotted config keys and what they range over.
        branches: names of choices, each with its own subspace under every option.
    """

    configs: tuple[Path, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, FloatRange | IntRange | Categorical] = field(default_factory=dict)
    branches: Mapping[str, Mapping[str, "Subspace"]] = field(default_factory=dict)

    def suggest(self, trial: optuna.trial.BaseTrial, prefix: str = "") -> list[str]:
        """Return the words of ``spooflab train`` for a trial: configs first, then overrides.

        Parameters below a branch are called ``OPTION/KEY`` in Optuna, since the same key may range otherwise elsewhere.
        """
        words = [word for config in self.configs for word in ("--config", str(config))]
        for name, options in self.branches.items():
            option = trial.suggest_categorical(prefix + name, list(options))
            words += options[option].suggest(trial, f"{option}/")
        words += [
            f"--{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in self.fixed.items()
        ]
        return words + [
            f"--{key}={parameter.suggest(trial, prefix + key)}" for key, parameter in self.parameters.items()
        ]

    def files(self) -> Iterator[Path]:
        """Yield every config file that a trial may use."""
        yield from self.configs
        for options in self.branches.values():
            for subspace in options.values():
                yield from subspace.files()


@dataclass(frozen=True)
class Sampler:
    """Settings of the tree-structured Parzen estimator (Bergstra et al. 2011).

    Attributes:
        startup_trials: drawn at random before the estimator is used.
        seed: of the draws.
    """

    startup_trials: int = 5
    seed: int = 0


@dataclass(frozen=True)
class Pruner:
    """Settings of the median rule: stop a trial that is worse than the median of the others at the same epoch.

    Attributes:
        startup_trials: finished before any is pruned.
        warmup_epochs: of each trial that are never pruned.
    """

    startup_trials: int = 3
    warmup_epochs: int = 2


@dataclass(frozen=True)
class Space:
    """A search space with its sampler and pruner.

    Attributes:
        root: what every trial shares, and its choices.
        sampler: how values are drawn.
        pruner: when a trial is given up.
        fingerprint: SHA-256 of the space and of every config file that it names.
    """

    root: Subspace
    sampler: Sampler
    pruner: Pruner
    fingerprint: str

    def suggest(self, trial: optuna.trial.BaseTrial) -> list[str]:
        """Return the words of ``spooflab train`` for a trial."""
        return self.root.suggest(trial)


def read_space(path: Path) -> Space:
    """Read a search space.

    Raises:
        SpaceError: the file is missing or no YAML, has an unknown key, or names a config that is not there.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise SpaceError(f"{path}: not readable as YAML ({error})") from error
    where = str(path)
    values = _mapping(values, _TOP_KEYS, where)
    root = _subspace({name: values[name] for name in _BRANCH_KEYS & set(values)}, where)
    missing = [str(config) for config in root.files() if not config.is_file()]
    if missing:
        raise SpaceError(f"{where}: no such config: {', '.join(missing)} (paths are relative to the folder you are in)")
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for config in root.files():
        digest.update(config.read_bytes())
    return Space(
        root=root,
        sampler=_settings(Sampler, values.get("sampler", {}), f"{where}: sampler"),
        pruner=_settings(Pruner, values.get("pruner", {}), f"{where}: pruner"),
        fingerprint=digest.hexdigest(),
    )


def _subspace(values: Any, where: str) -> Subspace:  # noqa: ANN401 - whatever the YAML holds
    values = _mapping(values or {}, _BRANCH_KEYS, where)
    parameters: dict[str, FloatRange | IntRange | Categorical] = {}
    branches: dict[str, dict[str, Subspace]] = {}
    fixed = _mapping(values.get("fixed") or {}, None, f"{where}: fixed")
    configs = values.get("configs") or []
    if not isinstance(configs, list):
        raise SpaceError(f"{where}: found configs {configs!r}, expected a list of files")
    for key, value in _mapping(values.get("parameters") or {}, None, f"{where}: parameters").items():
        place = f"{where}: {key}"
        if not isinstance(value, dict) or len(value) != 1:
            raise SpaceError(
                f"{place}: found {value!r}, expected one of float, int, categorical or branch, with its settings"
            )
        kind, settings = next(iter(value.items()))
        match kind:
            case "float":
                parameters[key] = _range(FloatRange, settings, place)
            case "int":
                parameters[key] = _range(IntRange, settings, place)
            case "categorical":
                if not isinstance(settings, list) or not settings:
                    raise SpaceError(f"{place}: found {settings!r}, expected a list of choices")
                parameters[key] = Categorical(settings)
            case "branch":
                options = _mapping(settings, None, place)
                branches[key] = {option: _subspace(below, f"{place}: {option}") for option, below in options.items()}
            case _:
                raise SpaceError(f"{place}: unknown kind {kind!r}; there are float, int, categorical and branch")
    return Subspace(
        configs=tuple(Path(config) for config in configs),
        fixed=fixed,
        parameters=parameters,
        branches=branches,
    )


def _range(kind: type[_T], settings: Any, where: str) -> _T:  # noqa: ANN401
    made = _settings(kind, settings, where)
    low, high = getattr(made, "low"), getattr(made, "high")  # noqa: B009 - both ranges have them
    if not all(isinstance(value, int | float) for value in (low, high)):
        raise SpaceError(
            f"{where}: low {low!r} and high {high!r} must be numbers (YAML reads 1e-3 as text: write 1.0e-3)"
        )
    if low > high or (getattr(made, "log") and low <= 0):  # noqa: B009
        raise SpaceError(
            f"{where}: nothing lies between {low} and {high}" + (" on a logarithmic scale" if low <= 0 else "")
        )
    return made


def _settings(kind: type[_T], settings: Any, where: str) -> _T:  # noqa: ANN401
    names = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    try:
        return kind(**_mapping(settings, names, where))
    except TypeError as error:
        raise SpaceError(f"{where}: {error}; give {', '.join(sorted(names))}") from error


def _mapping(values: Any, known: set[str] | None, where: str) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(values, dict):
        raise SpaceError(f"{where}: found {values!r}, expected keys and values")
    unknown = set(values) - known if known is not None else set()
    if unknown:
        raise SpaceError(f"{where}: unknown {', '.join(sorted(unknown))}; there are {', '.join(sorted(known or ()))}")
    return values
