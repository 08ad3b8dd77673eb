"""A sweep's name and storage in, its trials run on this machine too out: ``spooflab sweep worker``."""

import argparse

import optuna

from datamodules.manifest import Manifest
from experiments import tracking
from experiments.threads import share
from experiments.train import quieten
from sweeps.check import check
from sweeps.constraints import BaseConfigs
from sweeps.crew import run_crew
from sweeps.identity import identify, refuse_other
from sweeps.members import Members
from sweeps.monitor import Monitor
from sweeps.prepare import fill_caches
from sweeps.signature import this_worker
from sweeps.streak import SweepStoppedError, stopped
from sweeps.study import DATA, PARENT, SPACE, TOTAL, load_study, settled, stable_hash, stored_space
from sweeps.worker import Job


def join(name: str, storage: str, workers: int = 1, gpus_each: int = 1) -> optuna.Study:
    """Work at a sweep that was launched elsewhere until none of its trials waits.

    Args:
        name: of the sweep.
        storage: URL of the database that it was launched with.
        workers: processes here.
        gpus_each: GPUs that each sees, where there are any.

    Raises:
        LookupError: there is no such sweep in the storage, or its run is not in the MLflow store in use.
        ValueError: what this machine has is not what the sweep was launched with.
        SweepStoppedError: trial after trial failed of the same cause.
    """
    study = load_study(name, storage)
    _refuse_unlaunched(study)
    space = stored_space(study)
    checked = check(space, BaseConfigs())
    refuse_other_data(name, checked[0].training.datamodule.corpus, study.user_attrs[DATA])
    refuse_other(study, identify(space, checked), "check the commit out here that the launcher has")
    _refuse_other_store(name, study.user_attrs[PARENT])
    fill_caches(space, [part.draw.words for part in checked])
    # Its own draws: workers of two machines that drew alike would try the same values twice.
    job = Job(name, storage, share(workers), index=stable_hash(this_worker()))
    with Monitor(study, space.objective.measures, study.user_attrs[TOTAL]) as monitor:
        run_crew(Members(job, workers, gpus_each), study, launching=False, update=monitor.update)
    why = stopped(study)
    if why is not None:
        raise SweepStoppedError(why)
    return study


def refuse_other_data(name: str, corpus: Manifest, expected: str) -> None:
    """Refuse a corpus that is not the sweep's to the byte: its trials could not be compared.

    Raises:
        ValueError: naming both digests.
    """
    if corpus.digest != expected:
        raise ValueError(
            f"sweep {name!r}: the corpus {corpus.name!r} of this machine is another: found digest "
            f"{corpus.digest[:12]} of {len(corpus)} trials, expected {expected[:12]}; copy the launcher's, or build it "
            "with the same command"
        )


def _refuse_unlaunched(study: optuna.Study) -> None:
    missing = [name for name in (SPACE, DATA, PARENT, TOTAL) if name not in study.user_attrs]
    if missing:
        raise LookupError(
            f"sweep {study.study_name!r} was never launched with this version (its study does not tell its "
            f"{', '.join(missing)}): launch it with `spooflab sweep --space … --name {study.study_name}` once"
        )


def _refuse_other_store(name: str, parent: str) -> None:
    try:
        tracking.get(parent)
    except LookupError as error:
        raise LookupError(
            f"sweep {name!r}: found no run {parent} in {tracking.store()}; set MLFLOW_TRACKING_URI to the server that "
            "the launcher uses"
        ) from error


def main(arguments: list[str]) -> int:
    """Join a sweep from the command line."""
    parser = argparse.ArgumentParser(prog="spooflab sweep worker", description="Run trials of a sweep on this machine.")
    parser.add_argument("--name", required=True, help="of the sweep")
    parser.add_argument("--storage", required=True, help="URL of the database that it was launched with")
    parser.add_argument("--workers", type=int, default=1, help="processes here")
    parser.add_argument("--gpus-per-worker", type=int, default=1, help="GPUs that each worker sees, if there are any")
    options = parser.parse_args(arguments)
    if options.workers < 1 or options.gpus_per_worker < 1:
        parser.error("--workers and --gpus-per-worker must be at least 1")
    quieten()
    study = join(options.name, options.storage, options.workers, options.gpus_per_worker)
    print(f"nothing waits any more: {len(settled(study))} of {study.user_attrs[TOTAL]} trials ended")
    return 0
