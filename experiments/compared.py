"""Names of runs, a sweep or registered versions in, what MLflow holds of each out: evidence, config, data, detector."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from datamodules.manifest import Manifest
from experiments import metrics as score_metrics
from experiments import sweep_runs, tracking
from experiments.evaluate import corpus_of, evaluated_tag, read_metrics, run_of
from experiments.evidence import Metrics
from experiments.evidence_files import SCORES_FILE
from experiments.inference import Countermeasure
from experiments.known_model import evaluated_countermeasure
from experiments.registry import version_of
from experiments.scored_trials import ScoredTrials
from experiments.selection import KEPT

MOST: Final = 10
"""More systems cannot be read beside each other."""
_DEV_EER = "best/dev_eer"


@dataclass(frozen=True)
class System:
    """What is known of an evaluated run.

    Attributes:
        label: what it is called beside the others.
        run_id: of it.
        metrics: that ``evaluate`` logged.
        scored: its score file.
        config: resolved config; empty where the run has none.
        countermeasure: detector, calibration and threshold.
        evaluated_on: SHA-256 of the data that it was judged on.
        trained_on: start of the SHA-256 of the data that it was trained on; none where no training is known.
        dev_eer: of the epoch that was kept, on crops.
        training_s: from its start to its end; none where no training is known, or where it goes on.
    """

    label: str
    run_id: str
    metrics: Metrics
    scored: ScoredTrials
    config: dict[str, Any]
    countermeasure: Countermeasure
    evaluated_on: str
    trained_on: str | None
    dev_eer: float | None
    training_s: float | None

    @property
    def trained_on_text(self) -> str:
        """The digest of the data that it was trained on, whole where it is known; MLflow keeps its start alone."""
        if self.trained_on is None:
            return "not known"
        if self.evaluated_on.startswith(self.trained_on):
            return self.evaluated_on
        return f"{self.trained_on}… (MLflow keeps no more of it)"


def run_ids(names: Sequence[str], sweep: str | None, top: int) -> dict[str, str]:
    """Return the runs that are meant, by the label of each.

    Args:
        names: ids of runs, or ``models:/NAME@ALIAS`` and ``models:/NAME/VERSION``.
        sweep: name of a sweep whose best trials are meant.
        top: how many of them: the winner, then the others by their EER on dev.

    Raises:
        LookupError: there is no such run, version or sweep.
        ValueError: two names mean one run, or there are too many.
    """
    labels = {_label(name): run_of(name, None) for name in names}
    if sweep is not None:
        labels |= {tracking.name_of(run_id): run_id for run_id in best_trials(sweep)[:top]}
    if len(set(labels.values())) < max(len(labels), len(names)):
        raise ValueError(f"found one run under two names in {' '.join(names)}, expected each once")
    if len(labels) > MOST:
        raise ValueError(f"found {len(labels)} runs, expected {MOST} at most: more cannot be read beside each other")
    return labels


def best_trials(sweep: str) -> list[str]:
    """Return the runs of a sweep's complete trials: its winner first, then the others by their EER on dev.

    Raises:
        LookupError: there is no such sweep, or it has no winner.
    """
    winner = sweep_runs.winner(sweep)
    complete = tracking.children(sweep_runs.sweep(sweep).info.run_id, {"optuna.state": "COMPLETE"})
    ranked = sorted(complete, key=lambda run: run.data.metrics.get(_DEV_EER, math.inf))
    return [winner, *(str(run.info.run_id) for run in ranked if run.info.run_id != winner)]


def read_systems(labels: dict[str, str], partition: str) -> list[System]:
    """Read what was logged of runs.

    Args:
        labels: run of each label.
        partition: that they were evaluated on.

    Raises:
        FileNotFoundError: some were not evaluated; it names the commands.
    """
    missing = [run_id for run_id in labels.values() if not evaluated(run_id, partition)]
    if missing:
        commands = "\n  ".join(f"spooflab evaluate --model {run_id} --partition {partition}" for run_id in missing)
        which = f"{len(missing)} of these {len(labels)} runs" if len(labels) > 1 else "the run"
        raise FileNotFoundError(f"found no evaluation on {partition} of {which}, expected one; type\n  {commands}")
    return [_read(label, run_id, partition) for label, run_id in labels.items()]


def evaluated(run_id: str, partition: str) -> bool:
    """Whether a run has evidence on a partition."""
    return evaluated_tag(partition) in tracking.get(run_id).data.tags


def with_speakers(scored: ScoredTrials, corpus: Manifest | None) -> ScoredTrials:
    """Add who speaks, as a corpus says, so that speakers can be drawn; nothing where the corpus is not known."""
    if corpus is None:
        return scored
    return replace(scored, speakers=[corpus.trial(utterance).speaker for utterance in scored.utterances])


def corpus_behind(system: System, config: Path | None) -> Manifest | None:
    """Return the corpus that a system was judged on: that of a config, or else its own; none where neither is it."""
    try:
        corpus = corpus_of(system.run_id, config)
        same = corpus.digest == system.evaluated_on
    except (ValueError, OSError):  # it may have been moved, or lie on another machine
        return None
    return corpus if same else None


def _label(name: str) -> str:
    if not name.startswith("models:/"):
        return tracking.name_of(name)
    version = version_of(name)
    return f"{version.name} version {version.version}"


def _read(label: str, run_id: str, partition: str) -> System:
    run = tracking.get(run_id)
    metrics = read_metrics(run_id, partition)
    scored, _ = score_metrics.read(tracking.fetch(run_id, f"evaluation/{partition}/{SCORES_FILE}"), None)
    return System(
        label=label,
        run_id=run_id,
        metrics=metrics,
        scored=scored,
        config=_config(run_id),
        countermeasure=Countermeasure.load(evaluated_countermeasure(run_id)),
        evaluated_on=run.data.tags[evaluated_tag(partition)],
        trained_on=next(
            (
                str(used.dataset.digest)
                for used in (run.inputs.dataset_inputs if run.inputs else [])
                if any(tag.value == "train and dev" for tag in used.tags)
            ),
            None,
        ),
        dev_eer=run.data.metrics.get(_DEV_EER),
        training_s=(run.info.end_time - run.info.start_time) / 1000
        if KEPT in run.data.metrics and run.info.end_time
        else None,
    )


def _config(run_id: str) -> dict[str, Any]:
    try:
        text = tracking.fetch(run_id, tracking.CONFIG_ARTIFACT).read_text()
    except FileNotFoundError:
        return {}
    found: dict[str, Any] = yaml.safe_load(text) or {}
    return found
