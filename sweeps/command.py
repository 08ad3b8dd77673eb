"""Words on the command line in, a sweep launched, joined or put right out: ``spooflab sweep``."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import optuna

from experiments import sweep_runs
from experiments.train import quieten
from sweeps import clean, join
from sweeps.dry_run import dry_run
from sweeps.engine_arguments import add_engine_arguments, engine_of
from sweeps.findings import first_within_limits
from sweeps.launch import launch
from sweeps.reconcile import reconcile
from sweeps.reseed import Wish
from sweeps.retention import KEPT
from sweeps.space_file import read_space
from sweeps.study import DEFAULT_STORAGE, PARENT, load_study, settled

_SUBCOMMANDS = {"worker": join.main, "clean": clean.main}
_LEAST = {"trials": 1, "workers": 1, "gpus_per_worker": 1, "keep_checkpoints": 1, "seeds": 1, "reseed_top": 0}


def main(arguments: list[str]) -> int:
    """Launch a sweep from the command line, or do what a word before the options says."""
    if arguments and arguments[0] in _SUBCOMMANDS:
        return _SUBCOMMANDS[arguments[0]](arguments[1:])
    parser = argparse.ArgumentParser(
        prog="spooflab sweep",
        description="Search hyperparameters; the same command resumes.",
        epilog="`spooflab sweep worker` joins a sweep from another machine; `spooflab sweep clean` frees disk.",
    )
    parser.add_argument("--space", type=Path, help="YAML of the search space")
    parser.add_argument(
        "--trials", type=int, help="total number of trials, earlier ones included; default 20, or the whole of a grid"
    )
    parser.add_argument("--name", help="of the sweep; the name of the space's file when not given")
    add_engine_arguments(parser)
    parser.add_argument("--storage", default=DEFAULT_STORAGE, help="URL of Optuna's database")
    parser.add_argument(
        "--keep-checkpoints", type=int, default=KEPT, metavar="K", help="of the best trials; the others' are deleted"
    )
    parser.add_argument("--reseed-top", type=int, default=0, metavar="K", help="train the best K anew, over --seeds")
    parser.add_argument("--seeds", type=int, default=5, metavar="S", help="that each of them is trained with")
    parser.add_argument("--new", action="store_true", help="number the name where it stands for another space")
    parser.add_argument("--dry-run", action="store_true", help="print sampled configs and the estimated cost, and stop")
    parser.add_argument("--reconcile", action="store_true", help="repair what a crash left, and stop")
    parser.add_argument(
        "--json", action="store_true", help="an object for each trial, and for the answer; one for a dry run"
    )
    options = parser.parse_args(arguments)
    quieten()
    if options.reconcile:
        name = options.name or (options.space.stem if options.space else None)
        return _reconcile(name, options.storage, options.json) if name else parser.error("--reconcile needs --name")
    if options.space is None:
        parser.error("--space is missing: the YAML of the search space")
    for option, least in _LEAST.items():
        value = getattr(options, option)
        if value is not None and value < least:
            parser.error(f"--{option.replace('_', '-')}: found {value}, expected {least} or more")
    if options.dry_run:
        dry_run(read_space(options.space), options.trials, options.workers or 1, options.json)
        return 0
    return _launch(options)


def _launch(options: argparse.Namespace) -> int:
    name = options.name or options.space.stem
    study = launch(
        options.space,
        name,
        options.trials,
        options.storage,
        engine_of(options),
        form="json" if options.json else "auto",
        keep=options.keep_checkpoints,
        wish=Wish(options.reseed_top, options.seeds) if options.reseed_top else None,
        new=options.new,
    )
    ended = settled(study)
    failed = [trial for trial in ended if trial.state is optuna.trial.TrialState.FAIL]
    if failed:
        print(f"{len(failed)} trial(s) failed; the tag 'failure' of their runs says why", file=sys.stderr)
    if first_within_limits(ended) is None:
        print("no trial is complete and within the limits: the sweep's page in MLflow says why", file=sys.stderr)
        return 1
    if not options.json:
        print(f"next: spooflab evaluate --sweep {study.study_name}")
    return 0


def _reconcile(name: str, storage: str, as_json: bool) -> int:
    study = load_study(name, storage)
    repairs = reconcile(study, study.user_attrs.get(PARENT) or sweep_runs.sweep(name).info.run_id)
    if as_json:
        print(json.dumps({"sweep": name, "repaired": [asdict(repair) for repair in repairs]}))
        return 0
    for repair in repairs:
        print(repair)
    print(f"{len(repairs)} repaired" if repairs else "nothing to repair")
    return 0
