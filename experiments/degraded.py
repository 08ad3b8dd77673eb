"""Models, a partition and conditions in, each model's errors under each condition out."""

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from datamodules.conditions import Condition
from datamodules.datamodule import DeepfakeDataModule
from datamodules.feature_cache import RecordStore
from datamodules.safe_files import write_whole
from experiments.inference import Countermeasure
from experiments.scored_trials import ScoredTrials
from lightning_modules.metrics.bootstrap import RESAMPLES, bootstrap_eer
from lightning_modules.metrics.classification import classify
from lightning_modules.scoring import score_waveform

T = TypeVar("T")

SCORING_VERSION = 1
"""Raised whenever the same model would score the same waveform otherwise: scores of before are then not read."""
_INT16_SCALE = np.float32(32767)


@dataclass(frozen=True)
class Model:
    """A countermeasure under test.

    Attributes:
        name: in tables and figures.
        recipe: what models trained alike with other seeds are called as well.
        run_id: of the run that it is of.
        countermeasure: with its calibration and threshold.
        digest: of its files.
        heard: SHA-256 of the recordings of noise that it was trained on.
        remedy: what was put before it for this test; empty where it is as it is deployed.
    """

    name: str
    recipe: str
    run_id: str
    countermeasure: Countermeasure
    digest: str
    heard: frozenset[str] = frozenset()
    remedy: str = ""


@dataclass(frozen=True)
class Row:
    """What a model did under a condition. Rates are fractions.

    Attributes:
        model: its name.
        condition: its name.
        group: what the condition is a level of.
        snr_db: of a noise.
        eer: legacy.
        eer_low: lower end of its 95 % bootstrap interval.
        eer_high: upper end.
        unit: what was resampled, or what else the interval is.
        balanced_accuracy: at the threshold that is deployed.
        frr: share of bona fide trials rejected at it.
        far: share of spoofed trials accepted at it.
        heard: the model was trained on this very recording of noise: the row tells nothing of other noise.
    """

    model: str
    condition: str
    group: str
    snr_db: float | None
    eer: float
    eer_low: float
    eer_high: float
    unit: str
    balanced_accuracy: float
    frr: float
    far: float
    heard: bool = False


def meaning_of_intervals(rows: Sequence[Row]) -> str:
    """Say in words what the interval of each EER is."""
    units = " or ".join(dict.fromkeys(row.unit for row in rows))
    return units if "seeds" in units else f"95 % bootstrap interval by {units}"


def measure_under(
    asked: Sequence[Condition],
    models: Sequence[Model],
    data: DeepfakeDataModule,
    jobs: int,
    resamples: int = RESAMPLES,
) -> list[Row]:
    """Score the eval partition under each condition with each model.

    The altered audio is cached as the waveforms are, and scores beside it: a second model reuses the one, a test that
    goes on after an interruption both.

    Args:
        asked: conditions.
        models: all of the data's sample rate.
        data: whose eval partition it is.
        jobs: threads.
        resamples: of the bootstrap.

    Raises:
        AudioError: a file cannot be used.
        OSError: the cache cannot be written.
    """
    data.cache_jobs = jobs
    trials = data.trials("eval")
    rows = []
    for condition in asked:
        altered = data.waveforms("eval", condition.alteration)
        altered.fill(jobs, report=partial(_track, title=f"making {condition.name}"))
        for model in models:
            scores = _scores(model, altered, data.cache_dir / "scores", jobs, f"{model.name} under {condition.name}")
            scored = ScoredTrials.of(trials, scores, np.zeros(len(trials)))
            rows.append(_row(model, condition, scored, resamples))
    return rows


def _row(model: Model, condition: Condition, scored: ScoredTrials, resamples: int) -> Row:
    interval = bootstrap_eer(scored.scores, scored.labels, scored.resampling_units, resamples=resamples)
    decisions = classify(scored.scores, scored.labels, model.countermeasure.operating_point.threshold)
    return Row(
        model=model.name,
        condition=condition.name,
        group=condition.group,
        snr_db=condition.snr_db,
        eer=interval.eer,
        eer_low=interval.low,
        eer_high=interval.high,
        unit=interval.unit,
        balanced_accuracy=decisions.balanced_accuracy,
        frr=decisions.frr,
        far=decisions.far,
        heard=bool(model.heard) and not model.heard.isdisjoint(condition.recordings),
    )


def _scores(model: Model, altered: RecordStore, folder: Path, jobs: int, title: str) -> NDArray[np.float64]:
    """Calibrated scores of all utterances ``(trials,)``, from the folder where they are known."""
    place = folder / f"{_key(model, altered)}.npy"
    if place.exists():
        known: NDArray[np.float64] = np.load(place)
        return known
    detector, calibration = model.countermeasure.detector, model.countermeasure.operating_point.calibration
    form = model.countermeasure.form

    def score(index: int) -> float:
        waveform = altered[index][0].astype(np.float32) / _INT16_SCALE
        return score_waveform(detector, waveform, score=form.score if form else None).score

    with ThreadPoolExecutor(jobs) as pool:
        raw = list(_track(pool.map(score, range(len(altered))), title, len(altered)))
    scores = np.asarray(calibration.llr(np.array(raw)), np.float64)
    folder.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.save(content, scores)
    write_whole(place, content.getvalue())
    return scores


def _key(model: Model, altered: RecordStore) -> str:
    """What scores are known by: the model, how the audio was altered, and which audio, in its order."""
    values = [SCORING_VERSION, model.digest, altered.folder.name, altered.digest]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:24]


def _track(items: Iterable[T], title: str, total: int | None = None) -> Iterable[T]:
    return track(items, title, total=total, console=Console(stderr=True))
