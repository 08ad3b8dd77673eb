"""Identities of audio and a way to compute their records in, records out: computed once, shared by every run.

A recipe, such as a frontend with its arguments, has a folder of immutable shards. A store looks up in them what it is
asked for. What is not there it computes; what is damaged it computes anew; nothing else is touched. So a changed
corpus, a killed process, a full disk and a flipped byte all come to the same: some records are computed again.
"""

import errno
import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from datamodules.safe_files import locked, write_whole
from datamodules.shards import INDEX_SUFFIX, Record, Shard, ShardError, write_shard
from datamodules.threads import one_thread

FORMAT_VERSION = 2
RECIPE_FILE = "recipe.json"
FOLDER_NAME_LENGTH = 24
SHARD_BYTES = 128 * 1024 * 1024
KEPT_BYTES = 16 * 1024 * 1024  # of records computed on demand, before they become a shard

Compute = Callable[[int], Record]


class RecordStore:
    """Records of many lengths, found in the shards of a recipe or computed.

    Several processes may use one folder at once. A record's checksum is tested the first time that it is read.

    Args:
        root: folder of all recipes.
        recipe: plain values that fix a record, beside its identity: rates, the frontend's class, arguments, version.
        identities: what each record is of, such as the digest of an audio file; equal ones share a record.
        compute: position of an identity to its record ``(bins, frames)``; all of one dtype and number of bins.
        source: the store that ``compute`` reads from, if any: what is kept here is kept there too.
    """

    def __init__(
        self,
        root: Path,
        recipe: dict[str, Any],
        identities: Sequence[str],
        compute: Compute,
        source: "RecordStore | None" = None,
    ) -> None:
        if not identities:
            raise ValueError("there is no trial to compute records of: is the partition empty?")
        self._recipe = json.dumps({"format_version": FORMAT_VERSION, **recipe}, sort_keys=True, indent=1).encode()
        self.folder = root / folder_name(self._recipe)
        self._mark_used()
        keys = [hashlib.blake2b(identity.encode(), digest_size=16).digest() for identity in identities]
        first = {key: position for position, key in reversed(list(enumerate(keys)))}
        self._keys, self._compute, self._source = keys, compute, source
        self._slots = np.array([first[key] for key in keys])  # equal identities: the position of the first
        self._shards: list[Shard] = []
        self._loaded: set[Path] = set()
        self._shard_of = np.full(len(keys), -1, np.int32)
        self._row_of = np.zeros(len(keys), np.int64)
        self._checked = np.zeros(len(keys), bool)
        self._kept: dict[int, Record] = {}
        self._look_up()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def digest(self) -> str:
        """What the records are of, in their order."""
        return hashlib.sha256(b"".join(self._keys)).hexdigest()

    @property
    def missing(self) -> list[int]:
        """Positions that have no record yet, equal identities once."""
        return np.flatnonzero((self._shard_of < 0) & (self._slots == np.arange(len(self)))).tolist()

    def __getitem__(self, index: int) -> Record:
        """Return a whole record ``(bins, frames)``, not to be written to."""
        return self._record(self._slots[index])

    def prefetch(self, indices: Iterable[int]) -> None:
        """Have the disk read records that no one asked for yet, all at once: in turn they would take far longer."""
        for slot in self._slots[list(indices)].tolist():
            if not self._checked[slot] and self._shard_of[slot] >= 0:
                self._shards[self._shard_of[slot]].will_read(int(self._row_of[slot]))

    def fill(
        self,
        jobs: int = 1,
        verify: bool = False,
        skip: tuple[type[Exception], ...] = (),
        report: Callable[[list[int]], Iterable[int]] = lambda rows: rows,
    ) -> dict[int, Exception]:
        """Compute what is missing.

        One process computes at a time; others wait and find the work done. What is computed before an interruption
        stays.

        Args:
            jobs: threads that compute.
            verify: first read all that is there; what is damaged counts as missing.
            skip: errors of single records that are not raised.
            report: wraps the positions to compute, to show progress.

        Returns:
            The errors that were skipped, by position; equal identities fail together.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        failed: dict[int, Exception] = {}
        stopped: list[BaseException] = []
        if verify:
            self._verify()
        if not self.missing:
            return failed
        with self._alone():
            self._look_up()  # by now another process may have computed it
            rows = iter(report(self.missing))
            with ThreadPoolExecutor(jobs) as pool, one_thread():
                records = _until_stopped(_in_order(pool, self._compute, rows, 4 * jobs, skip, failed), stopped)
                while self._write((self._keys[row], record) for row, record in records):
                    pass
        if stopped:
            raise stopped[0]
        return {position: failed[slot] for position, slot in enumerate(self._slots.tolist()) if slot in failed}

    def flush(self) -> None:
        """Keep the records that were computed on demand.

        Raises:
            OSError: they cannot be written, and are computed again when they are asked for.
        """
        kept, self._kept = self._kept, {}
        if kept:
            with self._alone():
                self._look_up()  # by now another process may have computed some
                self._write((self._keys[slot], kept[slot]) for slot in list(kept) if self._shard_of[slot] < 0)
        if self._source is not None:
            self._source.flush()

    def _verify(self) -> None:
        for slot in np.flatnonzero((self._shard_of >= 0) & ~self._checked).tolist():
            self._checked[slot] = self._shards[self._shard_of[slot]].is_whole(int(self._row_of[slot]))
            if not self._checked[slot]:
                self._find_whole(slot)

    def _record(self, slot: int) -> Record:
        if self._shard_of[slot] >= 0:
            shard, row = self._shards[self._shard_of[slot]], int(self._row_of[slot])
            if self._checked[slot] or shard.is_whole(row):
                self._checked[slot] = True
                return shard.record(row)
            self._find_whole(slot)
            return self._record(slot)
        record = self._kept.get(slot)  # other threads may add to what is kept, and flush it
        if record is None:
            record = self._kept[slot] = self._compute(int(slot))
            if sum(kept.nbytes for kept in list(self._kept.values())) > KEPT_BYTES:
                self.flush()
        return record

    def _find_whole(self, slot: int) -> None:
        """Look for another copy of a record that is damaged: it is in a later shard if this was seen before."""
        damaged, self._shard_of[slot] = self._shard_of[slot], -1
        for number, shard in enumerate(self._shards):
            for row in np.flatnonzero(shard.identities == np.void(self._keys[slot])):
                if number != damaged and shard.is_whole(int(row)):
                    self._shard_of[slot], self._row_of[slot] = number, row

    def _write(self, records: Iterator[tuple[bytes, Record]]) -> Shard | None:
        shard = write_shard(self.folder, records, SHARD_BYTES)
        if shard is not None:
            self._adopt(shard)
        return shard

    def _mark_used(self) -> None:
        """Let the time of the recipe's file tell when it was last used. A whole cache may be read-only."""
        if self._is_written_down():
            with suppress(OSError):
                os.utime(self.folder / RECIPE_FILE)
            return
        with self._alone():
            pass

    def _is_written_down(self) -> bool:
        try:
            return (self.folder / RECIPE_FILE).read_bytes() == self._recipe
        except OSError:
            return False

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Write as the only process, to a folder that is whole even where it was pruned meanwhile."""
        try:
            with locked(self.folder):
                if not self._is_written_down():
                    write_whole(self.folder / RECIPE_FILE, self._recipe)
                yield
        except OSError as error:
            raise OSError(
                f"{self.folder}: the cache cannot be written ({error.strerror or error}): {_remedy(error.errno)}set "
                "data.cache_dir to another place; what was finished before is kept"
            ) from error

    def _look_up(self) -> None:
        """Take in the shards that are new; damaged ones do not count."""
        for index in sorted(self.folder.glob(f"*{INDEX_SUFFIX}")):
            if index not in self._loaded:
                self._loaded.add(index)
                try:
                    self._adopt(Shard.load(index))
                except ShardError:
                    continue

    def _adopt(self, shard: Shard) -> None:
        rows = {bytes(identity): row for row, identity in enumerate(shard.identities)}
        found = [(slot, rows[key]) for slot, key in enumerate(self._keys) if key in rows]
        if found:
            slots, of_shard = np.array(found).T
            new = self._shard_of[slots] < 0
            self._shards.append(shard)
            self._row_of[slots[new]] = of_shard[new]
            self._shard_of[slots[new]] = len(self._shards) - 1  # last: from now on other threads read there


def folder_name(recipe: bytes) -> str:
    """Return the name of a recipe's folder: by it a damaged recipe is told from a whole one."""
    return hashlib.sha256(recipe).hexdigest()[:FOLDER_NAME_LENGTH]


def _remedy(number: int | None) -> str:
    """What may help against an error of writing, by its number."""
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "free space there, or "
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "make it writable, or "
    return ""


def _in_order(
    pool: ThreadPoolExecutor,
    compute: Compute,
    rows: Iterator[int],
    ahead: int,
    skip: tuple[type[Exception], ...],
    failed: dict[int, Exception],
) -> Iterator[tuple[int, Record]]:
    """Yield each row with its record, in order, while a few more are being computed."""
    waiting = deque((row, pool.submit(compute, row)) for row in islice(rows, ahead))
    while waiting:
        row, record = waiting.popleft()
        try:
            yield row, record.result()
        except skip as error:
            failed[row] = error
        waiting.extend((row, pool.submit(compute, row)) for row in islice(rows, 1))


def _until_stopped(records: Iterator[tuple[int, Record]], stopped: list[BaseException]) -> Iterator[tuple[int, Record]]:
    """Yield records up to an error or Ctrl-C, which is noted: what was computed before is to be written first."""
    try:
        yield from records
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - raised by who reads the note
        stopped.append(error)
