"""A search space in, how long a trial takes to start beside thousands of others out; for benchmarks/sweeps.py."""

import contextlib
import math
import sqlite3
import statistics
import time
from pathlib import Path

import optuna

from sweeps.space_file import read_space
from sweeps.streak import stopped
from sweeps.study import SLOT, TOTAL, open_study, own_trials, queue, work_is_left
from sweeps.violations import valid_draw

EPOCHS = 10
_MADE = 100  # by Optuna; the others are copies of them


def start_s(space: Path, trials: int) -> float:
    """Median time to look for a trial, take it and draw its values in a study of so many."""
    search = read_space(space)
    study = open_study("many", "sqlite:///many.db", search)
    queue(study, _MADE)
    study.optimize(_as_if_trained, n_trials=_MADE)
    _multiply(Path("many.db"), trials // _MADE)
    study = open_study("many", "sqlite:///many.db", search)
    times = []
    for _ in range(6):
        total = len(own_trials(study)) + 1
        queue(study, total)
        study.set_user_attr(TOTAL, total)
        begin = time.perf_counter()
        if not stopped(study) and work_is_left(study):  # as a worker does before it takes one
            trial = study.ask()
            assert any(trial.number == own.number for own in own_trials(study))  # and after
            valid_draw(trial, search)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])  # the first reads the study, once a worker


def _as_if_trained(trial: optuna.Trial) -> float:
    rate = trial.suggest_float("model.learning_rate", 0.001, 0.02, log=True)
    for epoch in range(EPOCHS):
        trial.report(abs(math.log(rate / 0.005)) / (1 + epoch), epoch)
    return abs(math.log(rate / 0.005)) / EPOCHS


def _multiply(database: Path, times: int) -> None:
    """Copy a study's trials: Optuna itself would insert each in a transaction of its own, for minutes."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT max(trial_id) FROM trials").fetchone()
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in ("trials", *(name for name in tables if name.startswith("trial_"))):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            moved = [name for name in names if name in ("trial_id", "number")]
            key = "trial_id" if table == "trials" else names[0]  # which SQLite counts on where none is given
            kept = [name for name in names if name not in (*moved, key)]
            into, values = ", ".join(moved + kept), ", ".join([f"{name} + :by" for name in moved] + kept)
            for copy in range(1, times):
                insert = f"INSERT INTO {table} ({into}) SELECT {values} FROM {table} WHERE trial_id <= :count"  # noqa: S608
                connection.execute(insert, {"by": copy * count, "count": count})
        of_its_own = "(SELECT number FROM trials WHERE trials.trial_id = trial_user_attributes.trial_id)"
        connection.execute(f"UPDATE trial_user_attributes SET value_json = {of_its_own} WHERE key = ?", [SLOT])  # noqa: S608
        connection.commit()
