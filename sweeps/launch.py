"""A space and a total in, a finished sweep out; launched again, it goes on where it stopped."""

from pathlib import Path

import optuna

from datamodules.manifest import Manifest
from experiments import tracking
from experiments.threads import share
from experiments.training_config import parse
from sweeps.answer import publish
from sweeps.crew import run_crew
from sweeps.members import Members
from sweeps.prepare import fill_caches
from sweeps.ray_engine import Plan, run_on_ray
from sweeps.reconcile import reconcile, sign
from sweeps.space import Space, read_space
from sweeps.streak import SweepStoppedError, stopped, try_again
from sweeps.study import DATA, DEFAULT_STORAGE, PARENT, SPACE, TOTAL, open_study, queue, settled
from sweeps.worker import Job


def launch(
    path: Path,
    name: str,
    total: int,
    storage: str = DEFAULT_STORAGE,
    workers: int = 1,
    gpus_each: int = 1,
    cluster: Plan | None = None,
) -> optuna.Study:
    """Bring a sweep to a total of trials, and publish what it found on its MLflow run.

    Args:
        path: YAML of the search space.
        name: of the study and of the MLflow run.
        total: trials in all, those of earlier launches included.
        storage: URL of Optuna's database.
        workers: processes that share the trials.
        gpus_each: GPUs that each worker sees, where there are any.
        cluster: of Ray, that runs the trials instead of processes here.

    Raises:
        ValueError: the space cannot be searched, or is not the one that the name stands for.
        SweepStoppedError: trial after trial failed of the same cause.
    """
    space = read_space(path)
    corpus = check(space)
    study = open_study(name, storage, space)
    earlier = tracking.find({tracking.SWEEP_TAG: name})
    resume = earlier[0].info.run_id if earlier else None
    with tracking.run(
        name, resume=resume, tags={tracking.SWEEP_TAG: name, "sweep.fingerprint": space.fingerprint}
    ) as parent:
        told = {SPACE: path.read_text(), DATA: corpus.digest, PARENT: parent, TOTAL: total}
        for attribute, value in told.items():
            study.set_user_attr(attribute, value)
        sign(study)
        for repair in reconcile(study, parent):
            print(repair)
        try_again(study)
        tracking.log_dataset(parent, corpus, "train and dev")
        missing = queue(study, total)
        where = f"{workers} worker(s)" if cluster is None else "on Ray"
        print(f"sweep {name!r}: {len(settled(study))} of {total} trials done, {missing} to go, {where}")
        if len(settled(study)) < total:
            fill_caches(space, sample(space, 1))
            if cluster is None:
                run_crew(Members(Job(name, storage, share(workers), progress=workers == 1), workers, gpus_each), study)
            else:
                run_on_ray(Job(name, storage, share()), cluster, study)
            reconcile(study, parent)
        publish(study, parent, path)
        why = stopped(study)
        if why is not None:
            raise SweepStoppedError(f"stopped at {len(settled(study))} of {total} trials: {why}")
    return study


def check(space: Space, samples: int = 3) -> Manifest:
    """Refuse a space whose keys the real config does not have, before the first trial; return the corpus.

    Raises:
        ValueError: a key is unknown, or a value impossible.
    """
    corpora = [parse(words).datamodule.corpus for words in sample(space, samples)]
    return corpora[0]


def sample(space: Space, count: int) -> list[list[str]]:
    """Draw the words of a few trials at random, every option of a top-level branch at least once."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for name, options in space.root.branches.items():
        for option in options:
            study.enqueue_trial({name: option})
    return [space.suggest(study.ask()) for _ in range(max(count, sum(map(len, space.root.branches.values()))))]
