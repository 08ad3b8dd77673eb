"""Ctrl-C or SIGTERM in, a flag out: work stops where it is safe, never in the middle of a database transaction."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # what shells report after Ctrl-C


@contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl-C instead of raising; a second one raises as usual.

    SIGTERM is noted as well, however often it comes: a machine that is taken away (SLURM, Kubernetes, spot instances)
    sends it, to a process and to those that it has started, and kills what is left after half a minute or so.

    Yields:
        A function that tells whether to stop.
    """
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal module's signature
        nonlocal pressed
        pressed = True
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, before[signal.SIGINT])

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: pressed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def terminated_by_ctrl_c() -> Iterator[None]:
    """Have SIGTERM raise KeyboardInterrupt, so that what is told to go cleans up as after Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():  # which alone may set handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
