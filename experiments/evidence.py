"""Scored trials in, every number that is said of them out: ``metrics.json``, the same shape everywhere."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from datamodules.manifest import UNKNOWN
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import RESAMPLES, bootstrap_eer, fewest_speakers
from lightning_modules.metrics.breakdown import Condition, by_attack, by_condition, duration_bins, groups
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.metrics.classification import classify
from lightning_modules.metrics.doubts import doubts
from lightning_modules.metrics.measures import Measures, measure
from lightning_modules.metrics.tdcf import AsvScores
from lightning_modules.metrics.trials import SortedTrials, split_by_label

FEW_SPEAKERS = 10

Numbers = dict[str, float | None]


@dataclass(frozen=True)
class Threshold:
    """Where decisions are made, and who says so.

    Attributes:
        value: trials are called bona fide above it.
        source: how it was chosen.
    """

    value: float
    source: str


@dataclass(frozen=True)
class Metrics:
    """What a partition's scores came to. Rates are fractions; a number that is not defined, or infinite, is none.

    Attributes:
        trials: how many of each class.
        eer: in its three variants: ``legacy`` (ASVspoof), ``grouped`` (ties are one operating point), ``rocch``.
        eer_interval: bootstrap interval of the legacy EER, and what was resampled; none without resamples.
        min_tdcf: ``v1`` (ASVspoof 2019) and ``v2`` (2021); none without ASV scores.
        asv: EER and threshold of the speaker verification that the t-DCF is about.
        min_dcf: of ASVspoof 5, as are the next two.
        act_dcf: the scores taken as log-likelihood ratios.
        cllr: in bits, the scores taken as log-likelihood ratios.
        min_cllr: in bits, after the best monotonous recalibration on these trials.
        auc: area under the ROC curve.
        attacks: measures of each attack's trials against all bona fide trials; ``eer`` is legacy.
        codecs: measures of each codec's trials of both classes.
        speakers: the same of each speaker.
        durations: the same of bins of the duration.
        threshold: score above which a trial is called bona fide.
        threshold_source: how it was chosen.
        calibration: scale and offset by which dev turned the scores into log-likelihood ratios; none as they came.
        frr: share of bona fide trials rejected at the threshold.
        far: share of spoofed trials accepted at the threshold.
        accuracy: at the threshold.
        balanced_accuracy: at the threshold.
        precision: at the threshold, of the class bona fide.
        recall: at the threshold, of the class bona fide.
        f1: at the threshold, of the class bona fide.
        warnings: what is suspicious about the scores.
    """

    trials: dict[str, int]
    eer: dict[str, float]
    eer_interval: dict[str, Any] | None
    min_tdcf: dict[str, float] | None
    asv: dict[str, float] | None
    min_dcf: float
    act_dcf: float
    cllr: float | None
    min_cllr: float
    auc: float
    attacks: dict[str, Numbers]
    codecs: dict[str, Numbers]
    speakers: dict[str, Numbers]
    durations: dict[str, Numbers]
    threshold: float
    threshold_source: str
    calibration: dict[str, float] | None
    frr: float
    far: float
    accuracy: float
    balanced_accuracy: float
    precision: float
    recall: float
    f1: float
    warnings: list[str]

    @property
    def attack_eers(self) -> dict[str, float]:
        """Legacy EER of each attack."""
        return {name: float(numbers["eer"] or 0.0) for name, numbers in self.attacks.items()}

    @property
    def worst_attack(self) -> str:
        """The attack with the highest EER."""
        return max(self.attack_eers, key=self.attack_eers.__getitem__)

    @property
    def eer_text(self) -> str:
        """The pooled legacy EER with its interval, in words."""
        return f"{100 * self.eer['legacy']:.2f} %{self.interval_text}"

    @property
    def interval_text(self) -> str:
        """The interval of the pooled legacy EER, in words; nothing where there is none."""
        interval = self.eer_interval
        if interval is None:
            return ""
        low, high = 100 * interval["low"], 100 * interval["high"]
        return f" ({100 * interval['level']:.0f} %: {low:.2f}–{high:.2f}, by {interval['unit']})"

    def columns(self) -> dict[str, float]:
        """Return the few numbers that MLflow shows as columns; the classification report's others are in the files."""
        interval = self.eer_interval or {}
        values = {
            "eer": self.eer["legacy"],
            "eer_low": interval.get("low"),
            "eer_high": interval.get("high"),
            "worst_attack_eer": self.attack_eers[self.worst_attack] if self.attacks else None,
            **{f"min_tdcf_{version}": value for version, value in (self.min_tdcf or {}).items()},
            **{name: getattr(self, name) for name in ("min_dcf", "act_dcf", "cllr", "auc", "balanced_accuracy")},
        }
        return {name: value for name, value in values.items() if value is not None}

    def to_json(self) -> str:
        """Return one JSON object."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Metrics":
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: it has other fields, as those of earlier versions did.
        """
        values = json.loads(text)
        expected = {field.name for field in fields(cls)}
        if values.keys() != expected:
            raise ValueError(
                f"the metrics were written by another version of spooflab (they lack "
                f"{', '.join(sorted(expected - values.keys())) or 'nothing'}): evaluate the run anew with --again"
            )
        return cls(**values)


def measure_all(
    scored: ScoredTrials,
    threshold: Threshold,
    *,
    asv: AsvScores | None = None,
    resamples: int = RESAMPLES,
    units: Sequence[str] | None = None,
    calibration: Calibration | None = None,
    notices: Sequence[str] = (),
) -> Metrics:
    """Compute every metric of some trials.

    Args:
        scored: trials and scores.
        threshold: where decisions are made.
        asv: scores of the speaker verification that the countermeasure protects, for the t-DCF.
        resamples: of the bootstrap; 0 for no intervals.
        units: speaker of each trial, to draw by speaker; none to draw by trial.
        calibration: that made the scores what they are.
        notices: put before the warnings about the scores.

    Raises:
        ValueError: only one class, NaN scores, or ASV scores with which the t-DCF is undefined.
    """
    scores, labels = scored.scores, scored.labels
    trials = SortedTrials.of(*split_by_label(scores, labels))
    errors = asv.errors() if asv else None
    pooled = measure(trials, errors)
    decisions = classify(scores, labels, threshold.value)
    interval = bootstrap_eer(scores, labels, units, resamples=resamples)._asdict() if resamples else None
    tandem = {"v1": pooled.min_tdcf_v1, "v2": pooled.min_tdcf_v2}
    durations = None if scored.durations_s is None else duration_bins(scored.durations_s)
    return Metrics(
        trials={"bonafide": pooled.bonafide, "spoof": pooled.spoof},
        eer={"legacy": pooled.eer, "grouped": pooled.eer_grouped, "rocch": pooled.eer_rocch},
        eer_interval=interval,
        min_tdcf={name: value for name, value in tandem.items() if value is not None} or None,
        asv={"eer": errors.eer, "threshold": errors.threshold} if errors else None,
        min_dcf=pooled.min_dcf,
        act_dcf=pooled.act_dcf,
        cllr=_finite(pooled.cllr),
        min_cllr=pooled.min_cllr,
        auc=pooled.auc,
        attacks=_attacks(scored, threshold, asv, resamples, units),
        codecs=_conditions(scored, scored.codecs, threshold),
        speakers=_conditions(scored, scored.speakers, threshold),
        durations=_conditions(scored, durations, threshold),
        threshold=threshold.value,
        threshold_source=threshold.source,
        calibration=asdict(calibration) if calibration else None,
        frr=decisions.frr,
        far=decisions.far,
        accuracy=decisions.accuracy,
        balanced_accuracy=decisions.balanced_accuracy,
        precision=decisions.precision,
        recall=decisions.recall,
        f1=decisions.f1,
        warnings=[
            *notices,
            *doubts(trials, pooled, calibrated=calibration is not None),
            *_doubts_of_intervals(scored, pooled, resamples, units),
        ],
    )


def _doubts_of_intervals(
    scored: ScoredTrials, pooled: Measures, resamples: int, units: Sequence[str] | None
) -> list[str]:
    if not resamples:
        return []
    said = []
    if units is not None and (fewest := fewest_speakers(units, scored.labels)) < FEW_SPEAKERS:
        said.append(
            f"one of the classes has {fewest} speakers only: intervals by speaker are rough, and may be too narrow"
        )
    if pooled.eer == 0:
        fewer = min(pooled.bonafide, pooled.spoof)
        said.append(
            f"no error in {fewer:,} trials of the smaller class: the bootstrap cannot tell that from an error rate of "
            f"up to {min(1.0, 3 / fewer):.2%} (rule of three)"
        )
    return said


def _attacks(
    scored: ScoredTrials, threshold: Threshold, asv: AsvScores | None, resamples: int, units: Sequence[str] | None
) -> dict[str, Numbers]:
    """Measures, interval and acceptance rate of each attack that is named."""
    measures = by_attack(scored.scores, scored.labels, scored.attacks, asv.errors if asv else lambda _: None)
    bonafide, rows_of = np.flatnonzero(scored.labels), groups(scored.attacks)
    table = {}
    for name in sorted(measures.keys() - {UNKNOWN}):
        rows = rows_of[name]
        numbers = _numbers(measures[name])
        numbers["far"] = float((scored.scores[rows] > threshold.value).mean())
        if resamples:
            chosen = np.concatenate((bonafide, rows))
            speakers = [] if units is None else [units[row] for row in chosen]
            labels = scored.labels[chosen]
            if units is None or fewest_speakers(speakers, labels) > 1:
                drawn = speakers if units is not None else None
                interval = bootstrap_eer(scored.scores[chosen], labels, drawn, resamples=resamples)
                numbers |= {"eer_low": interval.low, "eer_high": interval.high}
        table[name] = numbers
    return table


def _conditions(scored: ScoredTrials, names: Sequence[str] | None, threshold: Threshold) -> dict[str, Numbers]:
    """Measures and error rates of each condition, where there are at least two to tell apart."""
    if names is None or len(set(names) - {UNKNOWN}) < 2:  # noqa: PLR2004
        return {}
    found = by_condition(scored.scores, scored.labels, names, threshold.value)
    return {name: _condition_numbers(condition) for name, condition in found.items() if name != UNKNOWN}


def _condition_numbers(condition: Condition) -> Numbers:
    if condition.measures is None:
        return {"bonafide": condition.bonafide, "spoof": condition.spoof, "frr": condition.frr, "far": condition.far}
    return {**_numbers(condition.measures), "frr": condition.frr, "far": condition.far}


def _numbers(measures: Measures) -> Numbers:
    return {name: _finite(value) for name, value in asdict(measures).items() if value is not None}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
