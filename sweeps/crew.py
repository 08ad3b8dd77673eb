"""A study in, its total of trials out: workers of this machine are kept at it, and the dead replaced."""

import time
from collections.abc import Callable
from pathlib import Path

import optuna

from experiments.failures import OUT_OF_MEMORY
from experiments.interrupts import deferred
from sweeps.members import Members
from sweeps.mirror import DIED
from sweeps.reconcile import put_back, reconcile, sign
from sweeps.streak import stop, stopped
from sweeps.study import PARENT, TOTAL, settled, waiting

MOST_DEATHS = 3
_LOOK_EVERY_S, _PUT_BACK_EVERY_S, _SIGN_EVERY_S = 0.5, 3.0, 30.0
_KERNEL_COUNTS = Path("/proc/vmstat")


def run_crew(
    members: Members, study: optuna.Study, launching: bool = True, update: Callable[[], None] = lambda: None
) -> None:
    """Keep workers at a study until it has its total, or was stopped.

    Args:
        members: processes of this machine.
        study: that they work at.
        launching: this process answers for the sweep: it stays until trials on other machines have ended too, and
            leaves signs of life. One that only joined leaves when nothing waits.
        update: called about twice a second.

    Raises:
        KeyboardInterrupt: Ctrl-C, once every worker has put its trial back.
    """
    deaths = Deaths(study)
    for_now, signs = Every(_PUT_BACK_EVERY_S), Every(_SIGN_EVERY_S)
    tell_once = Every(float("inf"))
    try:
        with deferred() as interrupted:
            while not interrupted():
                for code in members.dead():
                    deaths.note(code)
                over = stopped(study) is not None or len(settled(study)) >= study.user_attrs[TOTAL]
                if not over:
                    members.hire(len(waiting(study)))
                if not members and (over or not launching):
                    return
                if not members and tell_once.is_due():
                    print("nothing waits here; trials still run elsewhere (Ctrl-C leaves them to it)", flush=True)
                if launching and signs.is_due():
                    sign(study)
                if for_now.is_due():
                    for repair in put_back(study):
                        print(repair, flush=True)
                members.wait(_LOOK_EVERY_S)
                update()
            members.stop()
    except KeyboardInterrupt:  # pressed twice
        members.kill()
        raise
    raise KeyboardInterrupt


class Deaths:
    """Counts workers that died, and stops the sweep when nothing but that happens.

    Args:
        study: that they worked at.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self._count, self._settled, self._kills = 0, len(settled(study)), _kills_for_memory()

    def note(self, code: int) -> None:
        """Put the trial of a worker back that ended with a code it should not have."""
        ended, kills = len(settled(self._study)), _kills_for_memory()
        reason = _why(code, kills > self._kills)
        self._count = self._count + 1 if ended == self._settled else 1
        self._settled, self._kills = ended, kills
        print(f"a worker ended: {reason}", flush=True)
        for repair in reconcile(self._study, self._study.user_attrs[PARENT], reason):
            print(repair, flush=True)
        if self._count == MOST_DEATHS:
            stop(
                self._study,
                f"{MOST_DEATHS} workers ended and no trial did in between, the last because {reason}\n"
                "Type the same command again when it is mended: it goes on from here.",
            )


class Every:
    """Tells whether so much time is over since it last said so; the first time it is."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, 0.0

    def is_due(self) -> bool:
        """Ask."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


def _why(code: int, for_memory: bool) -> str:
    if code >= 0:
        return f"the worker ended with code {code}: what it printed says why"
    if for_memory:
        return f"{DIED}; the kernel ended processes for want of memory meanwhile. {OUT_OF_MEMORY}"
    return f"{DIED}: signal {-code}"


def _kills_for_memory() -> int:
    """Return how many processes the kernel has ended for want of memory since it started."""
    counts = dict(line.split() for line in _KERNEL_COUNTS.read_text().splitlines()) if _KERNEL_COUNTS.exists() else {}
    return int(counts.get("oom_kill", 0))
