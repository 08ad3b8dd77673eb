"""A study in, its answer on the sweep's MLflow run out: best value, best config, all trials, the history."""

import shutil
import tempfile
from pathlib import Path

import optuna
import pandas as pd
from matplotlib.figure import Figure
from optuna.trial import FrozenTrial, TrialState

from experiments import tracking
from sweeps.study import RUN_ID, best, settled

_COLOURS = {TrialState.COMPLETE: "#0072B2", TrialState.PRUNED: "#999999", TrialState.FAIL: "#D55E00"}  # Okabe & Ito


def publish(study: optuna.Study, parent: str, space: Path) -> None:
    """Log what a sweep has found so far; done again it replaces what it logged before.

    Args:
        study: with any number of trials.
        parent: id of the sweep's MLflow run.
        space: YAML of the search space, logged beside the answer.
    """
    trials = settled(study)
    states = {f"trials/{state.name.lower()}": sum(trial.state is state for trial in trials) for state in _COLOURS}
    tracking.log_metrics(parent, {name: float(count) for name, count in states.items()})
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder)
        shutil.copyfile(space, answer / "space.yaml")
        table(study).to_csv(answer / "trials.csv", index=False)
        history(study).savefig(answer / "history.png", dpi=120)
        found = best(study)
        if found is not None:
            run_id = found.user_attrs[RUN_ID]
            before = tracking.get(parent).data.tags.get(tracking.WINNER_TAG)
            if before not in (None, run_id):
                tracking.tag(before, {"sweep.winner": "false"})
            shutil.copyfile(tracking.fetch(run_id, tracking.CONFIG_ARTIFACT), answer / "best.yaml")
            tracking.log_metrics(parent, {"best/dev_eer": found.values[0]})
            tracking.tag(
                parent, {tracking.WINNER_TAG: run_id, "sweep.best_trial": str(found.number), **_best_params(found)}
            )
            tracking.describe(parent, note(study, found))
            tracking.tag(run_id, {"sweep.winner": "true"})
        tracking.log_files(parent, answer, "sweep")


def note(study: optuna.Study, found: FrozenTrial) -> str:
    """Return the answer in Markdown, for whoever opens the sweep's page."""
    values = "\n".join(f"| {name} | {value} |" for name, value in found.params.items())
    best_eer = f"trial {found.number}, dev EER {100 * found.values[0]:.2f} %"
    return f"""**Best: {best_eer}** (legacy), run `{found.user_attrs[RUN_ID]}`.

| parameter | value |
|---|---|
{values}

All trials are in `sweep/trials.csv`, the winner's config in `sweep/best.yaml`.
Next: `spooflab evaluate --sweep {study.study_name}`, then `spooflab promote --sweep {study.study_name}`.
"""


def table(study: optuna.Study) -> pd.DataFrame:
    """Return a row for each trial: number, state, dev EER, epochs, seconds, run, parameters."""
    rows = [
        {
            "trial": trial.number,
            "state": trial.state.name,
            "dev_eer": trial.values[0]
            if trial.values is not None
            else min(trial.intermediate_values.values(), default=None),
            "epochs": len(trial.intermediate_values),
            "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
            "run": trial.user_attrs.get(RUN_ID),
            **trial.params,
        }
        for trial in settled(study)
    ]
    return pd.DataFrame(rows)


def history(study: optuna.Study) -> Figure:
    """Draw each trial's dev EER by its number, coloured by its state, and the best so far."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    trials = table(study)
    for state, colour in _COLOURS.items():
        of_state = trials[trials.state == state.name] if len(trials) else trials
        if len(of_state):
            axes.scatter(of_state.trial, 100 * of_state.dev_eer.astype(float), color=colour, label=state.name.lower())
    complete = trials[trials.state == "COMPLETE"] if len(trials) else trials
    if len(complete):
        axes.step(
            complete.trial,
            100 * complete.dev_eer.astype(float).cummin(),
            where="post",
            color="black",
            label="best so far",
        )
    axes.set(xlabel="trial", ylabel="lowest dev EER (%, legacy)", title=f"sweep {study.study_name}")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if len(trials):
        axes.legend()
    return figure


def _best_params(trial: FrozenTrial) -> dict[str, str]:
    return {f"best.{name.rpartition('/')[2]}": str(value) for name, value in trial.params.items()}
