"""Scored trials in, numbers, tables and figures out: what is said of a model, and the files that show it."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from datamodules.manifest import Trial
from experiments import plots
from lightning_modules.metrics.bootstrap import bootstrap_eer
from lightning_modules.metrics.breakdown import per_attack_eer
from lightning_modules.metrics.classification import classify, report_text
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.trials import split_by_label

METRICS_FILE, SCORES_FILE = "metrics.json", "scores.txt"


@dataclass(frozen=True)
class ScoredTrials:
    """Trials and what a countermeasure said of them.

    Attributes:
        trials: rows of the protocol.
        scores: one for each ``(trials,)``, higher = more bona fide.
    """

    trials: Sequence[Trial]
    scores: NDArray[np.float64]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Class of each trial: 1 bona fide, 0 spoof."""
        return np.array([trial.label for trial in self.trials])

    @cached_property
    def attacks(self) -> list[str]:
        """Attack of each trial, ``-`` for bona fide."""
        return [trial.attack for trial in self.trials]

    @cached_property
    def speakers(self) -> list[str] | None:
        """Speaker of each trial, or none where the protocol does not name at least two."""
        names = [trial.speaker for trial in self.trials]
        return names if len(set(names)) > 1 else None

    @property
    def eer_threshold(self) -> float:
        """Score at which both kinds of error are equally likely on these trials."""
        return equal_error_rate(*split_by_label(self.scores, self.labels)).threshold


@dataclass(frozen=True)
class Metrics:
    """What a partition's scores came to. Rates are fractions; which EER a number is stands in its name.

    Attributes:
        trials: how many of each class.
        eer: in its three variants: ``legacy`` (ASVspoof), ``grouped`` (ties are one operating point), ``rocch``.
        eer_interval: 95 % bootstrap interval of the legacy EER, and what was resampled.
        auc: area under the ROC curve.
        attacks: legacy EER of each attack's trials against all bona fide trials.
        threshold: score above which a trial is called bona fide, chosen on dev.
        accuracy: at the threshold.
        balanced_accuracy: at the threshold.
        precision: at the threshold, of the class bona fide.
        recall: at the threshold, of the class bona fide.
        f1: at the threshold, of the class bona fide.
    """

    trials: dict[str, int]
    eer: dict[str, float]
    eer_interval: dict[str, float | str]
    auc: float
    attacks: dict[str, float]
    threshold: float
    accuracy: float
    balanced_accuracy: float
    precision: float
    recall: float
    f1: float

    @property
    def worst_attack(self) -> str:
        """The attack with the highest EER."""
        return max(self.attacks, key=self.attacks.__getitem__)

    def columns(self, partition: str) -> dict[str, float]:
        """Return the few numbers that MLflow shows as columns; the rest is in the files."""
        values = {
            "eer": self.eer["legacy"],
            "eer_low": float(self.eer_interval["low"]),
            "eer_high": float(self.eer_interval["high"]),
            "worst_attack_eer": self.attacks[self.worst_attack],
            "auc": self.auc,
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }
        return {f"{partition}/{name}": value for name, value in values.items()}


def measure(scored: ScoredTrials, threshold: float) -> Metrics:
    """Compute every metric of a partition.

    Args:
        scored: its trials and scores.
        threshold: chosen on another partition.

    Raises:
        ValueError: only one class, or NaN scores.
    """
    bonafide, spoof = split_by_label(scored.scores, scored.labels)
    interval = bootstrap_eer(scored.scores, scored.labels, scored.speakers)
    decisions = classify(scored.scores, scored.labels, threshold)
    return Metrics(
        trials={"bonafide": len(bonafide), "spoof": len(spoof)},
        eer={variant: equal_error_rate(bonafide, spoof, variant).eer for variant in ("legacy", "grouped", "rocch")},
        eer_interval={"low": interval.low, "high": interval.high, "level": interval.level, "unit": interval.unit},
        auc=float(roc_auc_score(scored.labels, scored.scores)),
        attacks=per_attack_eer(scored.scores, scored.labels, scored.attacks),
        threshold=threshold,
        accuracy=decisions.accuracy,
        balanced_accuracy=decisions.balanced_accuracy,
        precision=decisions.precision,
        recall=decisions.recall,
        f1=decisions.f1,
    )


def write(folder: Path, scored: ScoredTrials, metrics: Metrics, provenance: dict[str, Any]) -> None:
    """Write everything that shows how good a model is on a partition.

    Args:
        folder: to fill; made where it is missing.
        scored: trials and scores.
        metrics: of them.
        provenance: model, data and code that the scores came from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METRICS_FILE).write_text(json.dumps(asdict(metrics), indent=1))
    (folder / "provenance.json").write_text(json.dumps(provenance, indent=1))
    (folder / "classification_report.txt").write_text(report_text(scored.scores, scored.labels, metrics.threshold))
    write_scores(folder / SCORES_FILE, scored)
    _write_attacks(folder / "eer_by_attack.csv", scored, metrics)
    for name, figure in {
        "roc": plots.roc(scored.scores, scored.labels),
        "det": plots.det(scored.scores, scored.labels, metrics.threshold),
        "scores": plots.score_histogram(scored.scores, scored.labels, metrics.threshold, scored.attacks),
        "eer_by_attack": plots.eer_by_attack(metrics.attacks, metrics.eer["legacy"]),
        "confusion_matrix": plots.confusion_matrix(scored.scores, scored.labels, metrics.threshold),
    }.items():
        figure.savefig(folder / f"{name}.png")


def write_scores(path: Path, scored: ScoredTrials) -> None:
    """Write the ASVspoof form, ``UTTERANCE ATTACK|- KEY SCORE`` a line."""
    rows = (
        f"{trial.utterance} {trial.attack} {trial.key} {score:.6f}\n"
        for trial, score in zip(scored.trials, scored.scores, strict=True)
    )
    path.write_text("".join(rows))


def _write_attacks(path: Path, scored: ScoredTrials, metrics: Metrics) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["attack", "trials", "eer_legacy_percent"])
        for attack, eer in metrics.attacks.items():
            writer.writerow([attack, scored.attacks.count(attack), f"{100 * eer:.2f}"])
