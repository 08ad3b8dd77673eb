"""Audio files, folders, a table or a partition in, a score and a decision for each out: ``spooflab score``."""

import argparse
import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from datamodules.audio import AudioError
from datamodules.audio_stream import STANDARD_INPUT
from datamodules.manifest import PARTITIONS
from experiments import registry, score_journal
from experiments.inference import NOT_CALIBRATED, Countermeasure
from experiments.score_bad import noting
from experiments.score_inputs import inputs_of
from experiments.score_item import Item
from experiments.score_journal import Journal
from experiments.score_judge import CountermeasureOpener
from experiments.score_ledger import Ledger
from experiments.score_lines import FORMATS, Format, format_of, line_of, object_of, utterance_of
from experiments.score_recipe import folder_of, recipe
from experiments.score_show import Progress, Tables
from experiments.score_stream import StreamOptions, score_streams
from experiments.score_workers import judge_all, judge_many
from experiments.threads import share
from lightning_modules.aggregation import AGGREGATIONS, MEANING, Aggregation


def load(model: str) -> Countermeasure:
    """Load the countermeasure of a registered version (``models:/NAME@ALIAS``), an evaluated run, or a folder.

    Raises:
        LookupError: there is no such version or run.
        FileNotFoundError: the run was not evaluated.
    """
    return Countermeasure.load(folder_of(model))


def main(arguments: list[str]) -> int:
    """Score from the command line: exit code 1 when a file could not be judged, after the others were."""
    parser = _parser()
    options = parser.parse_args(arguments)
    streams = options.stream or STANDARD_INPUT in options.audio
    if streams and (options.format == "scores" or options.again):
        parser.error("--stream writes JSON lines, anew each time: leave out --format and --again")
    if options.aggregate is not None and not streams:
        parser.error("--aggregate is how --stream makes one score of the windows': add --stream")
    inputs = inputs_of(options.audio, options.config, options.partition)
    due = Ledger(inputs)
    folder = folder_of(options.model)
    if Countermeasure.load(folder).operating_point.source == NOT_CALIBRATED:
        print(f"{options.model} is {NOT_CALIBRATED}", file=sys.stderr)
    if streams:
        aggregation: Aggregation = options.aggregate or "mean"
        how = StreamOptions(options.window_s, options.hop_s, aggregation, options.out, options.bad)
        return score_streams(folder, (item for item in inputs if due.settle(item.utterance)), how)
    if options.out is None:
        return _score(options, folder, inputs, due, None, None)
    form = format_of(options.out, options.format)
    made_by = recipe(folder, form, options.window_s, options.hop_s)
    with score_journal.opened(options.out, made_by, again=options.again) as journal:
        known = score_journal.settle_known(journal, partial(utterance_of, form), due.settle)
        if known:
            print(f"{options.out}: {known:,} are there, {len(due):,} are due", file=sys.stderr)
        return _score(options, folder, inputs, due, journal, form)


def _score(
    options: argparse.Namespace,
    folder: Path,
    inputs: Iterable[Item],
    due: Ledger,
    journal: Journal | None,
    form: Format | None,
) -> int:
    total = len(due)
    opener = CountermeasureOpener(folder, options.window_s, options.hop_s, facts=options.json or form == "jsonl")
    with ExitStack() as stack:
        bad = stack.enter_context(noting(options.bad))
        progress = stack.enter_context(Progress(total))
        tables = stack.enter_context(Tables(shown=journal is None and not options.json))
        items = (item for item in inputs if due.settle(item.utterance))
        jobs = options.jobs
        answers = judge_all(opener, items, jobs) if jobs else judge_many(opener, items, total, share())
        for item, answer in answers:
            if isinstance(answer, AudioError):
                bad.add(item.path, str(answer))
                progress.advance(0.0)
                continue
            if journal is not None and form is not None:
                journal.add(line_of(form, item, answer))
            if options.json:
                print(json.dumps(object_of(item, answer)))
            tables.add(item, answer.verdict)
            progress.advance(answer.verdict.duration_s)
    if journal is not None:
        journal.finish({"bad": len(bad)})
        if not options.json:
            print(f"{journal.path}: {total - len(bad):,} scored, {len(bad):,} bad; {progress.speed()}")
    for line in bad.report():
        print(line, file=sys.stderr)
    return 1 if len(bad) else 0


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
    parser.add_argument("--model", default=f"models:/{registry.MODEL_NAME}@{registry.CHAMPION}")
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
