"""A study in, its total of trials out: workers of this machine are kept at it, and the dead replaced."""

import time
from collections.abc import Callable
from typing import Protocol

import optuna

from experiments.interrupts import deferred
from sweeps.deaths import Death
from sweeps.reconcile import put_back, reconcile, sign
from sweeps.streak import stop, stopped
from sweeps.study import PARENT, TOTAL, settled, waiting

MOST_DEATHS = 3
_LOOK_EVERY_S, _PUT_BACK_EVERY_S, _SIGN_EVERY_S = 0.5, 3.0, 30.0


class Crew(Protocol):
    """Workers that one launcher hires: processes of its machine, or tasks on a cluster."""

    def __len__(self) -> int: ...

    def hire(self, wanted: int) -> None:
        """Take on as many as there is room for, up to so many."""

    def dead(self) -> list[Death]:
        """Strike off those that ended, and return how those died that did not mean to."""

    def wait(self, seconds: float) -> None:
        """Wait so long, or until one of them ends."""

    def stop(self) -> None:
        """Have each put its trial back, and wait until it did."""

    def kill(self) -> None:
        """End them at once."""


def run_crew(
    members: Crew, study: optuna.Study, launching: bool = True, update: Callable[[], None] = lambda: None
) -> None:
    """Keep workers at a study until it has its total, or was stopped.

    Args:
        members: that are to work.
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
                for death in members.dead():
                    deaths.note(death)
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
        self._count, self._settled = 0, len(settled(study))

    def note(self, death: Death) -> None:
        """Put the trial of a worker back that died."""
        ended = len(settled(self._study))
        self._count = (self._count if ended == self._settled else 0) + death.alone
        self._settled = ended
        print(f"a worker ended: {death.why}", flush=True)
        dead = [] if death.task is None else [death.task]
        for repair in reconcile(self._study, self._study.user_attrs[PARENT], death.why, dead):
            print(repair, flush=True)
        if self._count == MOST_DEATHS and death.alone:
            stop(
                self._study,
                f"{MOST_DEATHS} workers ended and no trial did in between, the last because {death.why}\n"
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
