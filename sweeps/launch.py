"""A space and a total in, a finished sweep out; launched again, it goes on where it stopped."""

from collections.abc import Sequence
from pathlib import Path

import optuna

from experiments import tracking
from experiments.threads import share
from sweeps.answer import publish
from sweeps.check import check
from sweeps.constraints import BaseConfigs
from sweeps.grid import points
from sweeps.identity import claim, identify, numbered_name
from sweeps.reconcile import reconcile
from sweeps.samplers import Grid
from sweeps.space import Params, Space
from sweeps.space_file import read_space
from sweeps.study import DEFAULT_STORAGE, TOTAL, open_study, queue, settled
from sweeps.worker import Job, run_workers

USUAL_TRIALS = 20


def launch(
    path: Path, name: str, asked: int | None = None, storage: str = DEFAULT_STORAGE, workers: int = 1, new: bool = False
) -> optuna.Study:
    """Bring a sweep to a total of trials, and publish what it found on its MLflow run.

    Args:
        path: YAML of the search space.
        name: of the study and of the MLflow run.
        asked: trials in all, those of earlier launches included; the whole of a grid, else 20, when not given.
        storage: URL of Optuna's database.
        workers: processes that share the trials.
        new: number the name where it stands for another space.

    Raises:
        ValueError: the space cannot be searched, or is not the one that the name stands for.
    """
    space, bases = read_space(path), BaseConfigs()
    checked = check(space, bases)
    first = first_trials(space, bases)
    total = total_of(space, first, asked)
    identity = identify(space, checked)
    if new and (numbered := numbered_name(name, storage, identity)) != name:
        print(f"{name!r} is another sweep's name: this one is {numbered!r}")
        name = numbered
    study = open_study(name, storage, space)
    claim(study, space, identity)
    study.set_user_attr(TOTAL, total)
    earlier = tracking.find({tracking.SWEEP_TAG: name})
    resume = earlier[0].info.run_id if earlier else None
    with tracking.run(
        name, resume=resume, tags={tracking.SWEEP_TAG: name, "sweep.fingerprint": identity.fingerprint}
    ) as parent:
        again = reconcile(study)
        if again:
            print(f"queued again: trial {', '.join(map(str, again))} (its worker was stopped)")
        corpora = [part.training.datamodule.corpus for part in checked]
        for corpus in {corpus.digest: corpus for corpus in corpora}.values():
            tracking.log_dataset(parent, corpus, "train and dev")
        missing = queue(study, total, first)
        print(f"sweep {name!r}: {len(settled(study))} of {total} trials done, {missing} to go, {workers} worker(s)")
        if missing and len(settled(study)) < total:
            threads = share(workers)
            run_workers(Job(name, storage, path, parent, total, threads, progress=workers == 1), workers)
        publish(study, parent, path)
    return study


def first_trials(space: Space, bases: BaseConfigs) -> list[Params]:
    """Return the values of the trials that are run first: all points of a grid, else what the space enqueues."""
    return points(space, bases) if isinstance(space.sampler, Grid) else list(space.enqueued)


def total_of(space: Space, first: Sequence[Params], asked: int | None) -> int:
    """Return how many trials a sweep has: a grid never more than its points."""
    if isinstance(space.sampler, Grid):
        return min(len(first), asked or len(first))
    return asked or USUAL_TRIALS
