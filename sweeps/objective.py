"""A trial in, its dev EER out: one tracked training under the sweep's run."""

import json
from collections.abc import Callable, Mapping

import optuna
from optuna.trial import FrozenTrial

from experiments import tracking
from experiments.selection import EER
from experiments.train import train
from sweeps.space import Space
from sweeps.study import INTERRUPTED, QUEUED, RUN_ID, WORKER, trial_seed

STATE_TAG = "optuna.state"


class SurplusTrialError(RuntimeError):
    """Another worker took the last queued trial first; this one is nobody's and does not count."""


def run_trial(
    trial: optuna.Trial, space: Space, parent: str, worker: str, progress: bool, interrupted: Callable[[], bool]
) -> float:
    """Train with a trial's values and return the dev EER of the epoch that was kept, a fraction.

    Args:
        trial: that this worker has taken.
        space: that its values are drawn from.
        parent: id of the sweep's MLflow run.
        worker: who runs it, so that a later launch can tell whether it still lives.
        progress: show a bar for each epoch.
        interrupted: asked between batches whether to stop.

    Raises:
        optuna.TrialPruned: the pruner gave it up; its MLflow run is ended as KILLED by then.
        SurplusTrialError: nobody queued it.
    """
    if QUEUED not in trial.user_attrs:
        raise SurplusTrialError
    trial.set_user_attr(WORKER, worker)
    words = space.suggest(trial)
    seed = trial_seed(trial.study, trial)

    def report(epoch: int, measures: Mapping[str, float]) -> bool:
        trial.report(measures[EER], epoch)
        return not trial.should_prune()

    try:
        outcome = train(
            [
                *words,
                f"--seed_everything={seed}",
                f"--data.seed={seed}",
                f"--trainer.enable_progress_bar={json.dumps(progress)}",
            ],
            name=" ".join([f"trial {trial.number}", *(trial.params[branch] for branch in space.root.branches)]),
            parent=parent,
            tags={"optuna.trial": str(trial.number)},
            keep_going=report,
            on_start=lambda run_id: trial.set_user_attr(RUN_ID, run_id),
            interrupted=interrupted,
            keep_scratch=False,
        )
    except KeyboardInterrupt:
        trial.set_user_attr(INTERRUPTED, True)
        raise
    if outcome.stopped:
        raise optuna.TrialPruned
    return outcome.dev_eer


def mirror(study: optuna.Study, trial: FrozenTrial) -> None:  # noqa: ARG001 - Optuna's signature
    """Write a trial's state and parameters onto its MLflow run."""
    run_id = trial.user_attrs.get(RUN_ID)
    if run_id is None:
        return
    tracking.tag(run_id, {STATE_TAG: trial.state.name})
    tracking.log_params(run_id, {f"trial.{name.rpartition('/')[2]}": value for name, value in trial.params.items()})
