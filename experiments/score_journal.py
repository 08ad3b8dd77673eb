"""Lines in, a file that holds each of them whole out, and goes on from there when it is opened again.

What made the lines stands in a file beside it: a score of another model, or of other windows, is none of these.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from datamodules.safe_files import write_whole

RECIPE_SUFFIX: Final = ".recipe.json"
_FINISHED = "finished"
_NAMES: Final = "surrogateescape"  # of files need not be UTF-8


class Journal:
    """An open file of lines, and the only writer of it.

    Args:
        path: of the file.
        file: open for reading and writing.
        recipe: what makes the lines.
    """

    def __init__(self, path: Path, file: IO[bytes], recipe: Mapping[str, Any]) -> None:
        self.path = path
        self._file = file
        self._recipe = dict(recipe)

    def lines(self) -> Iterator[str]:
        """Yield the lines that are there; what was half written after the last of them is cut off."""
        self._file.seek(0)
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                self._file.truncate(whole)
                break
            whole += len(line)
            yield line[:-1].decode(errors=_NAMES)
        self._file.seek(whole)

    def add(self, line: str) -> None:
        """Append a line; it is the kernel's at once, and outlives this process."""
        self._file.write(f"{line}\n".encode(errors=_NAMES))
        self._file.flush()

    def finish(self, counts: Mapping[str, int]) -> None:
        """Note that nothing is due any more."""
        os.fsync(self._file.fileno())
        _write_recipe(self.path, {**self._recipe, _FINISHED: dict(counts)})


@contextmanager
def opened(path: Path, recipe: Mapping[str, Any], *, again: bool = False) -> Iterator[Journal]:
    """Open a file to go on with, or to begin.

    Args:
        path: of the file; the recipe lies beside it.
        recipe: what makes the lines; of JSON.
        again: begin anew, whatever is there.

    Raises:
        ValueError: it is not known what made the lines that are there, or it was something else.
        OSError: another process writes it, or it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"{path}: another process writes it now; wait for it, or name another --out") from error
        if again:
            file.truncate(0)
        elif path.stat().st_size:
            _refuse_other(path, recipe)
        _write_recipe(path, recipe)
        yield Journal(path, file, recipe)


def settle_known(
    journal: Journal,
    utterance_of: Callable[[str], str],
    settle: Callable[[str], bool | None],
    what_is_not_due: Callable[[str], str],
) -> int:
    """Take off what is due what the lines are about that are there already, and return how many they are.

    Args:
        journal: just opened.
        utterance_of: finds whom a line is about.
        settle: takes it off; false if it was already, none if it never was due.
        what_is_not_due: says in words what a line is of that never was due.

    Raises:
        ValueError: naming the line, for one that is damaged, twice there, or about none of the inputs.
    """
    number = 0
    for number, line in enumerate(journal.lines(), start=1):
        try:
            utterance = utterance_of(line)
        except ValueError as error:
            raise ValueError(
                f"{journal.path}:{number}: found {line[:60]!r}, expected a line of `score`; --again begins anew"
            ) from error
        if not (was_due := settle(utterance)):
            found = what_is_not_due(utterance) if was_due is None else f"a second score, {utterance}"
            raise ValueError(f"{journal.path}:{number}: found {found}; name another --out, or begin anew with --again")
    return number


def recipe_beside(path: Path) -> dict[str, Any]:
    """Return what made a file's lines; nothing where that is not known.

    Raises:
        ValueError: it is no JSON.
    """
    beside = _beside(path)
    return dict(json.loads(beside.read_text())) if beside.exists() else {}


def is_unfinished(path: Path) -> bool:
    """Whether a file is known to hold less than it was to."""
    made_by = recipe_beside(path)
    return bool(made_by) and _FINISHED not in made_by


def _refuse_other(path: Path, recipe: Mapping[str, Any]) -> None:
    mend = "name another --out, or begin anew with --again"
    found = recipe_beside(path)
    if not found:
        raise ValueError(f"{path}: found lines, but not what made them in {_beside(path).name}; {mend}")
    other = [name for name, value in recipe.items() if found.get(name) != value]
    if other:
        told = ", ".join(f"{name} {found.get(name)} instead of {recipe[name]}" for name in other)
        raise ValueError(f"{path}: found scores that were made with {told}; {mend}")


def _write_recipe(path: Path, values: Mapping[str, Any]) -> None:
    write_whole(_beside(path), json.dumps(dict(values), indent=1).encode())


def _beside(path: Path) -> Path:
    return path.with_name(path.name + RECIPE_SUFFIX)
