"""A trained run in, evidence on that run out: ``spooflab evaluate``."""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from datamodules.audio import decode
from datamodules.manifest import Manifest, Trial
from experiments import evidence, inference, tracking
from experiments.data_config import read_corpus
from experiments.evidence import Metrics, ScoredTrials
from experiments.registry import COUNTERMEASURE_ARTIFACT, version_of
from experiments.train import quieten
from lightning_modules.detector import Detector
from lightning_modules.metrics.calibration import Calibration, fit_calibration
from lightning_modules.scoring import score_waveform

THRESHOLD_SOURCE = "equal error rate on dev (legacy), calibrated scores"


def evaluate(run_id: str, manifest: Manifest, partition: str = "eval", *, again: bool = False) -> Metrics:
    """Score a partition with a run's best checkpoint and log the evidence on the run.

    Calibration and threshold come from dev, and become the run's deployable countermeasure. A run that was evaluated on
    the same data before keeps its evidence.

    Args:
        run_id: of a training that ended.
        manifest: of the corpus, with its dev partition.
        partition: that is judged.
        again: score anew even so.

    Raises:
        FileNotFoundError: the run has no checkpoint.
        LookupError: there is no such run.
    """
    tag = evaluated_tag(partition)
    if tracking.get(run_id).data.tags.get(tag) == manifest.digest and not again:
        return read_metrics(run_id, partition)
    checkpoint = tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT)
    detector = Detector.from_file(checkpoint)
    dev = score_trials(detector, manifest.partition("dev"), "dev")
    calibration = fit_calibration(dev.scores, dev.labels)
    dev = _calibrated(dev, calibration)
    point = inference.OperatingPoint(calibration, dev.eer_threshold, THRESHOLD_SOURCE)
    judged = _calibrated(score_trials(detector, manifest.partition(partition), partition), calibration)
    metrics = evidence.measure(judged, point.threshold)
    provenance = {
        "run": run_id,
        "data_sha256": manifest.digest,
        "partition": partition,
        "specifications": detector.specifications.to_dict(),
        "operating_point": asdict(point),
        **tracking.code_state(),
    }
    with tempfile.TemporaryDirectory() as folder:
        evidence.write(Path(folder) / partition, judged, metrics, provenance)
        evidence.write_scores(Path(folder) / "dev_scores.txt", dev)
        tracking.log_files(run_id, Path(folder), "evaluation")
        inference.save(Path(folder) / COUNTERMEASURE_ARTIFACT, checkpoint, point)
        tracking.log_files(run_id, Path(folder) / COUNTERMEASURE_ARTIFACT, COUNTERMEASURE_ARTIFACT)
    tracking.log_dataset(run_id, manifest, partition)
    tracking.log_metrics(run_id, metrics.columns(partition))
    tracking.tag(run_id, {tag: manifest.digest})
    return metrics


def evaluated_tag(partition: str) -> str:
    """Return the tag that holds the digest of the data a run's evidence on a partition is of."""
    return f"evaluated.{partition}"


def read_metrics(run_id: str, partition: str = "eval") -> Metrics:
    """Return what ``evaluate`` logged.

    Raises:
        FileNotFoundError: the run was not evaluated on that partition.
    """
    artifact = f"evaluation/{partition}/{evidence.METRICS_FILE}"
    return Metrics(**json.loads(tracking.fetch(run_id, artifact).read_text()))


def score_trials(detector: Detector, trials: Sequence[Trial], title: str) -> ScoredTrials:
    """Score whole utterances by the mean over their windows, as the deployed model does."""
    rate_hz = detector.specifications.sample_rate_hz
    scores = [
        score_waveform(detector, decode(trial.path, rate_hz)).score
        for trial in track(trials, f"scoring {title}", console=Console(stderr=True))
    ]
    return ScoredTrials(trials, np.array(scores))


def run_of(model: str | None, sweep: str | None) -> str:
    """Return the run that ``--model RUN``, ``--model models:/NAME@ALIAS`` or ``--sweep S`` names."""
    if sweep is not None:
        return tracking.winner(sweep)
    if model is not None and model.startswith("models:/"):
        return str(version_of(model).run_id)
    return str(tracking.get(str(model)).info.run_id)


def corpus_of(run_id: str, config: Path | None = None) -> Manifest:
    """Return the corpus of a config, or the one that a run was trained on."""
    return read_corpus(config or tracking.fetch(run_id, tracking.CONFIG_ARTIFACT))


def print_metrics(metrics: Metrics, title: str) -> None:
    """Print a partition's metrics as a table."""
    table = Table(title=title, title_justify="left")
    table.add_column("attack")
    table.add_column("EER % (legacy)", justify="right")
    low, high = (100 * float(metrics.eer_interval[end]) for end in ("low", "high"))
    for attack, eer in metrics.attacks.items():
        table.add_row(attack, f"{100 * eer:.2f}")
    table.add_section()
    table.add_row(
        "pooled", f"{100 * metrics.eer['legacy']:.2f}  ({low:.2f}–{high:.2f}, by {metrics.eer_interval['unit']})"
    )
    Console().print(table)
    print(
        f"at the dev threshold {metrics.threshold:.3f}: accuracy {metrics.accuracy:.3f}, "
        f"balanced {metrics.balanced_accuracy:.3f}, "
        f"bona fide precision {metrics.precision:.3f}, recall {metrics.recall:.3f}"
    )


def main(arguments: list[str]) -> int:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(prog="spooflab evaluate", description="Score a partition and log the evidence.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model", help="id of a run, or models:/NAME@ALIAS")
    which.add_argument("--sweep", help="name of a sweep: its best trial")
    parser.add_argument("--config", type=Path, help="whose data to use; the run's own when not given")
    parser.add_argument("--partition", choices=["dev", "eval"], default="eval")
    parser.add_argument("--again", action="store_true", help="score anew what was evaluated before")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    quieten()
    run_id = run_of(options.model, options.sweep)
    metrics = evaluate(run_id, corpus_of(run_id, options.config), options.partition, again=options.again)
    if options.json:
        print(json.dumps({"run": run_id, **asdict(metrics)}))
    else:
        print_metrics(metrics, f"run {run_id} on {options.partition}")
        print(f"next: spooflab promote --model {run_id}")
    return 0


def _calibrated(scored: ScoredTrials, calibration: Calibration) -> ScoredTrials:
    return ScoredTrials(scored.trials, calibration.llr(scored.scores))
