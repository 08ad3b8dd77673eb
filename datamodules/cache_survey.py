"""A cache folder in, what each recipe in it takes, what is damaged, and what can go out."""

import json
import math
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from datamodules.digests import FOLDER
from datamodules.feature_cache import FOLDER_NAME_LENGTH, RECIPE_FILE, folder_name
from datamodules.safe_files import UNFINISHED, locked, remove
from datamodules.shards import INDEX_SUFFIX, RECORDS_SUFFIX, Shard, ShardError

_DAY_S = 86_400
_FINISHED_IN_DAYS = 1 / 24
_RECIPE_FOLDER = re.compile(f"[0-9a-f]{{{FOLDER_NAME_LENGTH}}}")


@dataclass(frozen=True)
class RecipeSurvey:
    """What lies in the folder of one recipe.

    Attributes:
        folder: of the recipe.
        recipe: the values that fix its records; none where its file is missing or damaged.
        records: in whole shards; copies count.
        size_bytes: of everything in the folder.
        unused_days: since a run last opened it.
        damage: what is wrong with files that are damaged as a whole, each with its name.
        rubbish: files that no run will read: unfinished, without their index, or damaged as a whole.
    """

    folder: Path
    recipe: dict[str, Any] | None
    records: int
    size_bytes: int
    unused_days: float
    damage: list[str]
    rubbish: list[Path]

    @property
    def name(self) -> str:
        """What a person knows the recipe by."""
        if self.recipe is None:
            return "unknown recipe"
        rate = f"{self.recipe.get('sample_rate_hz', '?')} Hz"
        features = self.recipe.get("features")
        if features is None:
            return f"waveforms, {rate}"
        return f"{str(features.get('class_path', 'features')).rpartition('.')[2]}, {rate}"


def survey(root: Path) -> list[RecipeSurvey]:
    """Look at every recipe of a cache, damaged ones too, without reading the records.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: found no cache there; `spooflab corpus cache --config C` fills one")
    return [_survey(path) for path in sorted(root.iterdir()) if _RECIPE_FOLDER.fullmatch(path.name) and path.is_dir()]


def damaged(found: RecipeSurvey) -> Iterator[tuple[Shard, int]]:
    """Read every record of a recipe, and yield shard and row of those of which there is no whole copy."""
    shards = _contents(found.folder).shards
    rows = [(shard, row, shard.identities[row].tobytes()) for shard in shards for row in range(len(shard))]
    not_whole = [(shard, row, identity) for shard, row, identity in rows if not shard.is_whole(row)]
    if not_whole:
        bad = {(shard.records, row) for shard, row, _ in not_whole}
        whole = {identity for shard, row, identity in rows if (shard.records, row) not in bad}
        yield from ((shard, row) for shard, row, identity in not_whole if identity not in whole)


def prune(found: RecipeSurvey, unused_days: float | None = None) -> int:
    """Remove rubbish, and the whole recipe where no run opened it for so many days, or where nothing is in it.

    A shard with a damaged record stays: that record is computed anew when it is asked for. So is what a run that goes
    on reading loses.

    Returns:
        Bytes that were freed.
    """
    with locked(found.folder):  # nobody is writing now, so what is unfinished will never be finished
        now = _survey(found.folder)
        if not now.size_bytes or (unused_days is not None and now.unused_days >= unused_days):
            remove(found.folder)
            return now.size_bytes
        freed = sum(path.stat().st_size for path in now.rubbish)
        for path in now.rubbish:
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
    contents, recipe = _contents(folder), _recipe(folder)
    file = folder / RECIPE_FILE
    no_recipe = f"{file}: damaged or missing; the next run of the recipe writes it anew, and reads the records"
    return RecipeSurvey(
        folder=folder,
        recipe=recipe,
        records=sum(len(shard) for shard in contents.shards),
        size_bytes=_size_bytes(folder),
        unused_days=_age_days(file if file.exists() else folder),
        damage=[*([no_recipe] if recipe is None else []), *contents.damage],
        rubbish=contents.rubbish,
    )


def _recipe(folder: Path) -> dict[str, Any] | None:
    """The recipe that a folder is named after; none if its file is not that."""
    try:
        content = (folder / RECIPE_FILE).read_bytes()
    except OSError:
        return None
    return dict(json.loads(content)) if folder_name(content) == folder.name else None


def _size_bytes(folder: Path) -> int:
    size_bytes = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # a run that fills renames its files meanwhile
            size_bytes += path.stat().st_size
    return size_bytes


class _Contents(NamedTuple):
    """Whole shards, what is wrong with the others, and the files that belong to no whole one."""

    shards: list[Shard]
    damage: list[str]
    rubbish: list[Path]


def _contents(folder: Path) -> _Contents:
    shards, damage, kept = [], [], set[Path]()
    for index in sorted(folder.glob(f"*{INDEX_SUFFIX}")):
        try:
            shard = Shard.load(index)
        except ShardError as error:
            damage.append(str(error))
        else:
            shards.append(shard)
            kept |= {index, shard.records}
    files = {path for path in folder.iterdir() if path.suffix in (RECORDS_SUFFIX, INDEX_SUFFIX, UNFINISHED)}
    return _Contents(shards, damage, sorted(files - kept))
