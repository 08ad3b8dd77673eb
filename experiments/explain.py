"""Recordings in, why each has its score out: ``spooflab explain``; of a corpus, what gives each attack away."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table

from datamodules.audio import AudioError, decode
from datamodules.manifest import PARTITIONS
from experiments import registry
from experiments.console import console
from experiments.explanation_files import write
from experiments.explanation_words import against_chance
from experiments.inference import Countermeasure
from experiments.score_inputs import inputs_of
from experiments.score_item import Item
from experiments.score_recipe import folder_of
from experiments.threads import cores, share, use
from experiments.train import quieten
from lightning_modules.explanations import METHODS, Explanation, Method, explain

OUT: Final = Path("reports/explanations")


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
    use(share(cores()), tell=False)
    inputs = inputs_of(options.audio, None, options.partition)
    countermeasure = Countermeasure.load(folder_of(options.model))
    return _clips(options, inputs, countermeasure)


def _clips(options: argparse.Namespace, inputs: Iterable[Item], countermeasure: Countermeasure) -> int:
    rows, bad = [], 0
    for item in inputs:
        try:
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


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table(
        caption="score: log-likelihood ratio, higher = more bona fide; the page has the picture and the sound"
    )
    for name in ("recording", "score", "decision", "strongest reason", "page"):
        table.add_column(name, justify="right" if name == "score" else "left", overflow="fold")
    for values in rows:
        reasons = values["words"][1:2] if values["regions"] else ["none stands out"]
        cells = (values["utterance"], f"{values['score']:+.2f}", values["decision"], *reasons, values["files"]["page"])
        table.add_row(*map(escape, cells))
    console().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spooflab explain", description="Show why recordings have their scores, and how far to trust that."
    )
    parser.add_argument("audio", nargs="*", type=Path, metavar="AUDIO", help="files and folders")
    parser.add_argument("--model", default=f"models:/{registry.MODEL_NAME}@{registry.CHAMPION}")
    parser.add_argument("--method", choices=METHODS, help="the detector's default when not given")
    parser.add_argument("--partition", choices=PARTITIONS, default="eval", help="of the corpus")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where files go; default {OUT}")
    parser.add_argument("--json", action="store_true", help="print one JSON object a recording")
    return parser
