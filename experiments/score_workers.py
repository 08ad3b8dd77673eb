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
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, TypeVar

from datamodules.audio import AudioError
from experiments.score_item import Item

AHEAD: Final = 8
"""Recordings under way for each process, at most: what is done waits for what came before it."""
DEADLY_IN_A_ROW: Final = 3


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Opener(Protocol[T_co]):
    """Opens a judge in the process that is to use it; hashable, and small enough to be sent with each recording."""

    def open(self) -> Callable[[Path], T_co]:
        """Return a judge, which raises ``AudioError`` for what it cannot judge."""

    def __hash__(self) -> int:
        """Equal openers open the same judge: a process opens it once."""


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
        yield from _by_pool(opener, remaining, under_way, jobs, AHEAD * jobs)
        if not under_way:
            return
        suspects = list(under_way)
        under_way.clear()
        yield from _one_by_one(opener, suspects)


def _by_pool(
    opener: Opener[T], items: Iterator[Item], under_way: deque[Item], jobs: int, ahead: int
) -> Iterator[tuple[Item, T | AudioError]]:
    """Judge until all are, or a process ends: then those without an answer are left in ``under_way``."""
    futures: deque[Future[T | AudioError]] = deque()
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


def _one_by_one(opener: Opener[T], suspects: Iterable[Item]) -> Iterator[tuple[Item, T | AudioError]]:
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


def _answer(opener: Opener[T], item: Item) -> T | AudioError:
    return _judged(_opened(opener), item)


def _judged(judge: Callable[[Path], T], item: Item) -> T | AudioError:
    try:
        return judge(item.path)
    except AudioError as error:
        return error


@cache
def _opened(opener: Opener[T]) -> Callable[[Path], T]:
    return opener.open()
