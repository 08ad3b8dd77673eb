"""An order in, its part of a distributed training done: what each process of a group runs."""

import json
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.outcome import Outcome
from experiments.process_group import FAILURE, ORDER, SOCKET, Order, say
from experiments.threads import use
from experiments.train import quieten, train


class Line:
    """The first process's line to who asked for the training."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stop = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def started(self, run_id: str) -> None:
        """Tell the run's id."""
        self._ask({"run": run_id})

    def keep_going(self, epoch: int, measures: Mapping[str, float]) -> bool:
        """Tell an epoch, and return whether to go on."""
        return bool(self._ask({"epoch": epoch, "measures": dict(measures)})["go on"])

    def interrupted(self) -> bool:
        """Whether to stop as after Ctrl-C."""
        return self._stop.is_set()

    def tell(self, message: Mapping[str, Any]) -> None:
        """Say the last word."""
        say(self._socket, message)

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        say(self._socket, message)
        return self._answers.get()

    def _listen(self) -> None:
        with self._socket.makefile("r") as words, suppress(ConnectionError):
            for text in words:
                answer = json.loads(text)
                if answer.get("stop"):
                    self._stop.set()
                else:
                    self._answers.put(answer)
        os.kill(os.getpid(), signal.SIGKILL)  # the asker is gone: nobody wants the rest


def main(folder: Path) -> None:
    """Train as the order says; the first process tells of it, and each why it failed."""
    rank = os.environ["RANK"]
    order = Order(**json.loads((folder / ORDER).read_text()))
    use(order.threads, tell=False)
    quieten()
    line = Line(folder / SOCKET) if rank == "0" else None
    try:
        outcome = _train(order, line)
    except KeyboardInterrupt:
        last: dict[str, Any] = {"interrupted": True}
    except BaseException:
        (folder / FAILURE.format(rank)).write_text(traceback.format_exc())
        raise
    else:
        last = {"outcome": asdict(outcome)}
    if line:
        line.tell(last)


def _train(order: Order, line: Line | None) -> Outcome:
    if line is None:
        return train(order.arguments, resume=order.resume, run_id=order.run_id)
    return train(
        order.arguments,
        name=order.name,
        parent=order.parent,
        tags=dict(order.tags),
        resume=order.resume,
        keep_going=line.keep_going,
        on_start=line.started,
        interrupted=line.interrupted,
        run_id=order.run_id,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
