"""A process that is to train in, one that keeps the memory it freed out.

The C library maps every large tensor anew, and the kernel clears its pages: on the CPU a small CNN's training step took
a quarter longer. What is kept is reused by the next step, whose tensors are as large.
"""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h
_KEPT_BYTES = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have glibc keep up to 2 GiB of freed memory; whether this process runs on glibc, which else is left alone."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES))
