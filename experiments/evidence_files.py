"""Scored trials and their metrics in, a folder of tables and figures out."""

import csv
import json
from pathlib import Path
from typing import Any

from datamodules.manifest import file_sha256
from experiments import plots
from experiments.evidence import Metrics
from experiments.scored_trials import ScoredTrials, write_scores
from lightning_modules.metrics.classification import report_text

METRICS_FILE, SCORES_FILE, PROVENANCE_FILE = "metrics.json", "scores.txt", "provenance.json"
BREAKDOWNS = ("attacks", "codecs", "speakers", "durations")


def write(folder: Path, scored: ScoredTrials, metrics: Metrics, provenance: dict[str, Any]) -> None:
    """Write everything that shows how good a model is on a partition.

    Args:
        folder: to fill; made where it is missing.
        scored: trials and scores.
        metrics: of them.
        provenance: model, data and code that the scores came from; the SHA-256 of the score file is added.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_scores(folder / SCORES_FILE, scored)
    sealed = {**provenance, "scores_sha256": file_sha256(folder / SCORES_FILE)}
    (folder / PROVENANCE_FILE).write_text(json.dumps(sealed, indent=1))
    (folder / METRICS_FILE).write_text(metrics.to_json())
    report = report_text(scored.scores, scored.labels, metrics.threshold)
    (folder / "classification_report.txt").write_text(f"threshold: {metrics.threshold_source}\n{report}")
    _write_breakdowns(folder / "breakdown.csv", metrics)
    scores, labels, threshold = scored.scores, scored.labels, metrics.threshold
    figures = {
        "roc": plots.roc(scores, labels),
        "det": plots.det(scores, labels, threshold),
        "scores": plots.score_histogram(scores, labels, threshold, scored.attacks),
        "reliability": plots.reliability(scores, labels),
        "confusion_matrix": plots.confusion_matrix(scores, labels, threshold),
    }
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
