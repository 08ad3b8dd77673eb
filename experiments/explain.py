"""Recordings in, why each has its score out: ``spooflab explain``; of a corpus, what gives each attack away."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from datamodules.audio import AudioError, decode
from datamodules.manifest import PARTITIONS
from datamodules.safe_files import write_whole
from experiments import registry, tracking
from experiments.console import console
from experiments.data_config import read_corpus
from experiments.evaluate import corpus_of, run_of
from experiments.explanation_corpus import chosen, explain_attacks, values_of
from experiments.explanation_corpus_picture import draw_attacks
from experiments.explanation_files import png, write
from experiments.explanation_words import against_chance
from experiments.inference import NOT_CALIBRATED, Countermeasure
from experiments.score_inputs import inputs_of
from experiments.score_item import Item
from experiments.score_recipe import folder_of
from experiments.threads import share, use
from experiments.train import quieten
from lightning_modules.explanations import METHODS, Explanation, Method, explain

OUT: Final = Path("reports/explanations")
ATTACKS: Final = "attacks"
PER_ATTACK: Final = 5


def explain_recording(
    countermeasure: Countermeasure, audio: str | Path | bytes, method: Method | None = None, name: str | None = None
) -> Explanation:
    """Explain what a countermeasure says of one recording.

    Args:
        countermeasure: as deployed.
        audio: path or bytes of a file.
        method: the detector's default when not given.
        name: how errors call it.

    Raises:
        AudioError: it cannot be decoded, is too short, too long, or silent.
        ValueError: the method is not for such a detector.
    """
    countermeasure.judge(audio, name)  # which refuses what cannot be judged, in the same words as scoring
    rate_hz = countermeasure.detector.specifications.sample_rate_hz
    return explain_waveform(countermeasure, decode(audio, rate_hz, name=name), method)


def explain_waveform(
    countermeasure: Countermeasure, waveform: NDArray[np.float32], method: Method | None = None
) -> Explanation:
    """Explain what a countermeasure says of a waveform ``(samples,)`` at the detector's sample rate.

    Raises:
        ValueError: it is empty, silent or too short, or the method is not for such a detector.
    """
    point = countermeasure.operating_point
    return explain(countermeasure.detector, waveform, method, calibration=point.calibration, threshold=point.threshold)


def main(arguments: list[str]) -> int:
    """Explain from the command line: exit code 1 when a recording could not be explained, after the others were."""
    options = _parser().parse_args(arguments)
    quieten()
    use(share(), tell=False)
    of_corpus = options.corpus or options.config is not None
    if of_corpus == bool(options.audio):
        raise ValueError(
            "expected recordings, or --corpus (that of the model's run), or --config C: name one of these to explain"
        )
    inputs = [] if of_corpus else inputs_of(options.audio, None, options.partition)
    countermeasure = Countermeasure.load(folder_of(options.model))
    if countermeasure.operating_point.source == NOT_CALIBRATED:
        print(f"{options.model} is {NOT_CALIBRATED}", file=sys.stderr)
    return _corpus(options, countermeasure) if of_corpus else _clips(options, inputs, countermeasure)


def _clips(options: argparse.Namespace, inputs: Iterable[Item], countermeasure: Countermeasure) -> int:
    rows, bad = [], 0
    for item in inputs:
        try:
            with _at_work(item.path):
                found = explain_recording(countermeasure, item.path, options.method)
        except AudioError as error:
            print(f"spooflab explain: {error}", file=sys.stderr)
            bad += 1
            continue
        values = write(options.out, item.utterance, found, countermeasure, options.model)
        if options.json:
            print(json.dumps(values), flush=True)
        else:
            print(f"{item.path}: {against_chance(found.faithfulness)}", file=sys.stderr)
        rows.append(values)
    if rows and not options.json:
        _show(rows)
    return 1 if bad else 0


@contextmanager
def _at_work(path: Path) -> Iterator[None]:
    """Show that a recording is being explained, and since when: a long one takes minutes."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(f"explaining {escape(str(path))}", total=None)
        yield


def _corpus(options: argparse.Namespace, countermeasure: Countermeasure) -> int:
    """Explain some trials of each attack, and keep what is found on the model's run."""
    run_id = None if Path(options.model).is_dir() else run_of(options.model, None)
    if options.config is None and run_id is None:
        raise ValueError(f"{options.model}: a folder does not say which corpus it is of: name one with --config")
    corpus = read_corpus(options.config) if run_id is None else corpus_of(run_id, options.config)
    trials = chosen(corpus, options.partition, options.per_attack)
    found = explain_attacks(countermeasure, trials, options.method)
    values = {"model": options.model, "corpus": corpus.name, "partition": options.partition, **values_of(found)}
    options.out.mkdir(parents=True, exist_ok=True)
    write_whole(options.out / f"{ATTACKS}.json", json.dumps(values, indent=1).encode())
    write_whole(options.out / f"{ATTACKS}.png", png(draw_attacks(found)))
    if run_id is not None:
        for suffix in ("json", "png"):
            tracking.log_files(run_id, options.out / f"{ATTACKS}.{suffix}", "explanations")
    if options.json:
        print(json.dumps(values))
    else:
        print("\n".join(finding.sentence for finding in found.findings))
        print(f"{options.out / ATTACKS}.png{'' if run_id is None else f', and explanations/ of run {run_id}'}")
    return 0


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table(
        caption="score: log-likelihood ratio, higher = more bona fide; the page has the picture and the sound"
    )
    for name in ("recording", "score", "decision", "strongest reason for it", "page"):
        table.add_column(name, justify="right" if name == "score" else "left", overflow="fold")
    for values in rows:
        called = values["decision"] == "bonafide"
        told = zip(values["words"][1:], values["regions"], strict=False)  # then come words on how far to trust them
        reasons = [word for word, region in told if (region["effect"] > 0) == (region["sum_of_map"] > 0) == called]
        reason = reasons[0] if reasons else "none stands out"
        cells = (values["utterance"], f"{values['score']:+.2f}", values["decision"], reason, values["files"]["page"])
        table.add_row(*map(escape, cells))
    console().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spooflab explain", description="Show why recordings have their scores, and how far to trust that."
    )
    parser.add_argument("audio", nargs="*", type=Path, metavar="AUDIO", help="files and folders")
    parser.add_argument("--model", default=f"models:/{registry.MODEL_NAME}@{registry.CHAMPION}")
    parser.add_argument("--method", choices=METHODS, help="the detector's default when not given")
    parser.add_argument(
        "--corpus", action="store_true", help="explain what gives each attack away, of the run's corpus"
    )
    parser.add_argument("--config", type=Path, help="or of this config's")
    parser.add_argument("--per-attack", type=int, default=PER_ATTACK, metavar="N", help="clips of each attack")
    parser.add_argument("--partition", choices=PARTITIONS, default="eval", help="of the corpus")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where files go; default {OUT}")
    parser.add_argument("--json", action="store_true", help="print one JSON object a recording")
    return parser
