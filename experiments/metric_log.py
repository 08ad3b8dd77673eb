"""Metrics of a training in, a few large batches of them on its MLflow run out: no epoch waits for a server.

What is measured is written to a file beside the checkpoints at once, and sent every few seconds by a thread. So nothing
is lost while the server is away, or when the process is killed: who goes on with the run sends the file once more, of
which the store keeps what it lacks.
"""

import json
import logging
import threading
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pytorch_lightning.loggers import Logger

from experiments import tracking
from experiments.mlflow_experiment import EXPERIMENT

FILE = "metrics.jsonl"
_EVERY_S = 5.0  # the UI is so far behind at most

_log = logging.getLogger(__name__)


class MetricLog(Logger):
    """Lightning's way to one MLflow run; closing it waits until all is sent.

    Args:
        run_id: of the run.
        folder: keeps the file of all that was measured; what is in it is sent first.
        every_s: the least time between two batches.
    """

    def __init__(self, run_id: str, folder: Path, every_s: float = _EVERY_S) -> None:
        super().__init__()
        self._run_id = run_id
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE
        self._unsent = _read(self._path)
        self._file = self._path.open("a")
        self._every_s = every_s
        self._appending = threading.Lock()
        self._arrived, self._closing = threading.Event(), threading.Event()
        self._sender = threading.Thread(target=self._send_now_and_then, name="metrics", daemon=True)
        self._sender.start()

    @property
    def name(self) -> str:
        """What Lightning would name folders after."""
        return EXPERIMENT

    @property
    def version(self) -> str:
        """What Lightning would name folders after."""
        return self._run_id

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Keep the values of a step, to be sent."""
        now = time.time_ns() // 1_000_000
        points = [tracking.Point(name, float(value), now, step or 0) for name, value in metrics.items()]
        with self._appending:
            self._file.writelines(f"{json.dumps(point)}\n" for point in points)
            self._file.flush()
            self._unsent += points
        self._arrived.set()

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any) -> None:  # noqa: ANN401 - Lightning's
        """Nothing: the whole config is on the run already."""

    def close(self) -> None:
        """Send what is left.

        Raises:
            ConnectionError: the store did not take it, though asked for minutes.
            LookupError: the run was deleted.
        """
        self._closing.set()
        self._arrived.set()
        self._sender.join()
        try:
            self._send()
        except ConnectionError as error:
            raise ConnectionError(
                f"{len(self._unsent)} values of run {self._run_id} could not be sent, and are kept in {self._path}: "
                f"`spooflab train` of the same config with `--ckpt last` sends them once {tracking.store()} answers "
                f"({error})"
            ) from error
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self.close()
        except (ConnectionError, LookupError) as unsent:
            if error is None:
                raise
            error.add_note(str(unsent))  # why the training ended matters more

    def _send_now_and_then(self) -> None:
        while not self._closing.is_set():
            self._arrived.wait()
            self._closing.wait(self._every_s)
            if self._closing.is_set():
                return
            self._arrived.clear()
            try:
                self._send()
            except LookupError:  # the run was deleted: `close` says so
                return
            except ConnectionError as error:
                _log.warning("metrics are kept in %s for now: %s", self._path, error)
                self._arrived.set()

    def _send(self) -> None:
        with self._appending:
            points = list(self._unsent)
        tracking.log_points(self._run_id, points)
        with self._appending:
            del self._unsent[: len(points)]


def _read(path: Path) -> list[tracking.Point]:
    """Read what an earlier process measured; a line that it was killed in is no measurement, and cut off."""
    if not path.exists():
        return []
    whole, newline, _ = path.read_text().rpartition("\n")
    with path.open("r+") as file:
        file.truncate(len(whole + newline))
    return [tracking.Point(*json.loads(line)) for line in whole.splitlines()]
