"""Runs, versions or a sweep's best trials in, all of them side by side on the same trials out: ``spooflab compare``."""

import argparse
import json
from pathlib import Path

from datamodules.safe_files import write_whole
from experiments import compare_page, compare_table
from experiments.compared import System, corpus_behind, read_systems, run_ids, with_speakers
from experiments.comparison import as_json, compare, same_trials
from experiments.run_cost import costs
from experiments.scored_trials import ScoredTrials
from experiments.train import quieten
from lightning_modules.metrics.bootstrap import RESAMPLES

FEWEST_RESAMPLES = 100
_TOP, _FEWEST = 3, 2


def main(arguments: list[str]) -> int:
    """Compare from the command line."""
    options = _parser().parse_args(arguments)
    _refuse_contradictions(options)
    quieten()
    systems = read_systems(run_ids(options.runs, options.sweep, options.top), options.partition)
    if len(systems) < _FEWEST:
        raise ValueError("found one run, expected at least two to compare: name another, or a --sweep with more trials")
    scored = trials_of(systems, options.partition, options.config)
    found = compare(
        systems,
        scored,
        costs([system.countermeasure.detector for system in systems]),
        options.partition,
        options.bootstrap,
    )
    if options.html:
        write_whole(options.html, compare_page.page(found, scored).encode())
    if options.json:
        print(json.dumps(as_json(found)))
    else:
        compare_table.show(found)
    return 0


def trials_of(systems: list[System], partition: str, config: Path | None) -> list[ScoredTrials]:
    """Return everyone's scores of the same trials in the same order, with speakers where the corpus is here.

    Raises:
        ValueError: they are not of the same trials.
    """
    ordered = same_trials(systems, partition)
    corpus = corpus_behind(systems[0], config)
    return [with_speakers(scored, corpus) for scored in ordered]


def _refuse_contradictions(options: argparse.Namespace) -> None:
    if bool(options.runs) == bool(options.sweep):
        raise ValueError("expected either runs, or --sweep and its name")
    if options.bootstrap < FEWEST_RESAMPLES:
        raise ValueError(f"--bootstrap: found {options.bootstrap}, expected {FEWEST_RESAMPLES} or more")
    if options.top < _FEWEST:
        raise ValueError(f"--top: found {options.top}, expected {_FEWEST} or more")
    if options.html:
        require_place(options.html, "--html")


def require_place(file: Path, option: str) -> None:
    """Refuse to begin what could not be written in the end.

    Raises:
        ValueError: the file is a folder, or lies in one that is not there.
    """
    if file.is_dir() or not file.resolve().parent.is_dir():
        raise ValueError(
            f"{option} {file}: found no place for the page, expected a file in a folder that is there; make "
            f"{file.parent}, or name another file"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spooflab compare",
        description="Evaluated runs side by side on the same trials: errors, attacks, costs, and what differs in them.",
    )
    parser.add_argument("runs", nargs="*", metavar="RUN", help="id of a run, or models:/NAME/VERSION; A is the first")
    parser.add_argument("--sweep", metavar="S", help="instead: the best trials of a sweep, its winner first")
    parser.add_argument("--top", type=int, default=_TOP, metavar="K", help=f"of its trials; default {_TOP}")
    parser.add_argument("--partition", choices=["dev", "eval"], default="eval", help="that all were evaluated on")
    parser.add_argument("--config", type=Path, help="whose corpus names the speakers; A's own when not given")
    parser.add_argument("--bootstrap", type=int, default=RESAMPLES, metavar="N", help="resamples, at least")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one page that needs no other file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
