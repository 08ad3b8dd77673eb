"""Words on the command line in, a sweep launched: ``spooflab sweep``."""

import argparse
import sys
from pathlib import Path

import optuna

from experiments.train import quieten
from sweeps.dry_run import dry_run
from sweeps.launch import launch
from sweeps.space_file import read_space
from sweeps.study import DEFAULT_STORAGE, TOTAL, settled


def main(arguments: list[str]) -> int:
    """Launch a sweep from the command line."""
    parser = argparse.ArgumentParser(
        prog="spooflab sweep", description="Search hyperparameters; the same command resumes."
    )
    parser.add_argument("--space", type=Path, required=True, help="YAML of the search space")
    parser.add_argument(
        "--trials", type=int, help="total number of trials, earlier ones included (20, or the whole of a grid)"
    )
    parser.add_argument("--name", help="of the sweep; the name of the space's file when not given")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the trials")
    parser.add_argument("--storage", default=DEFAULT_STORAGE, help="URL of Optuna's database")
    parser.add_argument("--new", action="store_true", help="number the name where it stands for another space")
    parser.add_argument("--dry-run", action="store_true", help="print sampled configs and the estimated cost, and stop")
    parser.add_argument("--json", action="store_true", help="print the dry run as one JSON object")
    options = parser.parse_args(arguments)
    if options.workers < 1 or (options.trials is not None and options.trials < 1):
        parser.error("--trials and --workers must be at least 1")
    quieten()
    if options.dry_run:
        dry_run(read_space(options.space), options.trials, options.workers, options.json)
        return 0
    name = options.name or options.space.stem
    study = launch(options.space, name, options.trials, options.storage, options.workers, options.new)
    failed = [trial for trial in settled(study) if trial.state is optuna.trial.TrialState.FAIL]
    if failed:
        print(f"{len(failed)} trial(s) failed; the tag 'failure' of their runs says why", file=sys.stderr)
    total = study.user_attrs[TOTAL]
    if len(settled(study)) < total:
        ended = f"{len(settled(study))} of {total} trials ended"
        print(f"{ended}, others still run elsewhere: type this again later")
        return 1
    print(f"next: spooflab evaluate --sweep {study.study_name}")
    return 1 if len(failed) == len(settled(study)) else 0
