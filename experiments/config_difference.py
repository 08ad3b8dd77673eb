"""Resolved configs of several runs in, the keys in which they differ out, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

ABSENT: Final = "–"
"""Stands where a config has no such key; a key without a value is ``null``."""


@dataclass(frozen=True)
class Setting:
    """A key in which configs differ.

    Attributes:
        key: dotted, with the place in a list in brackets.
        values: one a config, in their order; none where it has no such key.
        there: whether each config has the key.
    """

    key: str
    values: Sequence[Any]
    there: Sequence[bool]

    def texts(self) -> list[str]:
        """Return the values as a person writes them in YAML."""
        return [_text(value) if there else ABSENT for value, there in zip(self.values, self.there, strict=True)]


def differences(configs: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """Return the keys whose values are not the same in all configs, in the order of the alphabet.

    Args:
        configs: as YAML gives them, nested.
    """
    flat = [_leaves(config) if config else {} for config in configs]
    keys = sorted({key for one in flat for key in one})
    found = [Setting(key, [one.get(key) for one in flat], [key in one for one in flat]) for key in keys]
    return [setting for setting in found if not _same(setting)]


def _leaves(value: Any, key: str = "") -> dict[str, Any]:  # noqa: ANN401 - any plain value
    """Turn nested mappings, and lists that hold mappings, into one mapping with dotted keys."""
    if isinstance(value, Mapping) and value:
        below = [(f"{key}.{name}" if key else str(name), one) for name, one in value.items()]
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        below = [(f"{key}[{place}]", one) for place, one in enumerate(value)]
    else:
        return {key: value}
    return {name: leaf for path, one in below for name, leaf in _leaves(one, path).items()}


def _same(setting: Setting) -> bool:
    first = setting.values[0]
    return all(setting.there) and all(type(one) is type(first) and one == first for one in setting.values)


def _text(value: Any) -> str:  # noqa: ANN401 - any plain value
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
