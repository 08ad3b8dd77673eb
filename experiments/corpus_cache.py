"""``spooflab corpus cache``: a training config in, its caches filled; or what a cache holds, whether it is whole."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from datamodules import cache_survey
from datamodules.cache_survey import RecipeSurvey
from datamodules.datamodule import DeepfakeDataModule, Partition
from datamodules.manifest import PARTITIONS
from experiments.console import console, with_bar
from experiments.data_config import read_data, read_sections
from experiments.ray_cluster import Cluster, connected
from experiments.train import hand_over_frontend, quieten
from experiments.training_config import parse

DEFAULT_CACHE = Path("data/cache")
_MIB = 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the words of ``spooflab corpus cache``."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--config", type=Path, action="append", help="verify and fill the caches of this training; may be repeated"
    )
    what.add_argument("--list", action="store_true", help="what the cache holds, and its size")
    what.add_argument("--verify", action="store_true", help="read every record and hold it against its checksum")
    what.add_argument("--prune", action="store_true", help="remove what no run will read")
    parser.add_argument("--unused-days", type=days, help="prune: also what no run opened for so many days")
    parser.add_argument("--cache-dir", type=Path, default=DEFAULT_CACHE, help="of --list, --verify and --prune")
    parser.add_argument("--jobs", type=threads, help="threads that fill; default all cores")
    parser.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="where --config fills: ray is every node's own disk"
    )
    parser.add_argument("--address", help="of the Ray cluster (auto: of this machine); without it one is started")


def threads(word: str) -> int:
    """Read a number of threads.

    Raises:
        ArgumentTypeError: it is below 1.
    """
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {word}, expected 1 or more; leave it out for all cores")
    return number


def days(word: str) -> float:
    """Read a number of days.

    Raises:
        ArgumentTypeError: it is below 0.
    """
    number = float(word)
    if not number >= 0:  # nor is NaN
        raise argparse.ArgumentTypeError(f"found {word}, expected 0 or more; 0 removes the whole cache")
    return number


def run(options: argparse.Namespace) -> int:
    """Do what the words say: exit code 1 when ``--verify`` finds damage."""
    if options.engine == "ray" and not options.config:
        raise ValueError(
            "--engine ray is of --config, which fills: the other options are about the cache in this folder"
        )
    if options.config:
        return _fill(options)
    found = cache_survey.survey(options.cache_dir)
    if options.list:
        return _list(found, options.json)
    if options.verify:
        return _verify(found, options.json)
    freed = sum(cache_survey.prune(recipe, options.unused_days) for recipe in found)
    freed += cache_survey.prune_digests(options.cache_dir, options.unused_days)
    print(json.dumps({"freed_bytes": freed}) if options.json else f"freed {freed / _MIB:.1f} MiB")
    return 0


def data_of(configs: list[Path]) -> DeepfakeDataModule:
    """Make the data module of a training: with its frontend, or of a single config that names no model without."""
    if len(configs) == 1 and "model" not in read_sections(configs[0]):
        return read_data(configs[0])
    cli = parse([word for path in configs for word in ("--config", str(path))])
    hand_over_frontend(cli.model, cli.datamodule)
    return cli.datamodule


@dataclass(frozen=True)
class Filling:
    """What is to be filled, on this machine or on another.

    Attributes:
        configs: of a training, or of its data alone.
        jobs: threads; all cores when none.
    """

    configs: list[Path]
    jobs: int | None

    def run(self) -> None:
        """Fill the caches here; what another process fills meanwhile is waited for."""
        quieten()
        data = data_of(self.configs)
        data.cache, data.cache_jobs = "fill", self.jobs or data.cache_jobs
        data.progress = with_bar
        print(f"filling {data.cache_dir} on {data.cache_jobs} threads", file=sys.stderr)
        partitions: list[Partition] = [name for name in PARTITIONS if data.corpus.partition(name)]
        for partition in partitions:
            data.fill(partition, verify=True)


def _fill(options: argparse.Namespace) -> int:
    filling = Filling(options.config, options.jobs)
    if options.engine == "ray":
        with connected(options.address) as cluster:
            _fill_each_node(cluster, filling)
    else:
        filling.run()
    return _list(cache_survey.survey(data_of(options.config).cache_dir), options.json)


def _fill_each_node(cluster: Cluster, filling: Filling) -> None:
    tasks = set(cluster.start_on_each_node("corpus cache", Filling.run, filling))
    while tasks:
        cluster.wait(tasks)
        for task, loss in cluster.ended(tasks).items():
            tasks.discard(task)
            if loss is not None:
                raise RuntimeError(f"{task.name}: {loss.why}; type this again, it goes on from what is filled")
            print(f"{task.name}: filled", file=sys.stderr)


def _list(found: list[RecipeSurvey], as_json: bool) -> int:
    if as_json:
        rows = [
            {
                "folder": str(recipe.folder),
                "recipe": recipe.recipe,
                "records": recipe.records,
                "size_bytes": recipe.size_bytes,
                "unused_days": recipe.unused_days,
                "damage": recipe.damage,
                "rubbish": [str(path) for path in recipe.rubbish],
            }
            for recipe in found
        ]
        print(json.dumps(rows))
        return 0
    table = Table("recipe", "records", "MiB", "unused days", "rubbish", "folder")
    for recipe in found:
        table.add_row(
            recipe.name,
            f"{recipe.records:,}",
            f"{recipe.size_bytes / _MIB:.1f}",
            f"{recipe.unused_days:.1f}",
            str(len(recipe.rubbish)),
            recipe.folder.name,
        )
    console().print(table)
    _print_damage(found)
    return 0


def _verify(found: list[RecipeSurvey], as_json: bool) -> int:
    damaged = [
        {"recipe": recipe.name, "file": str(shard.records), "record": row}
        for recipe in found
        for shard, row in cache_survey.damaged(recipe)
    ]
    damaged_files = [problem for recipe in found for problem in recipe.damage]
    whole = not damaged and not damaged_files
    records, rubbish = sum(recipe.records for recipe in found), sum(len(recipe.rubbish) for recipe in found)
    if as_json:
        print(json.dumps({"records": records, "damaged": damaged, "damaged_files": damaged_files, "rubbish": rubbish}))
    else:
        _print_damage(found)
        for row in damaged:
            print(f"{row['file']}: record {row['record']} ({row['recipe']}) is damaged")
        if not whole:
            print(
                "a run computes what is damaged anew when it reads it, `corpus cache --config` at once; `--prune` "
                "removes files that are damaged as a whole"
            )
        print(f"{records:,} records, {len(damaged)} damaged; {rubbish} files of rubbish, {len(damaged_files)} damaged")
    return 0 if whole else 1


def _print_damage(found: list[RecipeSurvey]) -> None:
    for recipe in found:
        for problem in recipe.damage:
            print(f"{problem} ({recipe.name})")
