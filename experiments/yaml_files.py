"""The text of a YAML in, its values out: a key that stands twice in one mapping is refused, not lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a YAML file.

    Raises:
        ValueError: the file is missing or no YAML, or a key stands twice.
    """
    return parse_yaml(text_of(path), str(path))


def text_of(path: Path) -> str:
    """Read the text of a YAML file.

    Raises:
        ValueError: the file is missing, or holds no text.
    """
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise ValueError(f"{path}: there is no such file, expected a YAML; check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not readable as YAML ({error})") from error


def parse_yaml(text: str, where: str) -> Any:  # noqa: ANN401
    """Read the text of a YAML file; YAML itself would keep the last of two equal keys without a word.

    Args:
        text: of the file.
        where: it comes from, for errors.

    Raises:
        ValueError: it is no YAML, or a key stands twice.
    """
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        for first, again in [] if root is None else _repeated(root, set()):
            raise ValueError(
                f"{where}: line {again.start_mark.line + 1}: found {again.value!r} once more, which stands in line "
                f"{first.start_mark.line + 1} already: make one of the two"
            )
        return None if root is None else loader.construct_document(root)
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not readable as YAML ({error})") from error
    finally:
        loader.dispose()


def _repeated(node: yaml.Node, seen: set[int]) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield keys that stand twice in a mapping, at any depth; an anchor is looked at once, and may contain itself."""
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    keys: dict[tuple[str, str], yaml.Node] = {}
    for child in node.value:
        key, *parts = child if isinstance(child, tuple) else (None, child)
        if isinstance(key, yaml.ScalarNode):
            first = keys.setdefault((key.tag, key.value), key)
            if first is not key:
                yield first, key
        for part in parts:
            yield from _repeated(part, seen)
