"""Sweeps in, the disk that they take out, and less of it where asked: ``spooflab sweep clean``."""

import argparse
import json
import shutil
import time
from dataclasses import asdict, dataclass

import optuna
from rich.table import Table

from experiments import mlflow_store, registry, sweep_runs, tracking, tracking_artifacts
from experiments.console import console
from experiments.selection import EER
from experiments.train import SCRATCH
from sweeps.findings import findings
from sweeps.note import in_words
from sweeps.reseed import SEEDS_TAG
from sweeps.retention import CHECKPOINT_FOLDER, KEPT, beyond, drop_checkpoints
from sweeps.storage import Storage, open_storage
from sweeps.study import DEFAULT_STORAGE, OBJECTIVE

_ENDED = ("FINISHED", "FAILED", "KILLED")
_MB = 1e6


@dataclass(frozen=True)
class Disk:
    """What a sweep takes, bytes all.

    Attributes:
        sweep: its name.
        status: of its run in MLflow.
        age_s: since it ended, or since it began where it has not.
        runs: its trials' and its own.
        artifacts: all that they logged, checkpoints included.
        checkpoints: that they logged.
        scratch: of their trainings, in ``checkpoints/`` here.
        free_checkpoints: of trials beyond the best.
        free_scratch: of trainings that have ended.
        surplus: runs that these checkpoints are of.
        leftover: runs that this scratch is of.
        remark: why nothing, or not all, can be freed.
    """

    sweep: str
    status: str
    age_s: float
    runs: int
    artifacts: int
    checkpoints: int
    scratch: int
    free_checkpoints: int
    free_scratch: int
    surplus: tuple[str, ...]
    leftover: tuple[str, ...]
    remark: str


def disks(storage: str, keep: int, name: str | None = None) -> list[Disk]:
    """Look at every sweep, or at one, the newest first.

    Args:
        storage: URL of the database that says which trials are the best.
        keep: how many are.
        name: of the sweep.

    Raises:
        LookupError: no sweep has that name.
        FileNotFoundError: the storage is a file that is not there.
    """
    parents = tracking.find_tagged(sweep_runs.SWEEP_TAG) if name is None else [sweep_runs.sweep(name)]
    if not parents and storage == DEFAULT_STORAGE:
        return []  # a fresh folder, where no database was ever made
    opened = open_storage(storage, create=False)
    known = optuna.get_all_study_names(opened)
    spared = registry.registered_runs()
    return [_disk(parent, opened, keep, known, spared) for parent in parents]


def free(disk: Disk, keep: int) -> None:
    """Delete what a sweep does not need; it is asked for beforehand."""
    drop_checkpoints(disk.surplus, f"beyond the best {keep} of the sweep")
    for run_id in disk.leftover:
        shutil.rmtree(SCRATCH / run_id)


def _disk(parent: tracking.Run, storage: Storage, keep: int, known: list[str], spared: frozenset[str]) -> Disk:
    name = parent.data.tags[sweep_runs.SWEEP_TAG]
    nests = [parent, *tracking.find({SEEDS_TAG: name})]
    nested = {run.info.run_id: run for nest in nests for run in (nest, *tracking.children(nest.info.run_id))}
    runs = list(nested.values())
    files = {run.info.run_id: tracking_artifacts.sizes(run.info.run_id) for run in runs}
    checkpoints = {
        run_id: sum(size for path, size in of.items() if path.startswith(f"{CHECKPOINT_FOLDER}/"))
        for run_id, of in files.items()
    }
    scratch = {run.info.run_id: _folder_size(run.info.run_id) for run in runs}
    runs_now = [run for run in runs if run.info.status not in _ENDED]
    surplus: list[str] = []
    remark = ""
    if runs_now:
        remark = "running: nothing is freed (if nothing runs, `spooflab sweep --reconcile` says so)"
    elif name not in known:
        remark = "its study, which would say what the best are, is not in this database: give --storage"
    else:
        study = optuna.load_study(study_name=name, storage=storage)
        wanted = beyond(findings(study, study.user_attrs.get(OBJECTIVE, [EER]), ()), keep)
        surplus = [run_id for run_id in wanted if checkpoints.get(run_id) and run_id not in spared]
    leftover = [] if runs_now else [run_id for run_id, size in scratch.items() if size]
    since = parent.info.end_time or parent.info.start_time
    return Disk(
        sweep=name,
        status=parent.info.status,
        age_s=max(0.0, time.time() - since / 1000),
        runs=len(runs),
        artifacts=sum(sum(of.values()) for of in files.values()),
        checkpoints=sum(checkpoints.values()),
        scratch=sum(scratch.values()),
        free_checkpoints=sum(checkpoints[run_id] for run_id in surplus),
        free_scratch=sum(scratch[run_id] for run_id in leftover),
        surplus=tuple(surplus),
        leftover=tuple(leftover),
        remark=remark,
    )


def _folder_size(run_id: str) -> int:
    return sum(path.stat().st_size for path in (SCRATCH / run_id).rglob("*") if path.is_file())


def show(found: list[Disk]) -> None:
    """Print what sweeps take and what of it can be freed."""
    table = Table()
    table.add_column("sweep", overflow="fold")
    for heading in ("status", "age", "runs", "artifacts", "of these checkpoints", "scratch", "can be freed"):
        table.add_column(heading)
    for disk in found:
        table.add_row(
            disk.sweep,
            disk.status,
            in_words(disk.age_s),
            str(disk.runs),
            *(_mb(size) for size in (disk.artifacts, disk.checkpoints, disk.scratch)),
            _mb(disk.free_checkpoints + disk.free_scratch),
        )
    console().print(table)
    for disk in found:
        if disk.remark:
            print(f"{disk.sweep}: {disk.remark}")


def main(arguments: list[str]) -> int:
    """Show what sweeps take, and free some of it."""
    parser = argparse.ArgumentParser(
        prog="spooflab sweep clean",
        description="Show the disk that sweeps take; with --name and --yes free what the best trials do not need.",
    )
    parser.add_argument("--name", help="of a sweep; all of them when not given")
    parser.add_argument("--keep-checkpoints", type=int, default=KEPT, metavar="K", help="of the best trials")
    parser.add_argument("--storage", default=DEFAULT_STORAGE, help="URL of Optuna's database")
    parser.add_argument("--yes", action="store_true", help="free it; without, only show")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if options.keep_checkpoints < 1:
        parser.error("--keep-checkpoints must be at least 1: the best is what a sweep is for")
    if options.yes and options.name is None:
        parser.error("--yes needs --name: sweeps are cleaned one at a time")
    found = disks(options.storage, options.keep_checkpoints, options.name)
    if options.yes:
        for disk in found:
            free(disk, options.keep_checkpoints)
    if options.json:
        print(json.dumps({"freed": options.yes, "sweeps": [asdict(disk) for disk in found]}))
        return 0
    if not found:
        print(f"no sweep is in {mlflow_store.address()}")
        return 0
    show(found)
    freed = sum(disk.free_checkpoints + disk.free_scratch for disk in found)
    if options.yes:
        print(f"freed {_mb(freed)}; metrics, configs and the answer stay")
    elif freed:
        print("a dry run: `spooflab sweep clean --name S --yes` frees it")
    return 0


def _mb(size: int) -> str:
    return f"{size / _MB:.1f} MB"
