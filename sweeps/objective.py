"""A trial in, the values of its objective out: one tracked training under the sweep's run."""

from collections.abc import Callable, Mapping, Sequence

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from experiments import failures
from experiments.dev_scores import dev_scores
from experiments.outcome import Outcome
from experiments.train import train
from sweeps.measuring import measure_costs, note
from sweeps.mirror import TRIAL_TAG
from sweeps.pruners import NoPruner
from sweeps.seed_queue import reseeding, run_name
from sweeps.space import Draw, Space
from sweeps.storage import WORKER
from sweeps.study import CAUSE, FAILURE, INTERRUPTED, RUN_ID, earlier_values, own_trials, trial_seed
from sweeps.violations import ViolationError, valid_draw


class SurplusTrialError(RuntimeError):
    """Another worker took the last queued trial first; this one is nobody's and does not count."""


def run_trial(
    trial: optuna.Trial, space: Space, parent: str, worker: str, interrupted: Callable[[], bool]
) -> Sequence[float]:
    """Train with a trial's values and return what the objective lowers; of dev as at the epoch that was kept.

    A trial that was begun before goes on with its run, from its last checkpoint. One whose detector is beyond a limit
    before it is trained is given up after its first epoch, where trials are pruned at all.

    Args:
        trial: that this worker has taken.
        space: that its values are drawn from.
        parent: id of the sweep's MLflow run.
        worker: who runs it, so that others can tell whether it still lives.
        interrupted: asked between batches whether to stop.

    Raises:
        optuna.TrialPruned: the pruner gave it up; its MLflow run is ended as KILLED by then.
        SurplusTrialError: nobody queued it.
        ViolationError: its values violate a constraint.
        UpdateFinishedTrialError: it was taken for dead, and is another worker's by now.
    """
    trial.set_user_attr(WORKER, worker)
    if trial.number not in {own.number for own in own_trials(trial.study)}:
        raise SurplusTrialError
    try:
        draw = valid_draw(trial, space)
        costs = measure_costs(draw.words, space.objective)
        within = note(trial, space.objective, costs)
        outcome = _train(trial, space, draw, parent, interrupted, hopeless=not within)
        measured = {**outcome.measures, **costs}
        note(trial, space.objective, measured)
    except KeyboardInterrupt:
        trial.set_user_attr(INTERRUPTED, True)
        raise
    except (UpdateFinishedTrialError, ViolationError):
        raise
    except Exception as error:
        failure = failures.describe(error)
        trial.set_user_attr(FAILURE, failure.text)
        trial.set_user_attr(CAUSE, failure.cause)
        raise
    if outcome.stopped:
        raise optuna.TrialPruned
    return space.objective.values(measured)


def _train(
    trial: optuna.Trial, space: Space, draw: Draw, parent: str, interrupted: Callable[[], bool], hopeless: bool
) -> Outcome:
    objective, give_up = space.objective, hopeless and not isinstance(space.pruner, NoPruner)
    seed = trial_seed(trial.study, trial)
    earlier = earlier_values(trial.study, trial)
    again = reseeding(trial)

    def report_earlier(until: int | None = None) -> None:
        """Report what the attempts before have reported and this one does not train again."""
        for epoch in sorted(earlier):
            if until is None or epoch < until:
                trial.report(earlier.pop(epoch), epoch)
        if until is not None:
            earlier.clear()

    def report(epoch: int, measures: Mapping[str, float]) -> bool:
        if not objective.single:  # which trial of several measures is behind another is not to be said
            return True
        report_earlier(epoch)
        trial.report(measures[objective.measures[0]], epoch)
        return again is not None or not (give_up or trial.should_prune())

    outcome = train(
        [
            *draw.words,
            f"--seed_everything={seed}",
            f"--data.seed={seed}",
            "--ckpt=null",  # a trial goes on with its own run
            "--trainer.enable_progress_bar=false",  # the launcher tells how far it is
        ],
        name=run_name(trial, draw.options.values()),
        parent=parent,
        tags={TRIAL_TAG: str(trial.number), **(again.tags if again else {})},
        keep_going=report,
        on_start=lambda run_id: trial.set_user_attr(RUN_ID, run_id),
        interrupted=interrupted,
        run_id=trial.user_attrs.get(RUN_ID),
    )
    if again is not None:
        dev_scores(outcome.run_id)  # here, where trials share the machine, not one after the other in the end
    report_earlier()  # where every epoch had been trained
    return outcome
