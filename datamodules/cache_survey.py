"""A cache folder in, what each recipe in it takes, what is damaged, and what can go out."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from datamodules.digests import FOLDER
from datamodules.feature_cache import LOCK_FILE, RECIPE_FILE, locked
from datamodules.shards import INDEX_SUFFIX, RECORDS_SUFFIX, UNFINISHED, Shard, ShardError

_DAY_S = 86_400
_FINISHED_IN_DAYS = 1 / 24


@dataclass(frozen=True)
class RecipeSurvey:
    """What lies in the folder of one recipe.

    Attributes:
        folder: of the recipe.
        recipe: the values that fix its records.
        records: in whole shards; copies count.
        size_bytes: of everything in the folder.
        unused_days: since a run last opened it.
        rubbish: files that no run will read: unfinished, without their index, or damaged as a whole.
    """

    folder: Path
    recipe: dict[str, Any]
    records: int
    size_bytes: int
    unused_days: float
    rubbish: list[Path]

    @property
    def name(self) -> str:
        """What a person knows the recipe by."""
        rate = f"{self.recipe.get('sample_rate_hz', '?')} Hz"
        features = self.recipe.get("features")
        if features is None:
            return f"waveforms, {rate}"
        return f"{str(features.get('class_path', 'features')).rpartition('.')[2]}, {rate}"


def survey(root: Path) -> list[RecipeSurvey]:
    """Look at every recipe of a cache, without reading the records.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: found no cache there; `spooflab corpus cache --config C` fills one")
    return [_survey(path.parent) for path in sorted(root.glob(f"*/{RECIPE_FILE}"))]


def damaged(found: RecipeSurvey) -> Iterator[tuple[Shard, int]]:
    """Read every record of a recipe, and yield shard and row of those of which there is no whole copy."""
    shards = _shards(found.folder)[0]
    rows = [(shard, row, shard.identities[row].tobytes()) for shard in shards for row in range(len(shard))]
    not_whole = [(shard, row, identity) for shard, row, identity in rows if not shard.is_whole(row)]
    if not_whole:
        bad = {(shard.records, row) for shard, row, _ in not_whole}
        whole = {identity for shard, row, identity in rows if (shard.records, row) not in bad}
        yield from ((shard, row) for shard, row, identity in not_whole if identity not in whole)


def prune(found: RecipeSurvey, unused_days: float | None = None) -> int:
    """Remove rubbish, and the whole recipe where no run opened it for so many days.

    A shard with a damaged record stays: that record is computed anew when it is asked for.

    Returns:
        Bytes that were freed.
    """
    if unused_days is not None and found.unused_days >= unused_days:
        rmtree(found.folder)
        return found.size_bytes
    freed = 0
    with locked(found.folder / LOCK_FILE):  # nobody is writing now, so what is unfinished will never be finished
        for path in _survey(found.folder).rubbish:
            freed += path.stat().st_size
            path.unlink()
    return freed


def prune_digests(root: Path, unused_days: float | None = None) -> int:
    """Forget the digests of files that no run asked for so many days; returns bytes that were freed."""
    limit_days = math.inf if unused_days is None else unused_days
    old = [
        path
        for path in (root / FOLDER).glob("*")
        if _age_days(path) >= (_FINISHED_IN_DAYS if path.suffix == UNFINISHED else limit_days)
    ]
    freed = sum(path.stat().st_size for path in old)
    for path in old:
        path.unlink()
    return freed


def _age_days(path: Path) -> float:
    return (time.time() - path.stat().st_mtime) / _DAY_S


def _survey(folder: Path) -> RecipeSurvey:
    shards, rubbish = _shards(folder)
    recipe = folder / RECIPE_FILE
    return RecipeSurvey(
        folder=folder,
        recipe=json.loads(recipe.read_text()),
        records=sum(len(shard) for shard in shards),
        size_bytes=sum(path.stat().st_size for path in folder.iterdir()),
        unused_days=_age_days(recipe),
        rubbish=rubbish,
    )


def _shards(folder: Path) -> tuple[list[Shard], list[Path]]:
    """Whole shards, and the files that belong to none."""
    shards = []
    for index in sorted(folder.glob(f"*{INDEX_SUFFIX}")):
        try:
            shards.append((index, Shard.load(index)))
        except ShardError:
            continue
    kept = {path for index, shard in shards for path in (index, shard.records)}
    files = [path for path in folder.iterdir() if path.suffix in (RECORDS_SUFFIX, INDEX_SUFFIX, UNFINISHED)]
    return [shard for _, shard in shards], sorted(set(files) - kept)
