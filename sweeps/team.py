"""A study and its total in, the total reached and told of out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

import optuna

from sweeps.check import Checked
from sweeps.engine import Engine
from sweeps.monitor import Form, Monitor
from sweeps.prepare import fill_caches
from sweeps.reconcile import another_launches, reconcile, sign
from sweeps.space import Space
from sweeps.streak import SweepStoppedError, stopped, try_again
from sweeps.study import PARENT, TOTAL, settled, waiting


@dataclass(frozen=True)
class Team:
    """What brings a study to its total, and tells of it.

    Attributes:
        space: that is searched.
        checked: a training for each of its options.
        told: what a worker elsewhere needs to know of the sweep, beside its run and total.
        storage: URL of Optuna's database.
        engine: what runs the trials.
        form: of what is told.
        out: where it is told.
    """

    space: Space
    checked: Sequence[Checked]
    told: Mapping[str, str]
    storage: str
    engine: Engine
    form: Form
    out: TextIO

    def bring(
        self, study: optuna.Study, parent: str, total: int, after_trials: Callable[[], None] = lambda: None
    ) -> None:
        """Work off what is queued in a study, nested under a run, until it has its total or was stopped.

        Raises:
            SweepStoppedError: trial after trial failed of the same cause.
        """
        others = study.user_attrs.get(TOTAL, 0) if another_launches(study) else 0
        for attribute, value in {**self.told, PARENT: parent, TOTAL: max(total, others)}.items():
            study.set_user_attr(attribute, value)
        sign(study)
        for repair in reconcile(study, parent):
            print(repair)
        try_again(study)
        done = len(settled(study))
        missing = min(len(waiting(study)), total - done)  # more may wait of an earlier launch that asked for more
        togo = f"{missing} to go, {self.engine}" if done < total else "nothing to go"
        print(f"sweep {study.study_name!r}: {done} trials done of the {total} asked for, {togo}")
        if done < total:
            fill_caches(self.space, [part.draw.words for part in self.checked])
            with Monitor(study, self.space.objective.measures, total, self.form, after_trials, self.out) as monitor:
                self.engine.run(study, self.storage, monitor.update)
            reconcile(study, parent)
        why = stopped(study)
        if why is not None:
            raise SweepStoppedError(f"stopped at {len(settled(study))} of {total} trials: {why}")
