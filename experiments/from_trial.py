"""A trial of a sweep in, the words of a training that reproduces it alone out: ``spooflab train --from-trial S:N``."""

from collections.abc import Sequence
from typing import NamedTuple

from experiments import sweep_runs, tracking

OPTION = "--from-trial"
NUMBER_TAG = "optuna.trial"


class Reproduction(NamedTuple):
    """How a trial is trained once more.

    Attributes:
        arguments: of the training: the trial's whole config, its origin as the name, then what was given beside it.
        threads: that torch had in the trial, where its run tells; another number changes the last digits.
        tags: tell the new run's origin.
    """

    arguments: list[str]
    threads: int | None
    tags: dict[str, str]


def reproduce(arguments: Sequence[str]) -> Reproduction:
    """Put a trial's config in the place of ``--from-trial``; without that option, return the words as they are.

    Raises:
        ValueError: what stands for the trial is not SWEEP:NUMBER.
        LookupError: no such sweep, or no such trial of it.
    """
    words = list(arguments)
    place = next((place for place, word in enumerate(words) if word.partition("=")[0] == OPTION), None)
    if place is None:
        return Reproduction(words, None, {})
    _, equals, asked = words[place].partition("=")
    if not equals:
        asked = words[place + 1] if place + 1 < len(words) else ""
    sweep, _, number = asked.rpartition(":")
    if not sweep or not number.isdecimal():
        raise ValueError(f"{OPTION}: found {asked!r}, expected SWEEP:NUMBER, such as demo:12")
    run_id = _run_of(sweep, int(number))
    config = tracking.fetch(run_id, tracking.CONFIG_ARTIFACT)
    origin = f"{sweep}:{number}"
    threads = tracking.get(run_id).data.tags.get(tracking.THREADS_TAG)
    after = words[place + 1 + (not equals) :]
    return Reproduction(
        [*words[:place], "--config", str(config), f"--name={origin}", *after],
        int(threads) if threads else None,
        {"reproduces": origin, "reproduces.run": run_id},
    )


def _run_of(sweep: str, number: int) -> str:
    trials = {
        int(run.data.tags[NUMBER_TAG]): str(run.info.run_id)
        for run in tracking.children(sweep_runs.sweep(sweep).info.run_id)
        if NUMBER_TAG in run.data.tags
    }
    if number not in trials:
        there = ", ".join(map(str, sorted(trials))) or "none yet"
        raise LookupError(f"sweep {sweep!r} has no trial {number} with a run; it has {there}")
    return trials[number]
