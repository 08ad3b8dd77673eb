"""A run in, what ``spooflab robustness`` found of it out: of this model alone, and of the same data."""

import csv
from dataclasses import dataclass

from datamodules.manifest import Manifest
from experiments import tracking

TABLE = "robustness/robustness.csv"
DATA_TAG, MODEL_TAG = "robustness.data.sha256", "robustness.model"  # which data, and which of the table's models


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


def read(run_id: str, corpus: Manifest) -> list[Degraded]:
    """Return a row for each condition; none where the test was not run, or on other data.

    Args:
        run_id: whose countermeasure it is.
        corpus: that the model is judged on.
    """
    told = tracking.get(run_id).data.tags
    if told.get(DATA_TAG) != corpus.digest:
        return []
    rows = csv.DictReader(tracking.fetch(run_id, TABLE).read_text().splitlines())
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
        if row["model"] == told[MODEL_TAG]
    ]
