"""A study in, how far it is told: a live view on a terminal, else a line or a JSON object for each trial that ends."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Literal, Protocol, Self, TextIO

import optuna
from optuna.trial import FrozenTrial
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sweeps.crew import Every
from sweeps.measures import short, shown
from sweeps.note import in_words
from sweeps.progress import Frame, as_json, elapsed_s, frame, line
from sweeps.seed_queue import name_of
from sweeps.storage import WORKER
from sweeps.study import is_owed, own_trials, without_replaced

Form = Literal["auto", "json"]
_LOOK_EVERY_S = 1.0


class _View(Protocol):
    def show(self, seen: Frame, ended: Sequence[FrozenTrial]) -> None: ...

    def close(self, seen: Frame) -> None: ...


class Monitor:
    """Tells how far a sweep is, each time it is asked to look.

    Args:
        study: that is watched.
        measures: that it minimises.
        total: trials that are asked for.
        form: ``json`` for an object a line; ``auto`` for a live view on a terminal, else a line a trial.
        on_ended: called after trials have ended.
        out: where it is told; standard output when not given.
    """

    def __init__(
        self,
        study: optuna.Study,
        measures: Sequence[str],
        total: int,
        form: Form = "auto",
        on_ended: Callable[[], None] = lambda: None,
        out: TextIO | None = None,
    ) -> None:
        self._study = study
        self._total = total
        self._on_ended = on_ended
        self._due = Every(_LOOK_EVERY_S)
        self._known = {trial.number for trial in self._trials() if trial.state.is_finished()}
        out = out or sys.stdout
        self._view: _View
        if form == "json":
            self._view = _JsonLines(measures, out)
        else:
            self._view = _LiveView(measures) if out.isatty() else _Lines(measures, out)

    def __enter__(self) -> Self:
        """Watch."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look a last time; leave the terminal as it was."""
        self._view.close(self._look())

    def update(self) -> None:
        """Look, and tell what is new; at most once a second, since it may be called far more often."""
        if self._due.is_due():
            self._look()

    def _look(self) -> Frame:
        trials = self._trials()
        seen = frame(trials, self._total, datetime.now())  # noqa: DTZ005 - Optuna's times have no zone
        ended = [trial for trial in trials if trial.state.is_finished() and trial.number not in self._known]
        self._known |= {trial.number for trial in ended}
        self._view.show(seen, ended)
        if ended:
            self._on_ended()
        return seen

    def _trials(self) -> list[FrozenTrial]:
        return [trial for trial in without_replaced(own_trials(self._study)) if not is_owed(trial)]


class _Lines:
    """A line for each trial that ended, for logs."""

    def __init__(self, measures: Sequence[str], out: TextIO) -> None:
        self._measures = measures
        self._out = out

    def show(self, seen: Frame, ended: Sequence[FrozenTrial]) -> None:
        for trial in ended:
            print(line(trial, seen, self._measures), file=self._out, flush=True)

    def close(self, seen: Frame) -> None: ...


class _JsonLines:
    """An object for each trial that ended."""

    def __init__(self, measures: Sequence[str], out: TextIO) -> None:
        self._measures = measures
        self._out = out

    def show(self, seen: Frame, ended: Sequence[FrozenTrial]) -> None:  # noqa: ARG002 - as all views
        for trial in ended:
            print(json.dumps(as_json(trial, self._measures)), file=self._out, flush=True)

    def close(self, seen: Frame) -> None: ...


class _LiveView:
    """A few lines that stay at the bottom of the terminal, under those of the trials that ended."""

    def __init__(self, measures: Sequence[str]) -> None:
        self._measures = measures
        self._live = Live(refresh_per_second=2, transient=False)
        self._live.start()

    def show(self, seen: Frame, ended: Sequence[FrozenTrial]) -> None:
        for trial in ended:
            self._live.console.print(Text(line(trial, seen, self._measures)))
        self._live.update(drawn(seen, self._measures, datetime.now()))  # noqa: DTZ005 - as Optuna's

    def close(self, seen: Frame) -> None:
        self._live.update(drawn(seen, self._measures, datetime.now()))  # noqa: DTZ005 - as Optuna's
        self._live.stop()


def drawn(seen: Frame, measures: Sequence[str], now: datetime) -> RenderableType:
    """Draw a frame for a terminal: a bar, a line of counts, and a row for each trial that runs."""
    counts = ", ".join(f"{count} {name}" for name, count in {**seen.done, "running": len(seen.running)}.items())
    told = [f"{seen.ended} of {seen.total} trials: {counts}"]
    if seen.best is not None:
        told.append(f"best {short(measures[0])} {shown(measures[0], seen.best.values[0])} ({name_of(seen.best)})")
    if seen.ended < seen.total:
        told.append("time left: not known yet" if seen.eta_s is None else f"about {in_words(seen.eta_s)} left")
    rows = Table.grid(padding=(0, 2))
    for trial in seen.running:
        rows.add_row(
            f"  {name_of(trial)}",
            f"{len(trial.intermediate_values)} epochs",
            f"{short(measures[0])} {shown(measures[0], min(trial.intermediate_values.values(), default=None))}",
            in_words(elapsed_s(trial, now)),
            str(trial.user_attrs.get(WORKER, "")).rpartition(":")[0],
        )
    bar = Table.grid()
    bar.add_row(ProgressBar(total=seen.total, completed=seen.ended, width=60))
    return Group(bar, Text("\n".join(told)), rows)
