"""A text file of columns in, its cells with their line numbers out: what protocols and score files have in common."""

import csv
import gc
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_KNOWN_NAMES = 2  # in a line that is a header
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")
_NUMBER = re.compile(r"[-+]?(\d|\.\d|inf|nan)", re.IGNORECASE)


class TableError(ValueError):
    """A file that is no table, or a line in it that does not fit the others."""


@dataclass(frozen=True)
class TextTable:
    """Rows of equally many cells.

    Attributes:
        path: the file.
        columns: cells of each column, all of the same length.
        lines: number of each row's line, from 1.
        header: lower-case names of the columns, if the file has any.
        ended: the last line ends with a line feed, as a file does that is whole.
    """

    path: Path
    columns: tuple[Sequence[str], ...]
    lines: Sequence[int]
    header: tuple[str, ...] | None
    ended: bool

    def where(self, row: int) -> str:
        """File and line of a row, for messages."""
        return f"{self.path}:{self.lines[row]}"

    def column(self, names: Iterable[str]) -> Sequence[str] | None:
        """The column of the first of some names that the header has; none without."""
        header = self.header or ()
        return next((self.columns[header.index(name)] for name in names if name in header), None)

    def sole_column(self, names: Iterable[str]) -> Sequence[str] | None:
        """The same where no two columns may have one of the names.

        Raises:
            TableError: several have, and differ.
        """
        header = self.header or ()
        found = [name for name in names if name in header]
        if any(self.columns[header.index(name)] != self.column(found) for name in found):
            several = ", ".join(found)
            raise TableError(f"{self.path}: found the columns {several}, which differ: keep the one that is meant")
        return self.column(found)


def read_table(path: Path, names: Collection[str]) -> TextTable:
    """Read columns separated by spaces, tabs, commas, semicolons or bars; blank lines and ``# `` comments do not count.

    Args:
        path: of a text file in UTF-8.
        names: headers to know one by, in lower case.

    Raises:
        TableError: no such file, no text, no rows, or a line with another number of columns than the first.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{path}: found no text, expected lines of columns in UTF-8") from error
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror})") from error
    with collector_paused():
        lines, rows = _rows(path, text)
        columns = tuple(zip(*rows, strict=True))
    first = tuple(cells[0].lower() for cells in columns)
    header = first if sum(cell in names for cell in first) >= min(_KNOWN_NAMES, len(first)) else None
    start = 0 if header is None else 1
    if len(lines) == start:
        raise TableError(f"{path}: found a header only, expected a line for each trial")
    return TextTable(path, tuple(cells[start:] for cells in columns), lines[start:], header, text.endswith("\n"))


def _rows(path: Path, text: str) -> tuple[list[int], list[list[str]]]:
    """Line numbers and cells of the lines that have any, equally many each."""
    numbered = [
        (number, line)
        for number, line in enumerate(re.split(r"\r\n?|\n", text), start=1)  # splitlines also cuts at U+2028
        if line.strip() and not line.startswith("# ")
    ]
    if not numbered:
        raise TableError(f"{path}: found no lines, expected one for each trial")
    lines = [number for number, _ in numbered]
    try:
        rows = list(_split([line for _, line in numbered]))
    except csv.Error:
        rows = []  # one cell longer than any is: a quote has swallowed the lines after it
    if len(rows) != len(lines):
        number = next((number for number, line in numbered if line.count('"') % 2), lines[0])
        raise TableError(
            f"{path}:{number}: found a quote that its line does not close, expected both; remove it, or write it twice "
            f"in a cell between quotes"
        )
    width = len(rows[0])
    for number, row in zip(lines, rows, strict=True):
        if len(row) != width:
            raise TableError(
                f"{path}:{number}: found {len(row)} columns ({' '.join(row)[:60]!r}), expected {width} as in line "
                f"{lines[0]}; is the file cut off, or is there a space in a name?"
            )
    return lines, rows


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python from searching a million new rows for cycles again and again: two thirds of the time of reading."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _split(lines: Sequence[str]) -> Iterator[list[str]]:
    """Cells of each line; the separator is that of the first line."""
    first = lines[0]
    for delimiter in "\t;|,":
        # A comma may stand in a file's name, but then the line is separated by spaces and ends with a cell of its own.
        if delimiter in first and not (delimiter != "\t" and _is_spaced(first, delimiter)):
            if delimiter == "|":  # chosen where cells are sentences, in which a quote is a quote
                return ([cell.strip() for cell in line.split("|")] for line in lines)
            return ([cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter, strict=True))
    return (line.split() for line in lines)


def _is_spaced(line: str, delimiter: str) -> bool:
    *others, last = line.split()
    if not others or any(cell.endswith(delimiter) for cell in others):
        return False
    if DECIMAL_COMMA.fullmatch(last):
        return True
    return delimiter not in last and (bool(_NUMBER.match(last)) or last.isalpha())
