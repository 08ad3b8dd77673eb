"""A space and a total in, a finished sweep out; launched again, it goes on where it stopped."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import optuna

from datamodules.manifest import Manifest
from experiments import tracking
from experiments.threads import share
from experiments.training_config import parse
from sweeps.answer import as_json
from sweeps.monitor import Form, Monitor
from sweeps.reconcile import reconcile
from sweeps.reseed import Wish, reseed, verdict
from sweeps.retention import KEPT
from sweeps.seed_queue import study_over_seeds
from sweeps.space import Space, read_space
from sweeps.storage import open_storage
from sweeps.study import DEFAULT_STORAGE, open_study, queue, settled, waiting
from sweeps.upkeep import Upkeep
from sweeps.worker import Job, run_workers

_MEASURES = ("dev/eer",)


@dataclass(frozen=True)
class Manner:
    """How a sweep is run; none of it changes what it searches.

    Attributes:
        storage: URL of Optuna's database.
        workers: processes that share the trials.
        form: of what is told while it runs.
        keep: checkpoints of how many trials.
        wish: train the best anew over several seeds; none for not.
    """

    storage: str = DEFAULT_STORAGE
    workers: int = 1
    form: Form = "auto"
    keep: int = KEPT
    wish: Wish | None = None


def launch(path: Path, name: str, total: int, manner: Manner = Manner()) -> optuna.Study:
    """Bring a sweep to a total of trials, and publish what it found on its MLflow run.

    Args:
        path: YAML of the search space.
        name: of the study and of the MLflow run.
        total: trials in all, those of earlier launches included.
        manner: how.

    Raises:
        ValueError: the space cannot be searched, or is not the one that the name stands for.
    """
    space = read_space(path)
    corpus = check(space)
    study = open_study(name, manner.storage, space)
    earlier = tracking.find({tracking.SWEEP_TAG: name})
    resume = earlier[0].info.run_id if earlier else None
    with tracking.run(
        name, resume=resume, tags={tracking.SWEEP_TAG: name, "sweep.fingerprint": space.fingerprint}
    ) as parent:
        tracking.log_dataset(parent, corpus, "train and dev")
        upkeep = Upkeep(study, parent, path.read_text(), _MEASURES, list(space.root.branches), manner.keep)
        beside = study_over_seeds(name)
        if beside in optuna.get_all_study_names(open_storage(manner.storage)):
            upkeep.judged = verdict(open_study(beside, manner.storage, space), upkeep.found)
        queue(study, total)
        _work(study, path, parent, total, manner, upkeep.after_trials)
        if manner.wish is not None and upkeep.found.ranking:
            upkeep.publish()

            def run(again: optuna.Study, nest: str, trainings: int) -> None:
                _work(again, path, nest, trainings, manner)

            seeds = open_study(beside, manner.storage, space)
            upkeep.judged = reseed(seeds, upkeep.found, manner.wish, parent, run)
        upkeep.publish()
        if manner.form == "json":
            print(json.dumps(as_json(upkeep.found, upkeep.judged)), flush=True)
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


def _work(
    study: optuna.Study,
    path: Path,
    parent: str,
    total: int,
    manner: Manner,
    after_trials: Callable[[], None] = lambda: None,
) -> None:
    """Have workers bring a study to its total, and tell how far it is."""
    said = sys.stderr if manner.form == "json" else sys.stdout
    again = reconcile(study)
    if again:
        print(f"queued again: trial {', '.join(map(str, again))} (its worker was stopped)", file=said)
    missing, done = len(waiting(study)), len(settled(study))
    print(
        f"sweep {study.study_name!r}: {done} of {total} trials done, {missing} to go, {manner.workers} worker(s)",
        file=said,
        flush=True,
    )
    if missing and done < total:
        job = Job(study.study_name, manner.storage, path, parent, total, share(manner.workers))
        with Monitor(study, _MEASURES, total, manner.form, after_trials) as monitor:
            run_workers(job, manner.workers, monitor.update)
