"""Recordings in, what a judge says of each out: by several processes, in the order of the inputs, few at a time."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from datamodules.audio import AudioError
from experiments.file_facts import facts_of
from experiments.inference import Countermeasure, Verdict
from experiments.score_inputs import Item
from experiments.threads import use

AHEAD: Final = 8
"""Recordings under way for each process, at most: what is done waits for what came before it."""
DEADLY_IN_A_ROW: Final = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of a recording.

    Attributes:
        verdict: of the judge.
        facts: of the audio; empty where they were not asked for.
    """

    verdict: Verdict
    facts: dict[str, float]


Judge = Callable[[Path], Judged]
Answer = Judged | str  # or why it cannot be judged


class Opener(Protocol):
    """Opens a judge in the process that is to use it; hashable, and small enough to be sent with each recording."""

    def open(self) -> Judge:
        """Return a judge, which raises ``AudioError`` for what it cannot judge."""

    def __hash__(self) -> int:
        """Equal openers open the same judge: a process opens it once."""


@dataclass(frozen=True)
class CountermeasureOpener:
    """Opens a deployed countermeasure.

    Attributes:
        folder: that it lies in.
        window_s: length of a window; the training crop when none.
        hop_s: from window to window; half a window when none.
        facts: measure the audio as well.
    """

    folder: Path
    window_s: float | None = None
    hop_s: float | None = None
    facts: bool = False

    def open(self) -> Judge:
        """Load it."""
        countermeasure = Countermeasure.load(self.folder)

        def judge(path: Path) -> Judged:
            verdict = countermeasure.judge(path, window_s=self.window_s, hop_s=self.hop_s)
            return Judged(verdict, facts_of(path) if self.facts else {})

        return judge


def judge_all(opener: Opener, items: Iterable[Item], jobs: int) -> Iterator[tuple[Item, Answer]]:
    """Judge recordings, and yield each with its answer, in their order.

    One that ends the process that reads it, as what is broken can do to a decoder, is found out by being judged alone,
    and has that for an answer.

    Args:
        opener: of the judge.
        items: recordings; no more are taken from it than are under way.
        jobs: processes, with a thread each; 1: this one.

    Raises:
        RuntimeError: whatever is judged ends its process.
    """
    if jobs == 1:
        yield from ((item, _answer(opener, item)) for item in items)
        return
    remaining, under_way = iter(items), deque[Item]()
    while True:
        yield from _by_pool(opener, remaining, under_way, jobs, AHEAD * jobs)
        if not under_way:
            return
        suspects = list(under_way)
        under_way.clear()
        yield from _one_by_one(opener, suspects)


def _by_pool(
    opener: Opener, items: Iterator[Item], under_way: deque[Item], jobs: int, ahead: int
) -> Iterator[tuple[Item, Answer]]:
    """Judge until all are, or a process ends: then those without an answer are left in ``under_way``."""
    futures: deque[Future[Answer]] = deque()
    with _pool(jobs) as pool, suppress(BrokenProcessPool):
        while True:
            for item in islice(items, ahead - len(under_way)):
                under_way.append(item)
                with _shielded():
                    futures.append(pool.submit(_answer, opener, item))
            if not under_way:
                return
            answer = futures.popleft().result()
            yield under_way.popleft(), answer


def _one_by_one(opener: Opener, suspects: Iterable[Item]) -> Iterator[tuple[Item, Answer]]:
    remaining, alone, in_a_row = iter(suspects), deque[Item](), 0
    while True:
        for answered in _by_pool(opener, remaining, alone, 1, 1):
            in_a_row = 0
            yield answered
        if not alone:
            return
        in_a_row += 1
        if in_a_row == DEADLY_IN_A_ROW:
            raise RuntimeError(
                f"{alone[0].path}: the {in_a_row}rd recording in a row that ended its process, expected an answer of "
                "some: is there too little memory? Try --jobs 1"
            )
        yield alone[0], f"{alone[0].path}: found a file that ends the process that reads it; look at it by other means"
        alone.clear()


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with this one, whatever ends it."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _settle_in)
    try:
        yield pool
    except BaseException:  # Ctrl-C, or nobody wants the rest: a long recording is not waited for
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    pool.shutdown()


@contextmanager
def _shielded() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: it is for their parent, which gets it as soon as they are started."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settle_in() -> None:
    use(1, tell=False)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # it was killed: nobody would tell this process that there is no more to do


def _answer(opener: Opener, item: Item) -> Answer:
    try:
        return _opened(opener)(item.path)
    except AudioError as error:
        return str(error)


@cache
def _opened(opener: Opener) -> Judge:
    return opener.open()
