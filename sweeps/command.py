"""Words on the command line in, a sweep launched: ``spooflab sweep``."""

import argparse
import sys
from pathlib import Path

import optuna

from experiments.ray_cluster import Needs
from experiments.train import quieten
from sweeps.launch import check, launch, sample
from sweeps.ray_engine import Plan
from sweeps.space import read_space
from sweeps.study import DEFAULT_STORAGE, settled


def main(arguments: list[str]) -> int:
    """Launch a sweep from the command line."""
    parser = argparse.ArgumentParser(
        prog="spooflab sweep", description="Search hyperparameters; the same command resumes."
    )
    parser.add_argument("--space", type=Path, required=True, help="YAML of the search space")
    parser.add_argument("--trials", type=int, default=20, help="total number of trials, earlier ones included")
    parser.add_argument("--name", help="of the sweep; the name of the space's file when not given")
    parser.add_argument(
        "--workers", type=int, help="trials at a time; default 1, with --engine ray as many as there is room for"
    )
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="where trials run")
    parser.add_argument("--address", help="of the Ray cluster (auto: of this machine); without it one is started")
    parser.add_argument("--cpus-per-trial", type=float, default=1, help="on Ray")
    parser.add_argument("--gpus-per-trial", type=float, default=0, help="on Ray; 0.25 lets four trials share a GPU")
    parser.add_argument("--storage", default=DEFAULT_STORAGE, help="URL of Optuna's database")
    parser.add_argument("--dry-run", action="store_true", help="print sampled configs and stop")
    options = parser.parse_args(arguments)
    if options.trials < 1 or (options.workers is not None and options.workers < 1):
        parser.error("--trials and --workers must be at least 1")
    if options.cpus_per_trial < 0 or options.gpus_per_trial < 0:
        parser.error("--cpus-per-trial and --gpus-per-trial must not be negative")
    if options.engine != "ray" and (options.address or options.cpus_per_trial != 1 or options.gpus_per_trial):
        parser.error("--address, --cpus-per-trial and --gpus-per-trial are of a Ray cluster: add --engine ray")
    quieten()
    if options.dry_run:
        space = read_space(options.space)
        check(space)
        for words in sample(space, options.trials):
            print("spooflab train", *words)
        return 0
    name = options.name or options.space.stem
    cluster = None
    if options.engine == "ray":
        cluster = Plan(options.address, Needs(options.cpus_per_trial, options.gpus_per_trial), options.workers)
    study = launch(options.space, name, options.trials, options.storage, options.workers or 1, cluster)
    failed = [trial for trial in settled(study) if trial.state is optuna.trial.TrialState.FAIL]
    if failed:
        print(f"{len(failed)} trial(s) failed; the tag 'failure' of their runs says why", file=sys.stderr)
    if len(settled(study)) < options.trials:
        ended = f"{len(settled(study))} of {options.trials} trials ended"
        print(f"{ended}, others still run elsewhere: type this again later")
        return 1
    print(f"next: spooflab evaluate --sweep {name}")
    return 1 if len(failed) == len(settled(study)) else 0
