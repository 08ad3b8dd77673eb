"""Trials in, memory-mapped features out: computed once, shared by every epoch, trial and worker."""

import fcntl
import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT_VERSION = 1
_RECORDS, _INDEX, _KEY = "records.bin", "index.npz", "key.json"


class CacheError(RuntimeError):
    """The stored records are not what was written."""


class RecordStore:
    """Records of many lengths, one after the other in a single memory-mapped file.

    A record is time-major, ``(frames, bins)``, so that a crop in time is one contiguous read.

    Args:
        directory: what ``open_or_build`` made.

    Raises:
        CacheError: a file is missing, cut short, or its checksum does not match.
    """

    def __init__(self, directory: Path) -> None:
        try:
            with np.load(directory / _INDEX) as index:
                self._offsets, checksum = index["offsets"], int(index["checksum"])
                shape, dtype = (int(self._offsets[-1]), int(index["bins"])), np.dtype(str(index["dtype"]))
            self._records: NDArray[Any] = np.memmap(directory / _RECORDS, dtype=dtype, mode="r", shape=shape)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise CacheError(f"{directory}: unreadable ({error})") from error
        if _checksum(self._records) != checksum:
            raise CacheError(f"{directory}: the records do not match their checksum")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def frames(self, index: int) -> int:
        """Return the length of a record."""
        return int(self._offsets[index + 1] - self._offsets[index])

    def read(self, index: int, start: int, frames: int) -> NDArray[Any]:
        """Return ``(frames, bins)`` of a record from ``start`` on; one that is too short is repeated end to end."""
        first, end = self._offsets[index], self._offsets[index + 1]
        if frames <= end - first - start:
            return self._records[first + start : first + start + frames]
        return np.take(self._records[first:end], range(start, start + frames), axis=0, mode="wrap")


def open_or_build(
    root: Path,
    key: dict[str, Any],
    compute: Callable[[], Iterable[NDArray[Any]]],
) -> RecordStore:
    """Open the store of ``key``, making it first where there is none or where it is damaged.

    Several processes may ask at once: one builds, the others wait. A store appears whole or not at all.

    Args:
        root: folder of all stores.
        key: plain values that decide the records: audio digests, rates, the frontend's class, arguments and version.
        compute: called only when building; yields the records ``(frames, bins)``, of one dtype, in the trials' order.
    """
    text = json.dumps({"format_version": FORMAT_VERSION, **key}, sort_keys=True, indent=1)
    directory = root / hashlib.sha256(text.encode()).hexdigest()[:24]
    locks = root / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with _locked(locks / directory.name):
        if directory.is_dir():
            try:
                return RecordStore(directory)
            except CacheError:
                shutil.rmtree(directory)
        building = directory.with_suffix(".building")
        shutil.rmtree(building, ignore_errors=True)  # what a killed process left
        building.mkdir()
        _write(building, compute(), text)
        building.rename(directory)
        return RecordStore(directory)


def _write(directory: Path, records: Iterable[NDArray[Any]], key_text: str) -> None:
    """Write records one by one, so that memory does not grow with the corpus."""
    offsets, checksum, bins, dtype = [0], 0, 0, np.dtype(np.float16)
    with (directory / _RECORDS).open("wb") as file:
        for record in records:
            contiguous = np.ascontiguousarray(record)
            bins, dtype = contiguous.shape[1], contiguous.dtype
            file.write(contiguous.data)
            checksum = zlib.crc32(contiguous.data, checksum)
            offsets.append(offsets[-1] + len(contiguous))
    if not offsets[-1]:
        raise ValueError("there is no trial to compute features of: is the partition empty?")
    np.savez(directory / _INDEX, offsets=np.asarray(offsets), checksum=checksum, bins=bins, dtype=dtype.str)
    (directory / _KEY).write_text(key_text)
    for name in (_RECORDS, _INDEX, _KEY):
        with (directory / name).open("rb") as file:
            os.fsync(file.fileno())


def _checksum(records: NDArray[Any], rows: int = 1 << 16) -> int:
    checksum = 0
    for start in range(0, len(records), rows):
        checksum = zlib.crc32(np.ascontiguousarray(records[start : start + rows]).data, checksum)
    return checksum


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an advisory lock, which the kernel frees when its holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
