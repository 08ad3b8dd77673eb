"""Content in, a whole file out or none; a folder in, one writer of it at a time, whatever is killed or pruned."""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import IO

UNFINISHED = ".part"
_LOCK_FILE = "lock"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that nobody sees half written: under a name of its own first, then renamed.

    Raises:
        OSError: it cannot be written; nothing is left of it, and what was there before stays.
    """
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}{UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, made where there is none, as its only writer; the kernel frees it when its holder dies.

    Who holds the same folder already waits for itself.
    """
    while (file := _hold(folder)) is None:
        pass
    with file:
        yield


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock file, made where there is none, as the only process that does; it stays, for the next."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove(folder: Path) -> None:
    """Remove a folder that this process holds: who waits for it finds none of it and makes it anew.

    Its name until it is gone is of as many hexadecimal digits, so that what a kill leaves of a recipe is found.
    """
    rmtree(folder.rename(folder.with_name(uuid.uuid4().hex[: len(folder.name)])))


def _hold(folder: Path) -> IO[str] | None:
    """Wait for the lock and return its open file; none if the folder was removed meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOCK_FILE
    with ExitStack() as stack, suppress(FileNotFoundError):
        file = stack.enter_context(path.open("w"))
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            stack.pop_all()
            return file
    return None
