"""A finished sweep in, its best configs trained over several seeds, and the one to take, out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

from experiments import tracking
from experiments.dev_scores import dev_scores
from sweeps.findings import Findings
from sweeps.retention import drop_checkpoints
from sweeps.seed_queue import queue_seeds, reseeding
from sweeps.seed_table import Row, Training, Verdict, judge
from sweeps.study import RUN_ID, settled

SEEDS_TAG = "sweep.seeds_of"  # on the run that the trainings are nested under
_NOTE = "The best configs of the sweep {name}, each trained anew over several seeds. The answer is on the sweep's run."


@dataclass(frozen=True)
class Wish:
    """How the best are to be looked at again.

    Attributes:
        top: how many of the best trials.
        seeds: that each is trained with; none is the trial's own.
    """

    top: int
    seeds: int


def reseed(
    study: optuna.Study, found: Findings, wish: Wish, parent: str, run: Callable[[optuna.Study, str, int], None]
) -> Verdict | None:
    """Train the best trials of a sweep over several seeds, and judge them; what is done is not done again.

    Args:
        study: beside the sweep's, that the trainings are queued in.
        found: by the sweep.
        wish: how many trials and seeds.
        parent: id of the sweep's MLflow run.
        run: brings a study to a total of trials, nested under an MLflow run.
    """
    total = queue_seeds(study, found.ranking[: wish.top], wish.seeds)
    tags = {SEEDS_TAG: found.name}
    earlier = tracking.find(tags)
    resume = earlier[0].info.run_id if earlier else None
    with tracking.run(f"{found.name} over seeds", parent=parent, resume=resume, tags=tags) as nest:
        tracking.describe(nest, _NOTE.format(name=found.name))
        run(study, nest, total)
    return verdict(study, found)


def verdict(study: optuna.Study, found: Findings) -> Verdict | None:
    """Judge the configs that were trained over seeds; nothing where none was. Their dev is scored where it is not yet.

    Only checkpoints of the picked config are kept.
    """
    trained: dict[int, dict[int, Training]] = {}
    for trial in settled(study):
        of = reseeding(trial)
        if of is not None and trial.state is TrialState.COMPLETE:
            run_id = str(trial.user_attrs[RUN_ID])
            trained.setdefault(of.trial, {})[of.seed] = Training(run_id, trial.values[0], dev_scores(run_id))
    rows = [_row(found, trial, trained) for trial in found.ranking if trial.number in trained]
    judged = judge(rows, found.measures[0], max((len(row.trainings) for row in rows), default=0))
    if judged is not None:
        drop_checkpoints(_runs(judged.rows[1:]), f"trial {judged.picked.trial} was picked over the seeds")
    return judged


def _row(found: Findings, trial: FrozenTrial, trained: Mapping[int, Mapping[int, Training]]) -> Row:
    name = " ".join(filter(None, (f"trial {trial.number}", found.branch(trial))))
    return Row(trial.number, name, trial.values[0], trained[trial.number])


def _runs(rows: Sequence[Row]) -> list[str]:
    return [training.run_id for row in rows for training in row.trainings.values()]
