"""What a sweep found in, Markdown out: the answer for whoever opens its page and did not launch it."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from optuna.trial import FrozenTrial

from sweeps.findings import Excess, Findings, Saving, measured
from sweeps.measures import short, shown
from sweeps.seed_table import Verdict
from sweeps.shown_study import short_names
from sweeps.study import RUN_ID

_MOST_ROWS = 12
_MOST_FAILURES = 5
_MOST_NUMBERS = 8
_FEWEST_UNITS = 2  # of a larger unit, or the smaller one is told
_LONGEST = 7500  # MLflow cuts a note off at 8000 characters
_FILES = (
    "Artifacts, under `sweep/`: **`figures.html`** has every chart and the table of all trials; `figures/` the same as "
    "pictures; `trials.csv` and `trials.json` the trials; `space.yaml` what was searched; `best.yaml` the whole "
    "config of the winner, where there is one."
)
_NOT_YET = "Charts, tables and the winner's config come when the sweep ends, and every few minutes before."


class Drawn(NamedTuple):
    """What was drawn of a sweep.

    Attributes:
        shares: importance of the parameters among the winner's kind, by estimate.
        left_out: charts that could not be drawn, and why.
    """

    shares: Mapping[str, Mapping[str, float]] = {}
    left_out: Sequence[str] = ()


def note(
    found: Findings,
    experiment: str,
    drawn: Drawn | None = None,
    verdict: Verdict | None = None,
    stopped: str | None = None,
    deleted: Collection[str] = (),
) -> str:
    """Write the answer.

    Args:
        found: so far.
        experiment: id of the MLflow experiment, for links to runs.
        drawn: of what was found; none where nothing is yet.
        verdict: what the best came to over several seeds, where that was asked.
        stopped: why the sweep ended before its total, where it did.
        deleted: runs that somebody deleted.
    """
    parts = [f"**{stopped[:1].upper()}{stopped[1:]}**"] if stopped else []
    parts += [
        _answer(found, experiment, verdict, deleted),
        _comparison(found, "best in the sweep" if verdict else "best"),
    ]
    if verdict is not None:
        parts.append(verdict.markdown())
        if found.best is not None and found.best.number not in {row.trial for row in verdict.rows}:
            parts.append(
                f"Trial {found.best.number} has come out better in the sweep since, but not been trained over seeds: "
                "type the command with `--reseed-top` again."
            )
    shares = drawn.shares if drawn else {}
    parts += ["\n".join(f"- {line}" for line in [*course(found), *_importance(found, shares)]), _next(found)]
    parts.append(_FILES if drawn else _NOT_YET)
    if drawn and drawn.left_out:
        parts.append(f"Not drawn: {'; '.join(drawn.left_out)}.")
    text = "\n\n".join(part for part in parts if part)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def course(found: Findings) -> list[str]:
    """Tell in sentences how the trials ended, why some failed, and what pruning saved."""
    lines = [f"{len(found.trials)} trials have ended: {_counts(found)}."]
    lines += _branches(found)
    failures = list(found.failures.items())
    for reason, numbers in failures[:_MOST_FAILURES]:
        lines.append(f"Failed: {_numbers(numbers)} of `{reason.replace('`', chr(39))}`.")
    if len(failures) > _MOST_FAILURES:
        lines.append(f"{len(failures) - _MOST_FAILURES} other causes of failure are in the tag `failure` of the runs.")
    lines += [_exceeded(name, beyond) for name, beyond in found.exceeded.items()]
    if found.states["pruned"]:
        lines.append(_saved(found.saving))
    return lines


def answer_lines(found: Findings, verdict: Verdict | None) -> list[str]:
    """Tell all of it in sentences without markup."""
    best = [] if found.best is None else [f"Best: trial {found.best.number}: {_told(found)}; {_values(found.best)}."]
    over_seeds = [] if verdict is None else [f"Trained anew over {verdict.seeds} seeds, {verdict.sentence()}"]
    return [line.replace("`", "") for line in [*best, *over_seeds, *course(found)]]


def values_of(trial: FrozenTrial) -> dict[str, str]:
    """Return a trial's values under short names."""
    prefixes = {name.rpartition("/")[0] for name in trial.params if "/" in name}
    names = short_names(trial.params, next(iter(prefixes)) if len(prefixes) == 1 else None)
    return {names[name]: _text(value) for name, value in trial.params.items()}


def in_words(duration_s: float) -> str:
    """Write a duration as a person would say it."""
    for unit, seconds in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if duration_s >= _FEWEST_UNITS * seconds:
            return f"{duration_s / seconds:.1f} {unit}"
    return f"{duration_s:.0f} s"


def _answer(found: Findings, experiment: str, verdict: Verdict | None, deleted: Collection[str]) -> str:
    if found.best is None:
        return "**No complete trial is within the limits.**" if found.ranking else "**No trial is complete yet.**"
    if verdict is None:
        trial, run_id, told = found.best, found.best.user_attrs.get(RUN_ID), _told(found)
    else:
        picked = verdict.picked
        trial = next(trial for trial in found.ranking if trial.number == picked.trial)
        run_id = picked.typical.run_id
        told = f"mean {short(verdict.measure)} {shown(verdict.measure, picked.mean)} over {len(picked.trainings)} seeds"
    link = f" ([its run](#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning))" if run_id else ""
    if run_id in deleted:
        link = f" (its run was deleted: `mlflow runs restore --run-id {run_id}` brings it back)"
    return f"### Best: trial {trial.number}{link}: {told}\n\n{_values(trial)}. {_context(found)}"


def _context(found: Findings) -> str:
    """Compare in a sentence: MLflow folds a note up after three lines."""
    others = [f"baseline (trial {trial.number}) {_outcome(found, trial)[0]}" for trial in found.baselines[:1]]
    others.append(f"median of {len(found.ranking)} complete {shown(found.measures[0], found.median)}")
    return f"Beside it: {'; '.join(others)}. Trials: {_counts(found)}."


def _counts(found: Findings) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in found.states.items())


def _told(found: Findings) -> str:
    values = measured(found.best, found.measures) if found.best is not None else {}
    return ", ".join(f"{short(measure)} {shown(measure, value)}" for measure, value in values.items())


def _values(trial: FrozenTrial) -> str:
    return " · ".join(f"{name} {value}" for name, value in values_of(trial).items()) or "the config as it stands"


def _comparison(found: Findings, best: str) -> str:
    if found.best is None:
        return ""
    if len(found.measures) > 1:
        title = f"Pareto front, {len(found.front)} of {len(found.ranking)} complete trials; the best is its first:"
        rows = [[_title(found, trial), *_measured(found, trial)] for trial in found.front[:_MOST_ROWS]]
        return f"{title}\n\n{table(['trial', *map(short, found.measures)], rows)}"
    rows = [[f"**{best}** (trial {found.best.number})", *_measured(found, found.best)]]
    rows += [[f"baseline (trial {trial.number})", *_outcome(found, trial)] for trial in found.baselines[:_MOST_ROWS]]
    rows.append([f"median of {len(found.ranking)} complete", shown(found.measures[0], found.median)])
    return table(["", short(found.measures[0])], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def _title(found: Findings, trial: FrozenTrial) -> str:
    return " ".join(filter(None, (str(trial.number), found.branch(trial))))


def _measured(found: Findings, trial: FrozenTrial) -> list[str]:
    values = measured(trial, found.measures)
    return [shown(measure, values.get(measure)) for measure in found.measures]


def _outcome(found: Findings, trial: FrozenTrial) -> list[str]:
    ended = "" if trial in found.ranking else f" ({trial.state.name.lower()})"
    return [f"{value}{ended}" for value in _measured(found, trial)]


def _branches(found: Findings) -> list[str]:
    groups: dict[str, list[FrozenTrial]] = {}
    for trial in found.ranking:
        groups.setdefault(found.branch(trial), []).append(trial)
    if len(groups) <= 1:
        return []
    told = [
        f"{name} {shown(found.measures[0], trials[0].values[0])} (best of {len(trials)} complete)"
        for name, trials in groups.items()
    ]
    return [f"By {' and '.join(found.branches)}: {'; '.join(told)}."]


def _exceeded(name: str, beyond: Sequence[Excess]) -> str:
    lowest = beyond[0]
    return (
        f"Beyond a limit: {len(beyond)} trial(s), by {short(name)}, which may be {shown(name, lowest.most)} at most; "
        f"the lowest of them had {shown(name, lowest.measured)}."
    )


def _saved(saving: Saving) -> str:
    if not saving.trials:
        return "What pruning saved cannot be told: no trial of the same kind is complete."
    return (
        f"Pruning saved about {in_words(saving.seconds)} of training, by estimate: {saving.epochs:.0f} epochs that "
        f"{saving.trials} pruned trial(s) would have had, had they gone on as long as complete ones of their kind did "
        "in the mean, at the kind's mean time an epoch."
    )


def _importance(found: Findings, shares: Mapping[str, Mapping[str, float]]) -> list[str]:
    kin = [trial for trial in found.ranking if found.best and found.branch(trial) == found.branch(found.best)]
    lines = []
    for title, of in shares.items():
        told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in list(of.items())[:4])
        lines.append(f"What matters most ({title}, from {len(kin)} complete trials of the winner's kind): {told}.")
    return lines


def _next(found: Findings) -> str:
    if found.best is None:
        return ""
    return (
        f"**After the sweep:** `spooflab evaluate --sweep {found.name}` (eval, once; the run above has `eval/eer` "
        f"where that was done), then `spooflab report --sweep {found.name}` (a page for anyone) and "
        f"`spooflab promote --sweep {found.name}`."
    )


def _numbers(numbers: Sequence[int]) -> str:
    few = ", ".join(map(str, numbers[:_MOST_NUMBERS])) + (" …" if len(numbers) > _MOST_NUMBERS else "")
    return f"trial {few}" if len(numbers) == 1 else f"{len(numbers)} trials ({few})"


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
