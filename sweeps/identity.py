"""A checked space in, what makes it that space and no other out: as one digest, and key by key."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any, Final

import optuna

from experiments import tracking
from sweeps.check import Checked
from sweeps.ranges import Range
from sweeps.space import Space, Subspace
from sweeps.storage import open_storage
from sweeps.study import FINGERPRINT, IDENTITY, OBJECTIVE, SPACE

# Where files lie differs from machine to machine; what is in them counts by its digest.
_OF_THE_MACHINE: Final = {"root", "path", "folder", "cache_dir", "cache_jobs", "default_root_dir"}
_OF_EACH_TRIAL: Final = {"seed_everything", "data.seed"}
_SHOWN: Final = 12
_LONGEST_VALUE: Final = 60
_LEAD: Final = 20  # characters before the first that differs, of a value too long to be shown whole
_ABSENT: Final = "(not there)"


class OtherSpaceError(ValueError):
    """The name stands for another space."""


@dataclass(frozen=True)
class Identity:
    """What a sweep searches.

    Attributes:
        values: sections, their dotted keys and plain values: what is searched and how; for each choice of options, the
            resolved config that its trials share, and the data.
    """

    values: Mapping[str, Mapping[str, Any]]

    @property
    def json(self) -> str:
        """The values in the one form that is digested."""
        return json.dumps(self.values, sort_keys=True)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the values."""
        return hashlib.sha256(self.json.encode()).hexdigest()

    def differences(self, before: "Identity") -> list[str]:
        """Return a line for each key that is not as it was, with the options that it is so for."""
        found: dict[str, list[str]] = {}
        for section in sorted({*self.values, *before.values}):
            old, new = before.values.get(section, {}), self.values.get(section, {})
            for key in sorted({*old, *new}):
                was, now = (values.get(key, _ABSENT) for values in (old, new))
                if was != now:
                    found.setdefault(f"{key}: {_change(was, now)}", []).append(section)
        return [f"{line}{_whose(sections)}" for line, sections in found.items()]


def identify(space: Space, checked: Sequence[Checked]) -> Identity:
    """Return the identity of a space whose trainings have been tried.

    Args:
        space: to be searched.
        checked: what became of each choice of options.
    """
    searched: dict[str, Any] = {
        "objective": list(space.objective.measures),
        "limits": dict(space.objective.limits),
        "sampler": {"kind": type(space.sampler).__name__, **asdict(space.sampler)},
        "pruner": {"kind": type(space.pruner).__name__, **asdict(space.pruner)},  # type: ignore[call-overload]
        "enqueue": [dict(params) for params in space.enqueued],
        **_searched(space.root, ""),
    }
    sections: dict[str, Mapping[str, Any]] = {"space": _plain(tracking.flatten(searched))}
    for draw, training in checked:
        parameters = {key for part in space.root.parts() for key in part.parameters}
        config = {
            key: value
            for key, value in tracking.flatten(_portable(training.resolved)).items()
            if key not in _OF_EACH_TRIAL and not (key in parameters and key in draw.values)
        }
        recipes = json.dumps([augmentation.recipe for augmentation in training.datamodule.augmentations.values()])
        data = {
            "data digest": training.datamodule.corpus.digest,
            "recordings of the augmentation": hashlib.sha256(
                "".join(re.findall(r'"([0-9a-f]{64})"', recipes)).encode()
            ).hexdigest(),
        }
        sections[draw.label] = _plain({**config, **data})
    return Identity(sections)


def claim(study: optuna.Study, space: Space, identity: Identity) -> None:
    """Let a new study stand for a space, or make sure that it stands for this one.

    Raises:
        OtherSpaceError: it stands for another; the error shows the difference.
    """
    if _known(study) is None:
        study.set_user_attr(SPACE, space.text)
        study.set_user_attr(OBJECTIVE, list(space.objective.measures))
        study.set_user_attr(IDENTITY, identity.json)
        study.set_user_attr(FINGERPRINT, identity.fingerprint)
        return
    refuse_other(study, identity, "give this one another --name, or --new to have its name numbered")


def refuse_other(study: optuna.Study, identity: Identity, advice: str) -> None:
    """Make sure that a study stands for a space.

    Args:
        study: that has been claimed.
        identity: of the space.
        advice: what to do if it does not.

    Raises:
        OtherSpaceError: it stands for another; the error shows the difference.
    """
    known = _known(study)
    if known is not None and known.fingerprint != identity.fingerprint:
        lines = identity.differences(known)
        more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        shown = "\n  ".join([*lines[:_SHOWN], *more])
        raise OtherSpaceError(
            f"sweep {study.study_name!r} searches another space; what has changed since:\n  {shown}\n{advice}"
        )


def numbered_name(name: str, storage: str, identity: Identity) -> str:
    """Return the name, or the first of NAME-2, NAME-3, … that is free or stands for this very space.

    Args:
        name: that was asked for.
        storage: URL of Optuna's database.
        identity: of the space.
    """
    opened = open_storage(storage)
    taken = set(optuna.get_all_study_names(opened))
    candidate, number = name, 1
    while candidate in taken:
        known = _known(optuna.load_study(study_name=candidate, storage=opened))
        if known is None or known.fingerprint == identity.fingerprint:
            break
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def _known(study: optuna.Study) -> Identity | None:
    text = study.user_attrs.get(IDENTITY)
    return None if text is None else Identity(json.loads(text))


def _searched(part: Subspace, prefix: str) -> dict[str, Any]:
    values: dict[str, Any] = {f"{prefix}{key}": _range(domain) for key, domain in part.parameters.items()}
    if part.conditions:
        values[f"{prefix}constraints"] = [condition.text for condition in part.conditions]
    for name, options in part.branches.items():
        values[f"{prefix}{name}"] = list(options)
        for option, below in options.items():
            values |= _searched(below, f"{prefix}{option}/")
    return values


def _range(domain: Range) -> str:
    return f"{type(domain).__name__}({', '.join(f'{name}={value}' for name, value in asdict(domain).items())})"


def _portable(value: Any) -> Any:  # noqa: ANN401 - any plain value
    match value:
        case dict():
            return {name: _portable(below) for name, below in value.items() if name not in _OF_THE_MACHINE}
        case list():
            return [_portable(below) for below in value]
        case _:
            return value


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return plain


def _change(was: object, now: object) -> str:
    """Return both, a long one from where they begin to differ."""
    old, new = (value if isinstance(value, str) else json.dumps(value) for value in (was, now))
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    start = max(0, alike - _LEAD) if max(len(old), len(new)) > _LONGEST_VALUE else 0
    return f"{_part(old, start)} -> {_part(new, start)}"


def _part(text: str, start: int) -> str:
    end = start + _LONGEST_VALUE
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _whose(sections: list[str]) -> str:
    named = [section for section in sections if section not in ("space", "all trials")]
    return f"   ({'; '.join(named)})" if named else ""
