"""An evaluated run in, all that is known of the countermeasure that it would deploy out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datamodules.manifest import PARTITIONS, UNKNOWN, Manifest, Trial
from experiments import robustness_evidence, tracking
from experiments.evaluate import corpus_of
from experiments.evidence import Metrics
from experiments.form_run import FORM_TAG
from experiments.inference import Countermeasure
from experiments.known_model import evaluated_countermeasure
from experiments.provenance import code_state
from experiments.robustness_evidence import Degraded


@dataclass(frozen=True)
class Candidate:
    """A countermeasure that may be registered, and what speaks for it.

    Attributes:
        run_id: that it comes from.
        run_name: what the UI calls the run.
        run_tags: of the run.
        folder: its files.
        countermeasure: detector, calibration and threshold.
        metrics: on eval of ``judged_on``.
        judged_on: corpus.
        trained_on: corpus, where the run names it and it can be read.
        robustness: a row for each condition; none where it was not tested.
    """

    run_id: str
    run_name: str
    run_tags: Mapping[str, str]
    folder: Path
    countermeasure: Countermeasure
    metrics: Metrics
    judged_on: Manifest
    trained_on: Manifest | None
    robustness: Sequence[Degraded]


@dataclass(frozen=True)
class Count:
    """How many of what a partition holds."""

    partition: str
    bonafide: int
    spoof: int
    speakers: int
    attacks: Sequence[str]


def open_candidate(run_id: str, metrics: Metrics, corpus: Manifest) -> Candidate:
    """Gather what is known of a run that was evaluated on a corpus.

    Args:
        run_id: of the run.
        metrics: on eval of the corpus.
        corpus: that it is judged on.
    """
    run, folder = tracking.get(run_id), evaluated_countermeasure(run_id)
    return Candidate(
        run_id=run_id,
        run_name=str(run.info.run_name),
        run_tags=run.data.tags,
        folder=folder,
        countermeasure=Countermeasure.load(folder),
        metrics=metrics,
        judged_on=corpus,
        trained_on=_trained_on(run_id, corpus),
        robustness=robustness_evidence.read(run_id, corpus),
    )


def counts(corpus: Manifest) -> list[Count]:
    """Count the trials and the speakers of each partition that has any."""
    return [_count(name, trials) for name in PARTITIONS if (trials := corpus.partition(name))]


def version_tags(candidate: Candidate) -> dict[str, str]:
    """Return the facts that a version of a candidate is tagged with. Rates are fractions."""
    metrics, point = candidate.metrics, candidate.countermeasure.operating_point
    interval = metrics.eer_interval or {}
    numbers = {
        "eval.eer": metrics.eer["legacy"],
        "eval.eer_low": interval.get("low"),
        "eval.eer_high": interval.get("high"),
        "eval.worst_attack_eer": metrics.attack_eers[metrics.worst_attack] if metrics.attacks else None,
        "eval.min_dcf": metrics.min_dcf,
        **{f"eval.min_tdcf_{version}": value for version, value in (metrics.min_tdcf or {}).items()},
        "calibration.scale": point.calibration.scale,
        "calibration.offset": point.calibration.offset,
        "threshold": point.threshold,
    }
    texts = {
        "eval.eer_unit": interval.get("unit"),
        "eval.worst_attack": metrics.worst_attack if metrics.attacks else None,
        "threshold.source": point.source,
        "specifications": json.dumps(candidate.countermeasure.detector.specifications.to_dict()),
        "data.sha256": candidate.judged_on.digest,
        "train.data.sha256": candidate.trained_on.digest if candidate.trained_on else None,
        "train.git.commit": candidate.run_tags.get("mlflow.source.git.commit"),
        "train.git.dirty": candidate.run_tags.get("git.dirty"),
        "registered.git.commit": code_state().get("mlflow.source.git.commit"),
        "registered.git.dirty": code_state().get("git.dirty"),
    }
    known = {name: f"{value:.6g}" for name, value in numbers.items() if value is not None}
    form = {name: value for name, value in candidate.run_tags.items() if name.partition(".")[0] == FORM_TAG}
    return {**known, **{name: value for name, value in texts.items() if value is not None}, **form}


def _trained_on(run_id: str, judged_on: Manifest) -> Manifest | None:
    try:
        corpus = corpus_of(run_id)
        same = corpus.digest == judged_on.digest
    except (ValueError, OSError):  # imported weights name no data, and those of old runs may have been moved
        return None
    return judged_on if same else corpus


def _count(name: str, trials: Sequence[Trial]) -> Count:
    bonafide = sum(trial.label for trial in trials)
    return Count(
        partition=name,
        bonafide=bonafide,
        spoof=len(trials) - bonafide,
        speakers=len({trial.speaker for trial in trials} - {UNKNOWN}),
        attacks=sorted({trial.attack for trial in trials} - {UNKNOWN}),
    )
