"""Standard output in, a console for tables out: names in them are whole, also where no terminal says how wide it is."""

from typing import Final

from rich.console import Console

_WIDE: Final = 1000  # characters: a table takes what it needs of them


def console() -> Console:
    """Return a console as wide as the terminal; in a file or a pipe no line is broken, or cut, at 80 characters."""
    found = Console()
    return found if found.is_terminal else Console(width=_WIDE)
