"""A run in, what ``spooflab robustness`` found of it out: of this model alone, and of the same data."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from datamodules.manifest import Manifest
from experiments import tracking

TABLE = "robustness/robustness.csv"
_CONTEXT = "robustness"


@dataclass(frozen=True)
class Degraded:
    """What a model did under a condition. Rates are fractions.

    Attributes:
        condition: its name.
        snr_db: of a noise; none of other conditions.
        eer: legacy.
        eer_low: lower end of its 95 % bootstrap interval.
        eer_high: upper end.
        heard: the model was trained on this very recording of noise: the row tells nothing of other noise.
    """

    condition: str
    snr_db: float | None
    eer: float
    eer_low: float
    eer_high: float
    heard: bool


def read(run_id: str, corpus: Manifest, registered: str) -> list[Degraded]:
    """Return a row for each condition; none where the test was not run, or on other data.

    Args:
        run_id: whose countermeasure it is.
        corpus: that the model is judged on.
        registered: name under which it may have been tested.
    """
    run = tracking.get(run_id)
    tested_on = {
        used.dataset.digest
        for used in (run.inputs.dataset_inputs if run.inputs else [])
        if any(tag.value == _CONTEXT for tag in used.tags)
    }
    if not any(corpus.digest.startswith(digest) for digest in tested_on):
        return []
    try:
        rows = list(csv.DictReader(tracking.fetch(run_id, TABLE).read_text().splitlines()))
    except FileNotFoundError:
        return []
    name = _name_of(sorted({row["model"] for row in rows}), tracking.name_of(run_id), registered)
    return [
        Degraded(
            condition=row["condition"],
            snr_db=float(row["snr_db"]) if row["snr_db"] else None,
            eer=float(row["eer"]),
            eer_low=float(row["eer_low"]),
            eer_high=float(row["eer_high"]),
            heard=row["heard"] == "True",
        )
        for row in rows
        if row["model"] == name
    ]


def _name_of(names: Sequence[str], run_name: str, registered: str) -> str | None:
    """Which of a table's models is the run's: by its own name, or as the only one of a registered model's."""
    if run_name in names:
        return run_name
    versions = [name for name in names if name.startswith((f"{registered}@", f"{registered}/")) and " + " not in name]
    return versions[0] if len(versions) == 1 else None
