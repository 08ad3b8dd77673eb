"""A space and a total in, a finished sweep out; launched again, it goes on where it stopped."""

from pathlib import Path

import optuna

from datamodules.manifest import Manifest
from experiments import tracking
from experiments.threads import share
from experiments.training_config import parse
from sweeps.answer import publish
from sweeps.ray_engine import Plan, run_on_ray
from sweeps.reconcile import reconcile
from sweeps.space import Space, read_space
from sweeps.study import DEFAULT_STORAGE, open_study, queue, settled
from sweeps.worker import Job, run_workers


def launch(
    path: Path,
    name: str,
    total: int,
    storage: str = DEFAULT_STORAGE,
    workers: int = 1,
    cluster: Plan | None = None,
) -> optuna.Study:
    """Bring a sweep to a total of trials, and publish what it found on its MLflow run.

    Args:
        path: YAML of the search space.
        name: of the study and of the MLflow run.
        total: trials in all, those of earlier launches included.
        storage: URL of Optuna's database.
        workers: processes of this machine that share the trials.
        cluster: of Ray, that runs the trials in their stead.

    Raises:
        ValueError: the space cannot be searched, or is not the one that the name stands for.
    """
    space = read_space(path)
    corpus = check(space)
    study = open_study(name, storage, space)
    earlier = tracking.find({tracking.SWEEP_TAG: name})
    resume = earlier[0].info.run_id if earlier else None
    with tracking.run(
        name, resume=resume, tags={tracking.SWEEP_TAG: name, "sweep.fingerprint": space.fingerprint}
    ) as parent:
        again = reconcile(study)
        if again:
            print(f"queued again: trial {', '.join(map(str, again))} (its worker was stopped)")
        tracking.log_dataset(parent, corpus, "train and dev")
        missing = queue(study, total)
        engine = f"{workers} worker(s)" if cluster is None else "on Ray"
        print(f"sweep {name!r}: {len(settled(study))} of {total} trials done, {missing} to go, {engine}")
        if missing and len(settled(study)) < total:
            job = Job(name, storage, path, parent, total, share(workers), progress=cluster is None and workers == 1)
            if cluster is None:
                run_workers(job, workers)
            else:
                run_on_ray(job, cluster)
        publish(study, parent, path)
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
