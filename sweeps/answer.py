"""A study in, its answer on the sweep's MLflow run out: numbers after every trial, charts now and then."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import optuna

from experiments import selection, sweep_runs, tracking
from sweeps.charts import Section, sections
from sweeps.charts_page import page
from sweeps.findings import Findings, branch_of, findings, measured
from sweeps.importance import MOST_WEIGHED, importances
from sweeps.measures import column
from sweeps.note import Drawn, answer_lines, note, values_of
from sweeps.seed_table import Verdict
from sweeps.shown_study import shown_study, thinned
from sweeps.study import RUN_ID
from sweeps.trial_table import as_html, trial_table

FOLDER = "sweep"
ANSWER_FILE = "answer.json"
_BEST_TAG = "best."
_WON_TAG, _TRIAL_TAG, _VALUES_TAG = "sweep.winner", "sweep.best_trial", "sweep.best"
_STILL_DPI = 120


def publish_numbers(found: Findings, parent: str, verdict: Verdict | None = None) -> str | None:
    """Put counts, the winner and its values on the sweep's run; cheap enough to be done after every trial.

    Args:
        found: so far.
        parent: id of the sweep's MLflow run.
        verdict: what the best came to over several seeds, where that was asked: then it says who wins.

    Returns:
        The run of the winner, where there is one that nobody deleted.
    """
    known = tracking.get(parent).data
    counts = {f"trials/{state}": float(count) for state, count in found.states.items()}
    winner = found.best
    if verdict is not None:
        winner = next(trial for trial in found.ranking if trial.number == verdict.picked.trial)
    if winner is None or RUN_ID not in winner.user_attrs:
        tracking.log_metrics(parent, counts, step=len(found.trials))
        return None
    run_id = str(winner.user_attrs[RUN_ID] if verdict is None else verdict.picked.typical.run_id)
    there = tracking.exists(run_id)
    numbers = measured(winner, found.measures)
    if verdict is not None:
        numbers = {verdict.measure: verdict.picked.typical.value, f"{verdict.measure}_mean": verdict.picked.mean}
    best = {column(measure): float(value) for measure, value in numbers.items()}
    if verdict is not None and there:  # all of them are to be of one training
        best = {**_of_kept_epoch(run_id), **best}
    tracking.log_metrics(parent, {**counts, **best}, step=len(found.trials))
    tags = {
        sweep_runs.WINNER_TAG: run_id,
        _TRIAL_TAG: str(winner.number),
        _VALUES_TAG: " · ".join(values_of(winner).values()),
        **{_BEST_TAG + name: value for name, value in values_of(winner).items()},
    }
    before = known.tags.get(sweep_runs.WINNER_TAG)
    tracking.untag(parent, [name for name in known.tags if name.startswith(_BEST_TAG) and name not in tags])
    tracking.tag(parent, {name: value for name, value in tags.items() if known.tags.get(name) != value})
    if before != run_id:
        if before is not None and tracking.exists(before):
            tracking.tag(before, {_WON_TAG: "false"})
        if there:
            tracking.tag(run_id, {_WON_TAG: "true"})
    return run_id if there else None


def _of_kept_epoch(run_id: str) -> dict[str, float]:
    """Return dev's measures of the epoch that a training kept, under the names that they have on the sweep's run."""
    epoch = tracking.get(run_id).data.metrics.get(selection.KEPT)
    if epoch is None:
        return {}
    return {column(measure): tracking.history(run_id, measure)[int(epoch)] for measure in selection.MEASURES}


def publish(
    study: optuna.Study,
    parent: str,
    space: str,
    measures: Sequence[str],
    branches: Sequence[str],
    verdict: Verdict | None = None,
    stopped: str | None = None,
) -> Drawn:
    """Log all that a sweep has found so far, with charts; done again it replaces what it logged before.

    Args:
        study: with any number of trials.
        parent: id of the sweep's MLflow run.
        space: YAML of the search space, logged beside the answer.
        measures: that the study minimises, in its order.
        branches: names of the choices at the top of the space.
        verdict: what the best came to over several seeds, where that was asked.
        stopped: why the sweep ended before its total, where it did.
    """
    found = findings(study, measures, branches)
    winner = publish_numbers(found, parent, verdict)
    charts = sections(study, measures, branches)
    left_out = [f"{section.title}: {reason}" for section in charts for reason in section.left_out]
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder)
        (answer / "space.yaml").write_text(space)
        if winner is not None:
            config = tracking.fetch(winner, tracking.CONFIG_ARTIFACT).read_text()
            (answer / "best.yaml").write_text(config)
        _write(answer, found, charts, verdict)
        tracking.log_files(parent, answer, FOLDER)
    drawn = Drawn(_shares(study, found), left_out)
    tell(found, parent, drawn, verdict, stopped)
    return drawn


def tell(
    found: Findings,
    parent: str,
    drawn: Drawn | None,
    verdict: Verdict | None = None,
    stopped: str | None = None,
) -> None:
    """Write the answer at the top of the sweep's page; cheap enough to be done after every trial."""
    experiment = tracking.get(parent).info.experiment_id
    winner = found.best.user_attrs.get(RUN_ID) if found.best and verdict is None else None
    deleted = [winner] if winner is not None and not tracking.exists(winner) else []
    tracking.describe(parent, note(found, experiment, drawn, verdict, stopped, deleted))


def _write(folder: Path, found: Findings, drawn: Sequence[Section], verdict: Verdict | None) -> None:
    rows = trial_table(found)
    rows.to_csv(folder / "trials.csv", index=False)
    (folder / "trials.json").write_text(json.dumps(json.loads(rows.to_json(orient="records")), indent=1))
    (folder / ANSWER_FILE).write_text(json.dumps(as_json(found, verdict), indent=1))
    html = page(f"Sweep {found.name}", answer_lines(found, verdict), drawn, as_html(rows, found.measures))
    (folder / "figures.html").write_text(html)
    (folder / "figures").mkdir()
    for chart in (chart for section in drawn for chart in section.charts):
        chart.still.savefig(folder / "figures" / f"{chart.name}.png", dpi=_STILL_DPI, bbox_inches="tight")


def as_json(found: Findings, verdict: Verdict | None) -> dict[str, object]:
    """Return the answer as plain values."""
    saving = found.saving
    return {
        "sweep": found.name,
        "measures": list(found.measures),
        "trials": found.states,
        "best": None if found.best is None else found.best.number,
        "front": [
            {
                "trial": trial.number,
                "run": trial.user_attrs.get(RUN_ID),
                "branch": branch_of(trial, found.branches),
                "measures": measured(trial, found.measures),
            }
            for trial in found.front
        ],
        "median": found.median,
        "baselines": {str(trial.number): measured(trial, found.measures) for trial in found.baselines},
        "failures": found.failures,
        "limits_exceeded": {name: [excess._asdict() for excess in of] for name, of in found.exceeded.items()},
        "pruning_saved": {"seconds": saving.seconds, "epochs": saving.epochs, "trials": saving.trials},
        "seeds": None if verdict is None else verdict.as_json(),
    }


def _shares(study: optuna.Study, found: Findings) -> dict[str, dict[str, float]]:
    """Importance among the trials of the winner's kind."""
    if found.best is None:
        return {}
    option = str(found.best.params[found.branches[0]]) if found.branches else None
    return importances(thinned(shown_study(study, found.measures, found.branches, option), MOST_WEIGHED))
