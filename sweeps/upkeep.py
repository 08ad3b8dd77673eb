"""Trials that ended in, the sweep's run kept up to date and checkpoints beyond the best gone, out."""

import time
from collections.abc import Callable, Sequence

import optuna

from experiments import tracking
from sweeps.answer import publish, publish_numbers, tell
from sweeps.findings import Findings, findings
from sweeps.note import Drawn
from sweeps.retention import DROPPED_TAG, beyond, drop_checkpoints
from sweeps.seed_table import Verdict

_CHARTS_EVERY_S = 300.0
_REST = 20  # charts take at most one part in so many of the time


class Upkeep:
    """What is to be done each time that trials of a sweep have ended.

    Attributes:
        judged: what the best came to over several seeds, once that was done.

    Args:
        study: of the sweep.
        parent: id of its MLflow run.
        space: YAML of its search space.
        measures: that it minimises.
        branches: names of the choices at the top of its space.
        keep: checkpoints of how many trials.
        clock: tells seconds.
    """

    def __init__(
        self,
        study: optuna.Study,
        parent: str,
        space: str,
        measures: Sequence[str],
        branches: Sequence[str],
        keep: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._study, self._parent, self._space = study, parent, space
        self._measures, self._branches = tuple(measures), tuple(branches)
        self._keep = keep
        self._reason = f"beyond the best {keep} of the sweep"
        self.judged: Verdict | None = None
        self._clock = clock
        self._drawn: Drawn | None = None
        self._charts_due = clock() + _CHARTS_EVERY_S
        tagged = tracking.children(parent, {DROPPED_TAG: self._reason})
        self._dropped = {run.info.run_id for run in tagged}

    @property
    def found(self) -> Findings:
        """What the sweep has found so far."""
        return findings(self._study, self._measures, self._branches)

    def after_trials(self) -> None:
        """Publish the answer, drop checkpoints, and draw the charts where the last ones are old."""
        found = self.found
        publish_numbers(found, self._parent, self.judged)
        tell(found, self._parent, self._drawn, self.judged)
        runs = set(beyond(found, self._keep)) - self._dropped
        drop_checkpoints(runs, self._reason)
        self._dropped |= runs
        if self._clock() >= self._charts_due:
            self.publish()

    def publish(self, stopped: str | None = None) -> None:
        """Publish all of it.

        Args:
            stopped: why the sweep ended before its total, where it did.
        """
        start = self._clock()
        self._drawn = publish(
            self._study, self._parent, self._space, self._measures, self._branches, self.judged, stopped
        )
        self._charts_due = self._clock() + max(_CHARTS_EVERY_S, _REST * (self._clock() - start))
