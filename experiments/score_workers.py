"""Recordings in, what a judge says of each out: by several processes, in the order of the inputs, few at a time."""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, TypeVar

from datamodules.audio import AudioError
from experiments.score_item import Item

CHUNK: Final = 8
"""Recordings that are sent to a process together: on a busy machine, each time that one waits for the other costs."""
AHEAD: Final = 4 * CHUNK
"""Recordings under way for each process, at most: what is done waits for what came before it."""
DEADLY_IN_A_ROW: Final = 3


TRIAL_S: Final = 5.0
WORTH_S: Final = 60.0
"""On two busy cores two processes took half a minute to start, on the time of the first."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Opener(Protocol[T_co]):
    """Opens a judge in the process that is to use it; hashable, and small enough to be sent with each recording."""

    def open(self) -> Callable[[Path], T_co]:
        """Return a judge, which raises ``AudioError`` for what it cannot judge."""

    def __hash__(self) -> int:
        """Equal openers open the same judge: a process opens it once."""


def judge_many(
    opener: Opener[T],
    items: Iterable[Item],
    total: int,
    jobs: int,
    *,
    trial_s: float = TRIAL_S,
    worth_s: float = WORTH_S,
) -> Iterator[tuple[Item, T | AudioError]]:
    """Judge recordings in this process, and once it is known to take long by several: to start them takes long as well.

    Args:
        opener: of the judge.
        items: recordings.
        total: how many they are.
        jobs: processes, if it takes long.
        trial_s: after so long it is estimated how long the rest will take.
        worth_s: of the rest, from which on processes are started.

    Raises:
        RuntimeError: whatever is judged ends its process.
    """
    remaining, start_s = iter(items), 0.0
    for done, answered in enumerate(judge_all(opener, remaining, 1)):
        yield answered
        if not done:  # the first waits for the judge to be opened
            start_s = time.monotonic()
            continue
        passed_s = time.monotonic() - start_s
        if jobs > 1 and passed_s >= trial_s and passed_s / done * (total - done - 1) >= worth_s:
            yield from judge_all(opener, remaining, jobs)
            return


def judge_all(opener: Opener[T], items: Iterable[Item], jobs: int) -> Iterator[tuple[Item, T | AudioError]]:
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
        judge = opener.open()  # anew: what lies in a folder may be another model by the next call
        yield from ((item, _judged(judge, item)) for item in items)
        return
    remaining, under_way = iter(items), deque[Item]()
    while True:
        yield from _by_pool(opener, remaining, under_way, jobs, CHUNK, AHEAD * jobs)
        if not under_way:
            return
        suspects = list(under_way)
        under_way.clear()
        yield from _one_by_one(opener, suspects)


def _by_pool(
    opener: Opener[T], items: Iterator[Item], under_way: deque[Item], jobs: int, chunk: int, ahead: int
) -> Iterator[tuple[Item, T | AudioError]]:
    """Judge until all are, or a process ends: then those without an answer are left in ``under_way``."""
    futures: deque[Future[list[T | AudioError]]] = deque()
    with _pool(jobs) as pool, suppress(BrokenProcessPool):
        while True:
            while len(under_way) + chunk <= ahead and (together := list(islice(items, chunk))):
                under_way.extend(together)
                with _shielded():
                    futures.append(pool.submit(_answers, opener, together))
            if not under_way:
                return
            for answer in futures.popleft().result():
                yield under_way.popleft(), answer


def _one_by_one(opener: Opener[T], suspects: Iterable[Item]) -> Iterator[tuple[Item, T | AudioError]]:
    remaining, alone, in_a_row = iter(suspects), deque[Item](), 0
    while True:
        for answered in _by_pool(opener, remaining, alone, 1, 1, 1):
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
        path = alone[0].path
        yield (
            alone[0],
            AudioError(f"{path}: found a file that ends the process that reads it; look at it by other means"),
        )
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
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # it was killed: nobody would tell this process that there is no more to do


def _answers(opener: Opener[T], items: Sequence[Item]) -> list[T | AudioError]:
    return [_judged(_opened(opener), item) for item in items]


def _judged(judge: Callable[[Path], T], item: Item) -> T | AudioError:
    try:
        return judge(item.path)
    except AudioError as error:
        return error


@cache
def _opened(opener: Opener[T]) -> Callable[[Path], T]:
    return opener.open()
