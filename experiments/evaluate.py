"""A trained run in, evidence on that run out: ``spooflab evaluate``."""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track
from torch import Tensor

from datamodules.audio import decode
from datamodules.manifest import Manifest, Trial
from experiments import evidence_files, inference, metrics_table, sweep_runs, tracking
from experiments.data_config import read_corpus
from experiments.evidence import Metrics, Threshold, measure_all
from experiments.form_run import form_of
from experiments.metrics import read_asv_scores
from experiments.provenance import code_state
from experiments.registry import COUNTERMEASURE_ARTIFACT, version_of
from experiments.scored_trials import ScoredTrials, write_scores
from experiments.threads import cores, share, use
from experiments.train import quieten
from lightning_modules.detector import Detector
from lightning_modules.export.session import open_onnx
from lightning_modules.metrics.calibration import Calibration, fit_calibration
from lightning_modules.metrics.eer import equal_error_rate
from lightning_modules.metrics.trials import split_by_label
from lightning_modules.scoring import score_waveform

THRESHOLD_SOURCE = "equal error rate on dev (legacy), calibrated scores"


def evaluate(
    run_id: str,
    manifest: Manifest,
    partition: str = "eval",
    *,
    again: bool = False,
    asv_scores: Path | None = None,
) -> Metrics:
    """Score a partition with a run's best checkpoint, or the form that the run is of, and log the evidence on the run.

    Calibration and threshold come from dev, and become the run's deployable countermeasure. Where a corpus has eval
    alone they come from dev of the corpus that the run was trained on. Where a run left attacks out of train, its dev
    holds these alone, and so the threshold is set on attacks that it never heard, as it will be used. A run that was
    evaluated on the same data before keeps its evidence.

    Args:
        run_id: of a training that ended.
        manifest: of the corpus that is judged on.
        partition: that is judged.
        again: score anew even so.
        asv_scores: of the speaker verification that the t-DCF is about; scores anew where it was not known before.

    Raises:
        FileNotFoundError: the run has no checkpoint.
        ValueError: the ASV scores are not usable.
        LookupError: there is no such run.
    """
    tag = evaluated_tag(partition)
    if tracking.get(run_id).data.tags.get(tag) == manifest.digest and not again:
        known = read_metrics(run_id, partition)
        if known.min_tdcf or asv_scores is None:
            return known
    asv = None if asv_scores is None else read_asv_scores(asv_scores)
    checkpoint = tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT)
    detector = Detector.from_file(checkpoint)
    form = form_of(run_id)
    score = None if form is None else open_onnx(form).score
    settling = manifest.partition("dev") or corpus_of(run_id).partition("dev")
    dev = score_trials(detector, settling, "dev", score=score)
    point = operating_point(dev)
    calibration = point.calibration
    judged = _calibrated(score_trials(detector, manifest.partition(partition), partition, score=score), calibration)
    metrics = measure_all(
        judged,
        Threshold(point.threshold, point.source),
        asv=asv,
        units=judged.resampling_units,
        calibration=calibration,
    )
    provenance = {
        "run": run_id,
        "data_sha256": manifest.digest,
        "partition": partition,
        "specifications": detector.specifications.to_dict(),
        "operating_point": asdict(point),
        **code_state(),
    }
    with tempfile.TemporaryDirectory() as folder:
        evidence_files.write(Path(folder) / partition, judged, metrics, provenance)
        write_scores(Path(folder) / "dev_scores.txt", _calibrated(dev, calibration))
        tracking.log_files(run_id, Path(folder), "evaluation")
        inference.save(Path(folder) / COUNTERMEASURE_ARTIFACT, checkpoint, point, form)
        tracking.log_files(run_id, Path(folder) / COUNTERMEASURE_ARTIFACT, COUNTERMEASURE_ARTIFACT)
    tracking.log_dataset(run_id, manifest, partition)
    tracking.log_metrics(run_id, metric_columns(metrics, partition))
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
    artifact = f"evaluation/{partition}/{evidence_files.METRICS_FILE}"
    return Metrics.from_json(tracking.fetch(run_id, artifact).read_text())


def metric_columns(metrics: Metrics, partition: str) -> dict[str, float]:
    """Return what MLflow shows as columns: all of eval, and of dev only what training does not show, or twice.

    A run has at most 25 of them. Those of dev are named apart: training measures dev on crops, each epoch.
    """
    columns = metrics.columns()
    if partition == "eval":
        return {f"eval/{name}": value for name, value in columns.items()}
    return {f"{partition}_whole/{name}": columns[name] for name in ("eer", "min_dcf")}


def score_trials(
    detector: Detector,
    trials: Sequence[Trial],
    title: str,
    *,
    tell: bool = True,
    score: Callable[[Tensor], Tensor] | None = None,
) -> ScoredTrials:
    """Score whole utterances by the mean over their windows, as the deployed model does; show how far it is if told.

    Args:
        detector: in evaluation mode.
        trials: to score.
        title: of the progress.
        tell: show it.
        score: of windows, in the detector's place.
    """
    rate_hz = detector.specifications.sample_rate_hz
    scores, durations_s = [], []
    for trial in track(trials, f"scoring {title}", console=Console(stderr=True), disable=not tell):
        waveform = decode(trial.path, rate_hz)
        scores.append(score_waveform(detector, waveform, score=score).score)
        durations_s.append(len(waveform) / rate_hz)
    return ScoredTrials.of(trials, scores, durations_s)


def operating_point(dev: ScoredTrials) -> inference.OperatingPoint:
    """Return the calibration that dev's raw scores ask for, and the threshold of equal errors on what they become."""
    calibration = fit_calibration(dev.scores, dev.labels)
    threshold = equal_error_rate(*split_by_label(calibration.llr(dev.scores), dev.labels)).threshold
    return inference.OperatingPoint(calibration, threshold, THRESHOLD_SOURCE)


def run_of(model: str | None, sweep: str | None) -> str:
    """Return the run that ``--model RUN``, ``--model models:/NAME@ALIAS`` or ``--sweep S`` names."""
    if sweep is not None:
        return sweep_runs.winner(sweep)
    if model is not None and model.startswith("models:/"):
        return str(version_of(model).run_id)
    return str(tracking.get(str(model)).info.run_id)


def corpus_of(run_id: str, config: Path | None = None) -> Manifest:
    """Return the corpus of a config, or the one that a run was trained on."""
    return read_corpus(config or tracking.fetch(run_id, tracking.CONFIG_ARTIFACT))


def main(arguments: list[str]) -> int:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(prog="spooflab evaluate", description="Score a partition and log the evidence.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--model", help="id of a run, or models:/NAME@ALIAS")
    which.add_argument("--sweep", help="name of a sweep: its best trial")
    parser.add_argument("--config", type=Path, help="whose data to use; the run's own when not given")
    parser.add_argument("--partition", choices=["dev", "eval"], default="eval")
    parser.add_argument("--asv-scores", type=Path, help="ASV scores `ATTACK KEY SCORE`, for the t-DCF")
    parser.add_argument("--again", action="store_true", help="score anew what was evaluated before")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    quieten()
    use(share(cores()))  # one: utterances are scored one by one, and too short to be worth dividing
    run_id = run_of(options.model, options.sweep)
    corpus = corpus_of(run_id, options.config)
    metrics = evaluate(run_id, corpus, options.partition, again=options.again, asv_scores=options.asv_scores)
    if options.json:
        print(json.dumps({"run": run_id, **asdict(metrics)}))
    else:
        metrics_table.show(metrics, f"run {run_id} on {options.partition}")
        print(f"next: spooflab promote --model {run_id}")
    return 0


def _calibrated(scored: ScoredTrials, calibration: Calibration) -> ScoredTrials:
    return scored.with_scores(calibration.llr(scored.scores))
