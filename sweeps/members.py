"""A job in, processes that work at it out: each on its part of the machine, told by a line when to stop.

They are forked from a process that has imported all that they need: what takes one of them seconds is done once, and
one that takes a dead one's place begins at once. That process computes nothing, so PyTorch has no threads yet that a
fork would lose.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from experiments.threads import share
from sweeps import shares
from sweeps.deaths import Coroner, Death
from sweeps.worker import Job, work

_INTERRUPTED = 130
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class _Member:
    """A process, and the line to it: a word on it is Ctrl-C, its end that the launcher is dead."""

    process: BaseProcess
    line: Connection


class Members:
    """Processes of this machine that work at a job.

    Args:
        job: what they work at.
        most: processes at a time.
        gpus_each: that each sees, where there are any.
    """

    def __init__(self, job: Job, most: int, gpus_each: int = 1) -> None:
        self._job, self._most, self._gpus_each = job, most, gpus_each
        self._members: dict[int, _Member] = {}
        self._coroner = Coroner()

    def __len__(self) -> int:
        return len(self._members)

    def hire(self, wanted: int) -> None:
        """Start processes in the free places, up to so many."""
        free = [index for index in range(self._most) if index not in self._members]
        for index in free[:wanted]:
            self._members[index] = self._start(index)

    def dead(self) -> list[Death]:
        """Strike off the processes that ended, and return how those died that did not mean to."""
        ended = {index: member.process.exitcode for index, member in self._members.items()}
        for index, code in ended.items():
            if code is not None:
                self._members.pop(index).line.close()
        return [self._coroner.examine(code) for code in ended.values() if code not in (None, 0, _INTERRUPTED)]

    def wait(self, seconds: float) -> None:
        """Wait so long, or until one of them ends."""
        if self._members:
            wait([member.process.sentinel for member in self._members.values()], seconds)
        else:
            time.sleep(seconds)

    def stop(self) -> None:
        """Have each put its trial back, and wait until it did."""
        for member in self._members.values():
            try:
                member.line.send(None)
            except OSError:
                continue  # it has ended
        for member in self._members.values():
            member.process.join()

    def kill(self) -> None:
        """End them at once; the next launch puts their trials back."""
        for member in self._members.values():
            member.process.kill()

    def _start(self, index: int) -> _Member:
        theirs, ours = _FORKS.Pipe(duplex=False)
        job = replace(self._job, index=self._job.index + index)
        arguments = (job, index, self._most, self._gpus_each, theirs, dict(os.environ))
        process = _FORKS.Process(target=_work, args=arguments)
        with _deaf():
            process.start()
        theirs.close()
        return _Member(process, ours)


def _work(job: Job, index: int, workers: int, gpus_each: int, line: Connection, environment: Mapping[str, str]) -> None:
    os.environ.clear()  # it is that of when the first worker was forked
    os.environ.update(environment)
    os.setpgid(0, 0)  # Ctrl-C in the terminal is the launcher's, that passes it on: it comes once, and never too early
    signal.signal(signal.SIGINT, signal.default_int_handler)
    told = threading.Event()
    threading.Thread(target=_listen, args=(line, told), daemon=True).start()
    shares.take(index, workers, gpus_each)
    try:
        work(replace(job, threads=share()), told.is_set)
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None


def _listen(line: Connection, told: threading.Event) -> None:
    """Note Ctrl-C, and end this process when its launcher is killed: an orphan would go on beside the next launch's."""
    try:
        while True:
            line.recv()
            told.set()
    except EOFError:
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _deaf() -> Iterator[None]:
    """Have a process that is started ignore Ctrl-C while it imports what it needs."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
