"""Words on the command line in, what runs a sweep's trials out."""

import argparse

from experiments.ray_cluster import Needs
from sweeps.engine import Engine, Local
from sweeps.ray_engine import OnRay


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the engine of a sweep, and how much of it there is to be."""
    parser.add_argument(
        "--workers", type=int, help="trials at a time; default 1, with --engine ray as many as there is room for"
    )
    parser.add_argument("--gpus-per-worker", type=int, default=1, help="GPUs that each worker sees, if there are any")
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="where trials run")
    parser.add_argument("--address", help="of the Ray cluster (auto: of this machine); without it one is started")
    parser.add_argument("--cpus-per-trial", type=float, help="on Ray; default 1")
    parser.add_argument("--gpus-per-trial", type=float, help="on Ray; 0.25 lets four trials share a GPU; default 0")


def engine_of(options: argparse.Namespace) -> Engine:
    """Return the engine that was asked for.

    Raises:
        ValueError: words of the other engine, or impossible amounts.
    """
    amounts = {"--cpus-per-trial": options.cpus_per_trial, "--gpus-per-trial": options.gpus_per_trial}
    told = [word for word, value in {**amounts, "--address": options.address}.items() if value is not None]
    if options.engine == "local":
        if told:
            raise ValueError(f"{', '.join(told)}: of a Ray cluster, and the engine is local: add --engine ray")
        return Local(options.workers or 1, options.gpus_per_worker)
    for word, value in amounts.items():
        if value is not None and (value < 0 or (value > 1 and not value.is_integer())):
            raise ValueError(f"{word}: found {value:g}, expected a whole number, or a part of one such as 0.25")
    needs = Needs(_or(options.cpus_per_trial, 1), _or(options.gpus_per_trial, 0))
    return OnRay(options.address, needs, options.workers)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
