"""The two outputs in, a console for tables and bars for what takes long out: for people, and whole in files too."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")

_WIDE: Final = 1000  # characters: a table takes what it needs of them


def console() -> Console:
    """Return a console as wide as the terminal; in a file or a pipe no line is broken, or cut, at 80 characters."""
    found = Console()
    return found if found.is_terminal else Console(width=_WIDE)


def with_bar(title: str, rows: Sequence[T]) -> Iterable[T]:
    """Go through rows under a bar on standard error; without rows there is none."""
    return track(rows, title, console=Console(stderr=True)) if rows else rows
