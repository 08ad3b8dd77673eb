"""Verdicts in as they come, tables and a line of progress on the terminal out; little of them is ever held."""

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from experiments.console import console
from experiments.inference import Verdict
from experiments.score_item import Item

ROWS: Final = 500
"""Of a table: it is printed when it has so many, and another begun."""


class Progress:
    """How far scoring is and how fast, on stderr where that is a terminal.

    Args:
        total: files to score.
    """

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        columns = (
            TextColumn("scoring"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._task = self._bar.add_task("", total=total, speed="")
        self._files, self._audio_s = 0, 0.0
        self._start_s = time.perf_counter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, audio_s: float) -> None:
        """Count a file, and the seconds of audio in it."""
        self._files += 1
        self._audio_s += audio_s
        self._bar.update(self._task, advance=1, speed=self.speed())

    def speed(self) -> str:
        """Return files a second, and how many times as fast as the audio plays."""
        passed_s = time.perf_counter() - self._start_s
        return f"{self._files / passed_s:,.1f} files/s, {self._audio_s / passed_s:,.0f} x real time"


class Tables:
    """Tables of verdicts on stdout, each printed when it is full or nothing follows.

    Args:
        shown: print them.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._rows: list[tuple[str, ...]] = []
        self._threshold = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._flush()

    def add(self, item: Item, verdict: Verdict) -> None:
        """Add a row."""
        if not self._shown:
            return
        self._threshold = verdict.threshold
        numbers = (f"{verdict.duration_s:.1f}", f"{verdict.score:+.2f}", f"{verdict.probability:.3f}")
        self._rows.append((escape(str(item.path)), *numbers, verdict.decision))
        if len(self._rows) == ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        table = Table(
            caption=f"score: log-likelihood ratio, higher = more bona fide; bona fide above {self._threshold:.2f}"
        )
        table.add_column("file", overflow="fold")
        for name in ("seconds", "score", "P(bona fide)"):
            table.add_column(name, justify="right")
        table.add_column("decision")
        for row in self._rows:
            table.add_row(*row)
        console().print(table)
        self._rows.clear()
