"""A run, a registered model, a score file or JSON lines of ``spooflab score`` in, scores and facts of the audio out."""

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from datamodules.audio import AudioError
from datamodules.manifest import Manifest, counted
from experiments import tracking
from experiments.evaluate import corpus_of, evaluated_tag, read_metrics, run_of
from experiments.evidence_files import SCORES_FILE
from experiments.file_facts import facts_of
from experiments.known_model import evaluated_countermeasure
from experiments.score_files import read_scores
from experiments.score_journal import is_unfinished, recipe_beside
from experiments.score_lines import JSONL_SUFFIX
from experiments.score_recipe import MODEL, model_digest
from experiments.threads import cores

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Scored recordings.

    Attributes:
        name: in reports.
        scores: ``(recordings,)``, higher = more bona fide.
        facts: fact -> values ``(recordings with facts,)``; empty where nothing is known of the audio.
        threshold: that decisions were made at, if known.
        keys: ``bonafide``, ``spoof`` or ``-`` of each recording.
        run_id: of the model's run, if it is known.
        model_sha256: of the model's files, if it is known.
        notes: what a reader should know.
    """

    name: str
    scores: Values
    facts: dict[str, Values]
    threshold: float | None
    keys: Sequence[str]
    run_id: str | None = None
    model_sha256: str | None = None
    notes: Sequence[str] = ()


def reference_of(word: str, *, partition: str = "eval", config: Path | None = None) -> Sample:
    """Open what ``--reference`` names: a file there is, else a run or a registered model.

    Raises:
        LookupError: no such run or model.
        FileNotFoundError: the run was not evaluated.
        ValueError: the file is not usable.
    """
    if Path(word).is_file():
        return sample_of_file(Path(word))
    return sample_of_run(run_of(word, None), partition, config)


def sample_of_file(path: Path) -> Sample:
    """Read a score file of any form, or JSON lines of ``spooflab score``.

    Raises:
        ValueError: naming the line, for what is neither.
        OSError: it is not there, or cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such file, expected scores: `spooflab score AUDIO --out {path}` writes them"
        )
    notes = [f"{path} is not finished: the command that writes it was stopped"] if is_unfinished(path) else []
    model = recipe_beside(path).get(MODEL)
    if path.suffix.lower() == JSONL_SUFFIX:
        return replace(_of_objects(path, _objects(path)), model_sha256=model, notes=notes)
    file = read_scores(path)
    keys = file.keys or ["-"] * len(file.utterances)
    return Sample(str(path), file.scores, {}, None, keys, model_sha256=model, notes=[*notes, *file.notices])


def sample_of_run(run_id: str, partition: str = "eval", config: Path | None = None) -> Sample:
    """Take the scores that ``evaluate`` logged on a run, and measure the audio that they are of, if it is here.

    Raises:
        LookupError: no such run.
        FileNotFoundError: the run was not evaluated on that partition.
    """
    file = read_scores(tracking.fetch(run_id, f"evaluation/{partition}/{SCORES_FILE}"))
    metrics = read_metrics(run_id, partition)
    try:
        facts, notes = _facts_of_corpus(run_id, partition, config, set(file.utterances))
    except (ValueError, OSError) as error:
        facts, notes = {}, [f"the reference's audio cannot be measured, only scores are compared: {error}"]
    keys = file.keys or ["-"] * len(file.utterances)
    name = f"{tracking.name_of(run_id)}, {partition}"
    model = model_digest(evaluated_countermeasure(run_id))
    return Sample(name, file.scores, facts, metrics.threshold, keys, run_id, model, notes)


def _facts_of_corpus(
    run_id: str, partition: str, config: Path | None, utterances: set[str]
) -> tuple[dict[str, Values], list[str]]:
    corpus = corpus_of(run_id, config)
    if tracking.get(run_id).data.tags.get(evaluated_tag(partition)) != corpus.digest:
        raise ValueError(f"the run was evaluated on another corpus than {corpus.name}; name its config with --config")
    return _measured(corpus, partition, utterances)


def _measured(corpus: Manifest, partition: str, utterances: set[str]) -> tuple[dict[str, Values], list[str]]:
    trials = [trial for trial in corpus.partition(partition) if trial.utterance in utterances]
    console = Console(stderr=True)
    with ThreadPoolExecutor(cores()) as pool:
        found = pool.map(_facts_or_none, (trial.path for trial in trials))
        measured = list(
            track(found, "measuring the reference", len(trials), console=console, disable=not console.is_terminal)
        )
    rows = [facts for facts in measured if facts is not None]
    lost = len(measured) - len(rows)
    return _columns(rows), [f"{counted(lost, 'file')} of the reference cannot be decoded"] if lost else []


def _facts_or_none(path: Path) -> dict[str, float] | None:
    try:
        return facts_of(path)
    except AudioError as error:
        print(error, file=sys.stderr)
        return None


def _of_objects(path: Path, objects: list[dict[str, Any]]) -> Sample:
    thresholds = {float(row["threshold"]) for row in objects}
    if len(thresholds) > 1:
        raise ValueError(f"{path}: found scores at {len(thresholds)} thresholds, expected one; score with one model")
    rows = [row["facts"] for row in objects if row.get("facts")]
    scores = np.array([row["score"] for row in objects], np.float64)
    keys = [str(row.get("key", "-")) for row in objects]
    return Sample(str(path), scores, _columns(rows), thresholds.pop(), keys)


def _objects(path: Path) -> list[dict[str, Any]]:
    objects = []
    with path.open() as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                objects.append({**row, "score": float(row["score"]), "threshold": float(row["threshold"])})
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(
                    f"{path}:{number}: found {line[:60]!r}, expected a JSON object with score and threshold, as "
                    "`spooflab score --out FILE.jsonl` writes it"
                ) from error
    if not objects:
        raise ValueError(f"{path}: found no line, expected one for each recording; score some with --out")
    return objects


def _columns(rows: Sequence[dict[str, float]]) -> dict[str, Values]:
    """Columns of the facts that all rows have."""
    names = [name for name in (rows[0] if rows else {}) if all(name in row for row in rows)]
    return {name: np.array([row[name] for row in rows], np.float64) for name in names}
