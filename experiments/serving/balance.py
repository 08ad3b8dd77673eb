"""The requests that each process of the endpoint holds in, whether this one should give a connection up out.

A client keeps its connection, so that whichever process accepted it answers all of its requests, and with few clients
one process may have most of them while another idles. A connection that is closed after an answer is opened anew, and
the process that has less to do is sooner at it.
"""

import mmap
import os
import struct
import time
from pathlib import Path
from typing import Final

_COUNT: Final = struct.Struct("=q")
_LOOK_EVERY_S: Final = 0.05


class Balance:
    """Knows the requests of this process, and of the others by files of a folder that all share.

    Args:
        folder: that all processes share, and no others.
        every_s: how often to look at the others; in between none is given up.
    """

    def __init__(self, folder: Path, every_s: float = _LOOK_EVERY_S) -> None:
        self._folder = folder
        self._every_s = every_s
        self._looked_s = time.monotonic()
        file = folder / f"{os.getpid()}.held"
        file.write_bytes(_COUNT.pack(0))
        with file.open("r+b") as opened:
            self._own = mmap.mmap(opened.fileno(), _COUNT.size)

    def hold(self, requests: int) -> None:
        """Tell the others how many requests this process holds."""
        _COUNT.pack_into(self._own, 0, requests)

    def gives_up(self) -> bool:
        """Tell whether this process holds at least one more than all do on average; at most once every while."""
        now_s = time.monotonic()
        if now_s - self._looked_s < self._every_s:
            return False
        self._looked_s = now_s
        (own,) = _COUNT.unpack_from(self._own)
        held = [_COUNT.unpack(file.read_bytes())[0] for file in self._folder.glob("*.held") if _lives(file)]
        return own >= sum(held) / len(held) + 1


def _lives(file: Path) -> bool:
    try:
        os.kill(int(file.stem), 0)
    except ProcessLookupError:
        file.unlink(missing_ok=True)
        return False
    return True
