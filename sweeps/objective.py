"""A trial in, the values of its objective out: one tracked training under the sweep's run."""

import json
from collections.abc import Callable, Mapping, Sequence

import optuna
from optuna.trial import FrozenTrial

from experiments import tracking
from experiments.train import train
from sweeps.measuring import measure_costs, note
from sweeps.pruners import NoPruner
from sweeps.space import Space
from sweeps.study import INTERRUPTED, QUEUED, RUN_ID, WORKER, trial_seed
from sweeps.violations import valid_draw

STATE_TAG = "optuna.state"


class SurplusTrialError(RuntimeError):
    """Another worker took the last queued trial first; this one is nobody's and does not count."""


def run_trial(
    trial: optuna.Trial, space: Space, parent: str, worker: str, progress: bool, interrupted: Callable[[], bool]
) -> Sequence[float]:
    """Train with a trial's values and return what the objective lowers; of dev as at the epoch that was kept.

    A trial whose detector is beyond a limit before it is trained is given up after its first epoch, where trials are
    pruned at all.

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
        ViolationError: its values violate a constraint.
    """
    if QUEUED not in trial.user_attrs:
        raise SurplusTrialError
    trial.set_user_attr(WORKER, worker)
    draw = valid_draw(trial, space)
    seed = trial_seed(trial.study, trial)
    objective = space.objective
    costs = measure_costs(draw.words, objective)
    hopeless = not note(trial, objective, costs) and not isinstance(space.pruner, NoPruner)

    def report(epoch: int, measures: Mapping[str, float]) -> bool:
        if not objective.single:  # which trial of several measures is behind another is not to be said
            return True
        trial.report(measures[objective.measures[0]], epoch)
        return not hopeless and not trial.should_prune()

    try:
        outcome = train(
            [
                *draw.words,
                f"--seed_everything={seed}",
                f"--data.seed={seed}",
                f"--trainer.enable_progress_bar={json.dumps(progress)}",
            ],
            name=" ".join([f"trial {trial.number}", *draw.options.values()]),
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
    measured = {**outcome.measures, **costs}
    note(trial, objective, measured)
    if outcome.stopped:
        raise optuna.TrialPruned
    return objective.values(measured)


def mirror(study: optuna.Study, trial: FrozenTrial) -> None:  # noqa: ARG001 - Optuna's signature
    """Write a trial's state and parameters onto its MLflow run."""
    run_id = trial.user_attrs.get(RUN_ID)
    if run_id is None:
        return
    tracking.tag(run_id, {STATE_TAG: trial.state.name})
    tracking.log_params(run_id, {f"trial.{name.rpartition('/')[2]}": value for name, value in trial.params.items()})
