"""Records in, an immutable file of them and its index out; whatever is damaged is told from what is whole.

A shard is two files. ``NAME.bin`` holds records ``(bins, frames)`` end to end, laid out as batches are, so that none is
transposed. ``NAME.CRC.npz`` is their index, and its name carries its own checksum. The index is renamed into place
last: a shard without one does not count, and one that counts is never written to again.
"""

import io
import mmap
import os
import uuid
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datamodules.safe_files import UNFINISHED, write_whole

RECORDS_SUFFIX, INDEX_SUFFIX = ".bin", ".npz"

Record = NDArray[Any]


class ShardError(RuntimeError):
    """A shard that is not what was written."""


@dataclass(frozen=True)
class Shard:
    """What the index of a shard says.

    Attributes:
        records: the file of records.
        identities: ``(records,)``, 16 bytes each.
        offsets: where each record starts, in frames, and at last where all end: ``(records + 1,)``.
        checksums: CRC-32 of each record.
        bins: values a frame.
        dtype: of the values.
    """

    records: Path
    identities: NDArray[np.void]
    offsets: NDArray[np.int64]
    checksums: NDArray[np.uint32]
    bins: int
    dtype: np.dtype[Any]

    @classmethod
    def load(cls, index: Path) -> "Shard":
        """Read an index and hold the file of records against it.

        Raises:
            ShardError: the index is damaged, or the records are missing or cut short.
        """
        name, _, expected = index.stem.rpartition(".")
        try:
            content = index.read_bytes()
            if f"{zlib.crc32(content):08x}" != expected:
                raise ShardError(f"{index}: damaged, its checksum is another")
            with np.load(io.BytesIO(content)) as values:
                shard = cls(
                    records=index.with_name(name + RECORDS_SUFFIX),
                    identities=values["identities"].view("V16").ravel(),
                    offsets=values["offsets"],
                    checksums=values["checksums"],
                    bins=int(values["bins"]),
                    dtype=np.dtype(str(values["dtype"])),
                )
            size = shard.records.stat().st_size
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ShardError(f"{index}: unreadable ({error})") from error
        if size != shard.size_bytes:
            raise ShardError(f"{shard.records}: found {size} bytes, expected {shard.size_bytes}")
        return shard

    def __len__(self) -> int:
        return len(self.checksums)

    @property
    def size_bytes(self) -> int:
        """Size of the file of records."""
        return int(self.offsets[-1]) * self.bins * self.dtype.itemsize

    @cached_property
    def file(self) -> mmap.mmap:
        """The records, mapped."""
        with self.records.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @cached_property
    def values(self) -> Record:
        """All values one after the other, mapped from the file."""
        return np.frombuffer(self.file, self.dtype)

    def frames(self, row: int) -> int:
        """Return the length of a record."""
        return int(self.offsets[row + 1] - self.offsets[row])

    def record(self, row: int) -> Record:
        """One record ``(bins, frames)``, mapped from the file; :meth:`is_whole` tells whether to trust it."""
        return self.values[self.offsets[row] * self.bins : self.offsets[row + 1] * self.bins].reshape(self.bins, -1)

    def will_read(self, row: int) -> None:
        """Let the system fetch a record from the disk meanwhile."""
        begin, end = (int(self.offsets[edge]) * self.bins * self.dtype.itemsize for edge in (row, row + 1))
        page = begin - begin % mmap.PAGESIZE
        with suppress(FileNotFoundError, ValueError):  # gone or cut short: `is_whole` tells
            self.file.madvise(mmap.MADV_WILLNEED, page, end - page)

    def is_whole(self, row: int) -> bool:
        """Whether a record is what was written, by its checksum."""
        try:
            return zlib.crc32(self.record(row).data) == self.checksums[row]
        except (FileNotFoundError, ValueError):  # the file was pruned or cut short since the index was read
            return False

    def __getstate__(self) -> dict[str, Any]:
        """Leave the map out: another process maps the file itself, and must not be sent its content."""
        return {name: value for name, value in self.__dict__.items() if name not in ("file", "values")}


def write_shard(folder: Path, records: Iterable[tuple[bytes, Record]], max_bytes: int) -> Shard | None:
    """Write records until they are enough for a shard. Without any, nothing is touched: the folder may be read-only.

    Args:
        folder: of the shard.
        records: identity and record ``(bins, frames)``; all of one dtype and number of bins.
        max_bytes: take no further record once there are so many.

    Returns:
        The shard; none if there were no records.

    Raises:
        OSError: they cannot be written; nothing is left of them.
    """
    records = iter(records)
    first = next(records, None)
    if first is None:
        return None
    name = uuid.uuid4().hex
    unfinished = folder / (name + UNFINISHED)
    identities, offsets, checksums = [], [0], []
    bins, dtype = 0, np.dtype(np.float16)
    try:
        with unfinished.open("wb") as file:
            for identity, record in chain([first], records):
                contiguous = np.ascontiguousarray(record)
                bins, dtype = contiguous.shape[0], contiguous.dtype
                file.write(contiguous.data)
                identities.append(np.frombuffer(identity, np.uint8))
                offsets.append(offsets[-1] + contiguous.shape[1])
                checksums.append(zlib.crc32(contiguous.data))
                if file.tell() >= max_bytes:
                    break
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder / (name + RECORDS_SUFFIX))
        values = {
            "identities": np.stack(identities),
            "offsets": np.asarray(offsets, np.int64),
            "checksums": np.asarray(checksums, np.uint32),
        }
        content = io.BytesIO()
        np.savez(content, bins=bins, dtype=dtype.str, **values)  # type: ignore[arg-type]
        index = folder / f"{name}.{zlib.crc32(content.getvalue()):08x}{INDEX_SUFFIX}"
        write_whole(index, content.getvalue())
        return Shard.load(index)
    finally:
        unfinished.unlink(missing_ok=True)
