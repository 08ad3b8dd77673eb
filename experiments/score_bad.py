"""What could not be judged and why in; a count by reason and the first of them out, all of them in a file."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from datamodules.manifest import counted
from datamodules.safe_files import UNFINISHED

SHOWN: Final = 20


class Bad:
    """Files that could not be judged; only the first are held.

    Args:
        file: that each is written to, a line ``PATH<tab>REASON``; none: it is not.
    """

    def __init__(self, file: IO[str] | None) -> None:
        self._file = file
        self._first: list[str] = []
        self._reasons: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._reasons.total()

    def add(self, path: Path, message: str) -> None:
        """Note one, with the whole of what is said of it."""
        self._reasons[reason_in(message, path)] += 1
        if len(self._first) < SHOWN:
            self._first.append(message)
        if self._file is not None:
            self._file.write(f"{path}\t{' '.join(message.split())}\n")

    def report(self) -> Iterator[str]:
        """Yield lines for a person: the first of them, and how many there are for each reason if there are several."""
        yield from self._first
        if len(self) > 1:
            yield f"{counted(len(self), 'file')} could not be judged:"
            yield from (f"{number:7,}  {reason}" for reason, number in self._reasons.most_common())


@contextmanager
def noting(path: Path | None) -> Iterator[Bad]:
    """Note bad files, and have the file of them whole when all is done, or not at all."""
    if path is None:
        yield Bad(None)
        return
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with unfinished.open("w", errors="surrogateescape") as file:
            yield Bad(file)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def reason_in(message: str, path: Path) -> str:
    """What is wrong, in the words of an error but without what differs from file to file."""
    found = message.removeprefix(f"{path}: ").split(", expected")[0].split(";")[0]
    return re.sub(r"\(.*\)|b'[^']*'|b\"[^\"]*\"|[\d.,]*\d", "…", found, flags=re.DOTALL)
