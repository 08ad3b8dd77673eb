"""How many processes share the machine in, how many threads this one may use out.

Threads beyond a process's share do not just fail to help: with one other busy process on two cores, features of single
clips ran 25 times slower on two threads than on one. So every command that computes states its share at its start.
"""

import os
import sys

import torch

VARIABLE = "SPOOFLAB_THREADS"


def share(processes: int = 1) -> int:
    """Threads for each of some processes: an equal part of the cores this one may use, or what the variable says.

    Raises:
        ValueError: the environment variable ``SPOOFLAB_THREADS`` is no number above 0.
    """
    return told() or max(1, cores() // max(1, processes))


def told() -> int | None:
    """Threads that the variable says, if it says any.

    Raises:
        ValueError: it is no number above 0.
    """
    word = os.environ.get(VARIABLE)
    if word is None:
        return None
    if not word.isdecimal() or int(word) < 1:
        raise ValueError(f"{VARIABLE}: found {word!r}, expected a number of threads above 0")
    return int(word)


def use(threads: int, tell: bool = True) -> None:
    """Let torch use so many threads, and say so on stderr."""
    torch.set_num_threads(threads)
    if tell:
        print(f"threads: {threads} of {cores()} cores ({VARIABLE} sets another number)", file=sys.stderr)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))
