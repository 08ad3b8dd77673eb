"""What a sweep found in, the checkpoints of all but its best trials gone: metrics, config and evidence stay."""

from collections.abc import Collection, Sequence
from pathlib import Path

from optuna.trial import FrozenTrial

from experiments import registry, tracking, tracking_artifacts
from sweeps.findings import Findings
from sweeps.study import RUN_ID

KEPT = 5
CHECKPOINT_FOLDER = str(Path(tracking.CHECKPOINT_ARTIFACT).parent)
DROPPED_TAG = "checkpoint.dropped"


def beyond(found: Findings, keep: int) -> list[str]:
    """Return the runs of the trials that are not among the best, in the order of the trials.

    The best are those of the Pareto front, then the others by their first measure.

    Args:
        found: by the sweep.
        keep: how many are the best.
    """
    order: Sequence[FrozenTrial] = [*found.front, *(trial for trial in found.ranking if trial not in found.front)]
    kept = {trial.number for trial in order[:keep]}
    return [
        trial.user_attrs[RUN_ID] for trial in found.trials if RUN_ID in trial.user_attrs and trial.number not in kept
    ]


def drop_checkpoints(runs: Collection[str], reason: str) -> list[str]:
    """Delete the checkpoints of runs, but of registered ones; return those that lost one.

    Args:
        runs: that are to lose theirs.
        reason: in words, put on each as a tag.
    """
    if not runs:
        return []
    spared = registry.registered_runs()
    dropped = [run_id for run_id in runs if run_id not in spared and DROPPED_TAG not in tracking.get(run_id).data.tags]
    for run_id in dropped:
        tracking_artifacts.delete(run_id, CHECKPOINT_FOLDER)
        tracking.tag(run_id, {DROPPED_TAG: reason})
    return dropped
