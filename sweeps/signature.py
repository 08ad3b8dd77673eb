"""A process in, a name out that no other has, now or later; a name in, whether its process is gone out."""

import os
import socket
from pathlib import Path

import psutil

_FIRST_NAMESPACE = 0xEFFFFFFC  # of process numbers, on every Linux; a container has another


def this_worker() -> str:
    """Return a name for this process that no other process has, now or later."""
    return _name(os.getpid())


def gone(worker: str) -> bool | None:
    """Tell whether a process of this machine is gone; none for one of another machine, which only that can tell."""
    machine, pid, _ = worker.rsplit(":", 2)
    if machine != _machine():
        return None
    return worker != _name(int(pid))


def _name(pid: int) -> str:
    """Name a process by machine, number and start, because numbers are used again."""
    try:
        process = psutil.Process(pid)
        # A killed process that nobody waited for is still listed, as a zombie.
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        return f"{_machine()}:{pid}:{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return ""


def _machine() -> str:
    """Name the machine, and the container where there is one: process numbers mean something in it alone."""
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    return socket.gethostname() if namespace == _FIRST_NAMESPACE else f"{socket.gethostname()}/{namespace}"
