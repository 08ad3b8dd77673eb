"""Trials in, a row for each out: what became of it, what it measured, and its values."""

from collections.abc import Sequence

import pandas as pd

from sweeps.findings import Findings, measured
from sweeps.streak import cause
from sweeps.study import RUN_ID


def trial_table(found: Findings) -> pd.DataFrame:
    """Return all trials that have ended, in their order; measures as they are stored, EERs as fractions."""
    best = None if found.best is None else found.best.number
    rows = [
        {
            "trial": trial.number,
            "state": trial.state.name,
            "best": trial.number == best,
            **measured(trial, found.measures),
            "epochs": len(trial.intermediate_values),
            "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
            "run": trial.user_attrs.get(RUN_ID),
            "failure": cause(trial) if trial.state.name == "FAIL" else None,
            **trial.params,
        }
        for trial in found.trials
    ]
    return pd.DataFrame(rows)


def as_html(table: pd.DataFrame, measures: Sequence[str]) -> str:
    """Write the table for the page: best first, empty columns left out, a short run id."""
    if table.empty:
        return "<p>No trial has ended yet.</p>"
    shown = table.sort_values(measures[0]) if measures[0] in table else table
    shown = shown.dropna(axis="columns", how="all").assign(run=shown["run"].astype(str).str[:8])
    return str(shown.to_html(index=False, na_rep="", border=0, float_format=lambda value: f"{value:.4g}"))
