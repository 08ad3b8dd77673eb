"""Options of ``spooflab score`` in, scores of whole files out: many at once, in a file that can be gone on with."""

import argparse
import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from datamodules.audio import AudioError
from experiments import score_journal
from experiments.inference import NOT_CALIBRATED, Countermeasure
from experiments.score_bad import noting
from experiments.score_inputs import inputs_of, what_is_not_due
from experiments.score_item import Format, Item
from experiments.score_journal import Journal
from experiments.score_judge import CountermeasureOpener
from experiments.score_ledger import Ledger
from experiments.score_lines import format_of, line_of, object_of, utterance_of
from experiments.score_recipe import folder_of, recipe
from experiments.score_show import Progress, Tables
from experiments.score_workers import judge_all, judge_many
from experiments.threads import share


def load(model: str) -> Countermeasure:
    """Load the countermeasure of a registered version (``models:/NAME@ALIAS``), an evaluated run, or a folder.

    Raises:
        LookupError: there is no such version or run.
        FileNotFoundError: the run was not evaluated.
    """
    return Countermeasure.load(folder_of(model))


def score(options: argparse.Namespace) -> int:
    """Score what the command line names and return its exit code: 1 when a file could not be judged."""
    inputs = inputs_of(options.audio, options.config, options.partition)
    due = Ledger(inputs)
    folder = folder_of(options.model)
    if Countermeasure.load(folder).operating_point.source == NOT_CALIBRATED:
        print(f"{options.model} is {NOT_CALIBRATED}", file=sys.stderr)
    if options.out is None:
        return _score(options, folder, inputs, due, None, None)
    form = format_of(options.out, options.format)
    made_by = recipe(folder, form, options.window_s, options.hop_s)
    with score_journal.opened(options.out, made_by, again=options.again) as journal:
        known = score_journal.settle_known(
            journal, partial(utterance_of, form), due.settle, partial(what_is_not_due, inputs)
        )
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
