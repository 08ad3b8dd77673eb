"""A trial in, its dev EER out: one tracked training under the sweep's run."""

from collections.abc import Callable, Mapping

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from experiments import failures
from experiments.dev_scores import dev_scores
from experiments.outcome import Outcome
from experiments.selection import EER
from experiments.train import train
from sweeps.mirror import TRIAL_TAG
from sweeps.seed_queue import name_of, reseeding
from sweeps.space import Space
from sweeps.storage import WORKER
from sweeps.study import CAUSE, FAILURE, INTERRUPTED, RUN_ID, earlier_values, own_trials, trial_seed


class SurplusTrialError(RuntimeError):
    """Another worker took the last queued trial first; this one is nobody's and does not count."""


def run_trial(trial: optuna.Trial, space: Space, parent: str, worker: str, interrupted: Callable[[], bool]) -> float:
    """Train with a trial's values and return the dev EER of the epoch that was kept, a fraction.

    A trial that was begun before goes on with its run, from its last checkpoint.

    Args:
        trial: that this worker has taken.
        space: that its values are drawn from.
        parent: id of the sweep's MLflow run.
        worker: who runs it, so that others can tell whether it still lives.
        interrupted: asked between batches whether to stop.

    Raises:
        optuna.TrialPruned: the pruner gave it up; its MLflow run is ended as KILLED by then.
        SurplusTrialError: nobody queued it.
        UpdateFinishedTrialError: it was taken for dead, and is another worker's by now.
    """
    trial.set_user_attr(WORKER, worker)
    if trial.number not in {own.number for own in own_trials(trial.study)}:
        raise SurplusTrialError
    try:
        outcome = _train(trial, space, parent, interrupted)
    except KeyboardInterrupt:
        trial.set_user_attr(INTERRUPTED, True)
        raise
    except UpdateFinishedTrialError:
        raise
    except Exception as error:
        failure = failures.describe(error)
        trial.set_user_attr(FAILURE, failure.text)
        trial.set_user_attr(CAUSE, failure.cause)
        raise
    if outcome.stopped:
        raise optuna.TrialPruned
    return outcome.dev_eer


def _train(trial: optuna.Trial, space: Space, parent: str, interrupted: Callable[[], bool]) -> Outcome:
    words = space.suggest(trial)
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
        report_earlier(epoch)
        trial.report(measures[EER], epoch)
        return again is not None or not trial.should_prune()

    outcome = train(
        [
            *words,
            f"--seed_everything={seed}",
            f"--data.seed={seed}",
            "--trainer.enable_progress_bar=false",  # the launcher tells how far it is
        ],
        name=" ".join([name_of(trial), *(trial.params[branch] for branch in space.root.branches)]),
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
