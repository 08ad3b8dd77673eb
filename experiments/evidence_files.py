"""Scored trials and their metrics in, a folder of tables and figures out."""

import csv
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datamodules.digests import file_sha256
from experiments import plots
from experiments.evidence import Metrics
from experiments.scored_trials import ScoredTrials, write_scores
from lightning_modules.metrics.classification import report_text
from lightning_modules.metrics.doubts import are_likelihood_ratios
from lightning_modules.metrics.trials import SortedTrials, split_by_label

METRICS_FILE, SCORES_FILE, PROVENANCE_FILE = "metrics.json", "scores.txt", "provenance.json"
BREAKDOWNS = ("attacks", "codecs", "speakers", "durations")


def write(
    folder: Path,
    scored: ScoredTrials,
    metrics: Metrics,
    provenance: dict[str, Any],
    values: dict[str, Any] | None = None,
) -> None:
    """Write everything that shows how good a model is on a partition: all of it, or nothing.

    Args:
        folder: made, or replaced where it holds what was written before.
        scored: trials and scores.
        metrics: of them.
        provenance: model, data and code that the scores came from; the SHA-256 of the score file is added.
        values: to stand in ``metrics.json`` if it is to say more than the metrics.
    """
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        _write(unfinished, scored, metrics, provenance, values)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def refuse_place(folder: Path, inputs: Sequence[Path]) -> None:
    """Refuse to write where something would be lost.

    Raises:
        ValueError: the place is a file, holds other things than evidence, or one of the inputs.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder}: found a file, expected the name of a folder to write to")
    inside = [path for path in inputs if path != folder and folder.resolve() in path.resolve().parents]
    if inside:
        raise ValueError(f"{folder}: holds {inside[0].name}, which is read now and would be lost: write elsewhere")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / METRICS_FILE).exists():
        raise ValueError(f"{folder}: found a folder that holds other things: give an empty or a new one")
    if not os.access(next(parent for parent in folder.resolve().parents if parent.exists()), os.W_OK):
        raise ValueError(f"{folder}: cannot be made there; choose a place that can be written to")


def _write(
    folder: Path,
    scored: ScoredTrials,
    metrics: Metrics,
    provenance: dict[str, Any],
    values: dict[str, Any] | None,
) -> None:
    folder.mkdir(parents=True)
    write_scores(folder / SCORES_FILE, scored)
    sealed = {**provenance, "scores_sha256": file_sha256(folder / SCORES_FILE)}
    (folder / PROVENANCE_FILE).write_text(json.dumps(sealed, indent=1))
    (folder / METRICS_FILE).write_text(metrics.to_json() if values is None else json.dumps(values))
    report = report_text(scored.scores, scored.labels, metrics.threshold)
    (folder / "classification_report.txt").write_text(f"threshold: {metrics.threshold_source}\n{report}")
    _write_breakdowns(folder / "breakdown.csv", metrics)
    scores, labels, threshold = scored.scores, scored.labels, metrics.threshold
    figures = {
        "roc": plots.roc(scores, labels),
        "det": plots.det(scores, labels, threshold),
        "scores": plots.score_histogram(scores, labels, threshold, scored.attacks),
        "confusion_matrix": plots.confusion_matrix(scores, labels, threshold),
    }
    if metrics.calibration or are_likelihood_ratios(SortedTrials.of(*split_by_label(scores, labels))):
        figures["reliability"] = plots.reliability(scores, labels)
    if metrics.attacks:
        intervals = {
            name: (float(numbers["eer_low"] or 0), float(numbers["eer_high"] or 0))
            for name, numbers in metrics.attacks.items()
            if "eer_low" in numbers
        }
        figures["scores_by_attack"] = plots.scores_by_attack(scores, scored.attacks, labels, threshold)
        figures["eer_by_attack"] = plots.eer_by_attack(metrics.attack_eers, metrics.eer["legacy"], intervals)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png")


def _write_breakdowns(path: Path, metrics: Metrics) -> None:
    rows = [
        {"by": breakdown.removesuffix("s"), "name": name, **numbers}
        for breakdown in BREAKDOWNS
        for name, numbers in getattr(metrics, breakdown).items()
    ]
    columns = dict.fromkeys(["by", "name", *(column for row in rows for column in row)])
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)
