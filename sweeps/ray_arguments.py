"""Words on the command line in, how trials are laid over a Ray cluster out."""

import argparse

from experiments.ray_cluster import Needs
from sweeps.ray_engine import Plan


def add_ray_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the engine of a sweep, and the words of the one that is Ray."""
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="where trials run")
    parser.add_argument("--address", help="of the Ray cluster (auto: of this machine); without it one is started")
    parser.add_argument("--cpus-per-trial", type=float, help="on Ray; default 1")
    parser.add_argument("--gpus-per-trial", type=float, help="on Ray; 0.25 lets four trials share a GPU; default 0")


def ray_plan(options: argparse.Namespace) -> Plan | None:
    """Return the plan that was asked for, or none for processes of this machine.

    Raises:
        ValueError: words of the other engine, or impossible amounts.
    """
    amounts = {"--cpus-per-trial": options.cpus_per_trial, "--gpus-per-trial": options.gpus_per_trial}
    told = [word for word, value in {**amounts, "--address": options.address}.items() if value is not None]
    if options.engine == "local":
        if told:
            raise ValueError(f"{', '.join(told)}: of a Ray cluster, and the engine is local: add --engine ray")
        return None
    for word, value in amounts.items():
        if value is not None and (value < 0 or (value > 1 and not value.is_integer())):
            raise ValueError(f"{word}: found {value:g}, expected a whole number, or a part of one such as 0.25")
    return Plan(options.address, Needs(_or(options.cpus_per_trial, 1), _or(options.gpus_per_trial, 0)), options.workers)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
