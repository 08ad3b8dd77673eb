"""The words of a training in, its outcome out: trained by processes of their own, which end with who asked for them.

Lightning would start the further processes of a distributed training by running ``sys.argv`` once more, which for a
trial is a whole sweep. Here torchrun starts all of them, and the first speaks with the asker over a socket, a JSON
object a line: it tells each epoch, and is told whether to go on. When the socket closes, whatever the reason, it kills
itself, and torchrun ends the others: none is left behind.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments import tracking
from experiments.failures import last_lines
from experiments.outcome import Outcome
from experiments.training_callbacks import KeepGoing

ORDER, SOCKET, FAILURE = "order.json", "socket", "failure of process {}.txt"
_GRACE_S = 60  # torchrun gives its processes 30 s
_LOOK_S = 0.2


class ProcessGroupError(RuntimeError):
    """One of the processes failed; the message ends with the last lines of its traceback."""


@dataclass(frozen=True)
class Order:
    """What the processes are told; the rest of what ``train`` takes stays with the asker.

    Attributes:
        arguments: as on the command line.
        name: of the run.
        parent: id of the run to nest under.
        tags: put on the run.
        resume: go on from the last checkpoint of the newest unfinished run of the same config.
        run_id: of a run to go on with.
        threads: that torch may use in each process.
    """

    arguments: Sequence[str]
    name: str | None
    parent: str | None
    tags: Mapping[str, str]
    resume: bool
    run_id: str | None
    threads: int


@dataclass(frozen=True)
class Asker:
    """Who asks for a training: the callbacks that ``train`` takes."""

    keep_going: KeepGoing
    on_start: Callable[[str], None]
    interrupted: Callable[[], bool]


def train_as_group(order: Order, processes: int, asker: Asker) -> Outcome:
    """Train by so many processes of this machine, and return what the first of them says it came to.

    Raises:
        ProcessGroupError: one of the processes failed; the run says so, too.
        KeyboardInterrupt: the asker was interrupted.
    """
    started: list[str] = []
    with tempfile.TemporaryDirectory(prefix="spooflab-") as place, closing(socket.socket(socket.AF_UNIX)) as door:
        folder = Path(place)
        (folder / ORDER).write_text(json.dumps(asdict(order)))
        door.bind(str(folder / SOCKET))
        door.listen()
        group = _start(folder, processes)
        try:
            with _answered(door, group, asker.interrupted) as line:
                last = _converse(line, asker, started)
                _end(group)
            return _result(last, folder, group.returncode)
        except BaseException as error:
            door.close()
            _end(group)
            # What the first process told the run may be no more than that another one left it.
            if started and (isinstance(error, ProcessGroupError) or tracking.is_running(started[0])):
                tracking.end_for(started[0], error)
            raise


def say(line: socket.socket, message: Mapping[str, Any]) -> None:
    """Say something at either end of the line; that the other has hung up shows when it is listened to."""
    with suppress(ConnectionError):
        line.sendall(f"{json.dumps(message)}\n".encode())


def _start(folder: Path, processes: int) -> "subprocess.Popen[bytes]":
    environment = {"OMP_NUM_THREADS": "1", **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if sys.platform == "linux":
        environment.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all are here, whatever this machine's name resolves to
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    command = [sys.executable, *torchrun, "-m", "experiments.group_member", str(folder)]
    return subprocess.Popen(command, env=environment, start_new_session=True)  # Ctrl-C is the asker's to hear


def _answered(door: socket.socket, group: "subprocess.Popen[bytes]", interrupted: Callable[[], bool]) -> socket.socket:
    """Wait for the first process to call, and return the line to it: a dead one when the group ended before."""
    door.settimeout(_LOOK_S)
    while group.poll() is None:
        if interrupted():
            raise KeyboardInterrupt
        with suppress(TimeoutError):
            line, _ = door.accept()
            line.setblocking(True)
            return line
    line, far = socket.socketpair()
    far.close()
    return line


def _converse(line: socket.socket, asker: Asker, started: list[str]) -> dict[str, Any]:
    """Answer the first process until it hangs up, and return its last word, if it had one."""
    last = {}
    for said in _said(line, asker.interrupted):
        match said:
            case {"run": str(run_id)}:
                started.append(run_id)
                asker.on_start(run_id)
                say(line, {})
            case {"epoch": int(epoch), "measures": dict(measures)}:
                say(line, {"go on": asker.keep_going(epoch, measures)})
            case _:
                last = said
    return last


def _said(line: socket.socket, interrupted: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """Yield what the first process says, each time before it waits for an answer, and tell it of Ctrl-C meanwhile."""
    told = False
    with line.makefile("r") as words:
        while True:
            if interrupted() and not told:
                say(line, {"stop": True})
                told = True
            if select.select([line], [], [], _LOOK_S)[0]:
                text = ""
                with suppress(ConnectionError):
                    text = words.readline()
                if not text:
                    return
                yield json.loads(text)


def _result(last: Mapping[str, Any], folder: Path, code: int) -> Outcome:
    """Return the outcome, or raise what the group ended with: the first process to fail takes the others with it."""
    match last:
        case {"outcome": dict(outcome)}:
            return Outcome(**outcome)
        case {"interrupted": True}:
            raise KeyboardInterrupt
    failures = sorted(folder.glob(FAILURE.format("*")), key=lambda path: path.stat().st_mtime_ns)
    if failures:
        text = last_lines(failures[0].read_text())
        raise ProcessGroupError(f"{text.splitlines()[-1]} ({failures[0].stem})\n{text}")
    raise ProcessGroupError(f"the processes of the training ended with code {code} and no exception: killed, perhaps")


def _end(group: "subprocess.Popen[bytes]") -> None:
    """Wait for the group to end by itself, as it does once the line is dead; not for ever."""
    try:
        group.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(group.pid, signal.SIGKILL)
        group.wait()
