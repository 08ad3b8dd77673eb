"""The exit code of a worker in, why it died out."""

from dataclasses import dataclass
from pathlib import Path

from experiments.failures import OUT_OF_MEMORY
from sweeps.mirror import DIED

_KERNEL_COUNTS = Path("/proc/vmstat")


@dataclass(frozen=True)
class Death:
    """A worker that ended otherwise than it should have.

    Attributes:
        why: in words.
        task: of a cluster that it was; what it was at is put back by this name.
        alone: nothing else died with it; with a whole machine others do, which says nothing against the sweep.
    """

    why: str
    task: str | None = None
    alone: bool = True


class Coroner:
    """Tells why processes of this machine died."""

    def __init__(self) -> None:
        self._kills = _kills_for_memory()

    def examine(self, code: int) -> Death:
        """Judge by the exit code, and by what the kernel has ended since the last time."""
        kills = _kills_for_memory()
        for_memory, self._kills = kills > self._kills, kills
        if code >= 0:
            return Death(f"the worker ended with code {code}: what it printed says why")
        if for_memory:
            return Death(f"{DIED}; the kernel ended processes for want of memory meanwhile. {OUT_OF_MEMORY}")
        return Death(f"{DIED}: signal {-code}")


def _kills_for_memory() -> int:
    """Return how many processes the kernel has ended for want of memory since it started."""
    counts = dict(line.split() for line in _KERNEL_COUNTS.read_text().splitlines()) if _KERNEL_COUNTS.exists() else {}
    return int(counts.get("oom_kill", 0))
