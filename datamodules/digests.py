"""Files in, the SHA-256 of each out; a file that was read before is not read again while its size and time stay."""

import hashlib
import io
import os
import time
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.safe_files import write_whole

FOLDER = "digests"
"""Where a cache remembers them."""
SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again within its time's resolution: it is not remembered."""


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file's whole content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_digests(paths: Sequence[Path], memory: Path | None = None) -> list[str]:
    """SHA-256 (hex) of each file.

    A file that cannot be read has that of its path: it is for whoever decodes it to refuse it by name, or to skip it.

    Args:
        paths: of the files.
        memory: folder that remembers the digests of these paths, with the sizes and times that the files had; as
            `git` does, a file whose size and time are the same is taken to be the same. None: all are read.
    """
    stats = [path.stat() for path in paths]
    marks = np.array([(stat.st_size, stat.st_mtime_ns) for stat in stats], np.int64).reshape(-1, 2)
    place = None if memory is None else memory / f"{_name(paths)}.npz"
    digests = _remembered(place, marks) if place else [""] * len(paths)
    new = [row for row, digest in enumerate(digests) if not digest]
    begun_ns = time.time_ns()
    # hashlib releases the interpreter lock, so threads hash as fast as the disk reads.
    with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 1) * 2)) as pool:
        for row, digest in zip(new, pool.map(_read_sha256, (paths[row] for row in new), chunksize=64), strict=True):
            digests[row] = digest or hashlib.sha256(os.fsencode(paths[row])).hexdigest()
            marks[row] = marks[row] if digest else -1
    if new and place is not None:
        marks[marks[:, 1] > begun_ns - SETTLED_NS] = -1
        with suppress(OSError):  # a folder that cannot be written to costs time, nothing else
            _remember(place, marks, digests)
    return digests


def _read_sha256(path: Path) -> str | None:
    try:
        return file_sha256(path)
    except OSError:
        return None


def _name(paths: Sequence[Path]) -> str:
    return hashlib.sha256("\n".join(str(path.absolute()) for path in paths).encode()).hexdigest()[:24]


def _remembered(place: Path, marks: NDArray[np.int64]) -> list[str]:
    """Digests of the files that still have their marks; the others are empty."""
    try:
        with np.load(place) as memory:
            same = (memory["marks"] == marks).all(axis=1)
            digests: list[str] = np.where(same, memory["digests"], b"").astype(str).tolist()
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):  # none yet, or not whole: it is written again
        return [""] * len(marks)
    with suppress(OSError):
        os.utime(place)  # when it was last used
    return digests


def _remember(place: Path, marks: NDArray[np.int64], digests: Sequence[str]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez(content, marks=marks, digests=np.array(digests, "S64"))
    write_whole(place, content.getvalue())
