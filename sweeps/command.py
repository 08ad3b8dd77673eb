"""Words on the command line in, a sweep launched: ``spooflab sweep``."""

import argparse
import sys
from pathlib import Path

import optuna

from experiments.train import quieten
from sweeps import clean
from sweeps.launch import Manner, check, launch, sample
from sweeps.reseed import Wish
from sweeps.retention import KEPT
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
    parser.add_argument("--workers", type=int, default=1, help="processes that share the trials")
    parser.add_argument("--storage", default=DEFAULT_STORAGE, help="URL of Optuna's database")
    parser.add_argument(
        "--keep-checkpoints", type=int, default=KEPT, metavar="K", help="of the best trials, the others' are deleted"
    )
    parser.add_argument("--reseed-top", type=int, default=0, metavar="K", help="train the best K anew, over --seeds")
    parser.add_argument("--seeds", type=int, default=5, metavar="S", help="that each of them is trained with")
    parser.add_argument("--json", action="store_true", help="print an object for each trial, and one in the end")
    parser.add_argument("--dry-run", action="store_true", help="print sampled configs and stop")
    if arguments[:1] == ["clean"]:
        return clean.main(arguments[1:])
    options = parser.parse_args(arguments)
    if min(options.trials, options.workers, options.seeds, options.keep_checkpoints) < 1 or options.reseed_top < 0:
        parser.error("--trials, --workers, --seeds and --keep-checkpoints must be at least 1, --reseed-top 0")
    quieten()
    if options.dry_run:
        space = read_space(options.space)
        check(space)
        for words in sample(space, options.trials):
            print("spooflab train", *words)
        return 0
    name = options.name or options.space.stem
    manner = Manner(
        storage=options.storage,
        workers=options.workers,
        form="json" if options.json else "auto",
        keep=options.keep_checkpoints,
        wish=Wish(options.reseed_top, options.seeds) if options.reseed_top else None,
    )
    study = launch(options.space, name, options.trials, manner)
    failed = [trial for trial in settled(study) if trial.state is optuna.trial.TrialState.FAIL]
    if failed:
        print(f"{len(failed)} trial(s) failed; the tag 'failure' of their runs says why", file=sys.stderr)
    if len(settled(study)) < options.trials:
        ended = f"{len(settled(study))} of {options.trials} trials ended"
        print(f"{ended}, others still run elsewhere: type this again later", file=sys.stderr)
        return 1
    if not options.json:
        print(f"next: spooflab evaluate --sweep {name}")
    return 1 if len(failed) == len(settled(study)) else 0
