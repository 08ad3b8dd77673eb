"""Audio files, folders, a table or a partition in, a score and a decision for each out: ``spooflab score``."""

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

from datamodules.manifest import PARTITIONS
from experiments.default_model import DEFAULT_MODEL
from experiments.score_item import FORMATS, STANDARD_INPUT
from lightning_modules.aggregation import AGGREGATIONS, MEANING


def main(arguments: list[str]) -> int:
    """Score from the command line: exit code 1 when a file could not be judged, after the others were."""
    parser = _parser()
    options = parser.parse_args(arguments)
    options.stream |= STANDARD_INPUT in options.audio
    if options.stream and (options.format == "scores" or options.again):
        parser.error("--stream writes JSON lines, anew each time: leave out --format and --again")
    if options.aggregate is not None and not options.stream:
        parser.error("--aggregate is how --stream makes one score of the windows': add --stream")
    # Only one of them: a stream is to take little memory, and most of what the other needs is libraries.
    module = "experiments.score_stream" if options.stream else "experiments.score_batch"
    score: Callable[[argparse.Namespace], int] = importlib.import_module(module).score
    return score(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spooflab score", description="Score audio; the same command goes on.")
    parser.add_argument(
        "audio",
        nargs="*",
        type=Path,
        metavar="AUDIO",
        help="files and folders, a table with a column `path`, or - for a pipe",
    )
    parser.add_argument("--config", type=Path, help="score a partition of its corpus instead")
    parser.add_argument("--partition", choices=PARTITIONS, default="eval", help="of --config's corpus")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--out", type=Path, help="write a line for each; what is there already is not scored again")
    parser.add_argument("--format", choices=FORMATS, help="of --out: `UTTERANCE ATTACK|- KEY|- SCORE`, or JSON lines")
    parser.add_argument("--again", action="store_true", help="begin --out anew")
    parser.add_argument("--bad", type=Path, help="write what could not be judged, and why")
    parser.add_argument("--jobs", type=_jobs, help="processes; when not given one, and all cores' if it takes long")
    parser.add_argument("--window-s", type=_seconds, help="length of a window; the training crop when not given")
    parser.add_argument("--hop-s", type=_seconds, help="from window to window; half a window when not given")
    parser.add_argument("--json", action="store_true", help="print one JSON object a file, with its windows")
    parser.add_argument(
        "--stream", action="store_true", help="of any length, in little memory: a JSON line a window, as it is done"
    )
    parser.add_argument(
        "--aggregate",
        choices=AGGREGATIONS,
        help="of the windows of --stream: " + "; ".join(f"{kind}: {told}" for kind, told in MEANING.items()),
    )
    return parser


def _jobs(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {word}, expected 1 or more; leave it out for all cores")
    return number


def _seconds(word: str) -> float:
    number = float(word)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"found {word}, expected a number of seconds above 0")
    return number
