"""What the endpoint did in, a page that Prometheus scrapes out: of all processes, whichever answers.

Each process keeps its numbers in files of a folder that all share, named by ``PROMETHEUS_MULTIPROC_DIR``; without that
variable, which must be there before ``prometheus_client`` is imported, a process tells of itself alone.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_LATENCIES_S: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "spooflab_requests", "Requests to judge, by HTTP status.", ["status"], registry=self._registry
        )
        self.seconds = Histogram(
            "spooflab_request_seconds",
            "Time from the head of a request to the end of its answer.",
            buckets=_LATENCIES_S,
            registry=self._registry,
        )
        self.recordings = Counter(
            "spooflab_recordings", "Recordings, by what was said of them.", ["outcome"], registry=self._registry
        )
        self.audio_seconds = Counter("spooflab_audio_seconds", "Sound that was judged.", registry=self._registry)
        self.in_flight = Gauge(
            "spooflab_requests_in_flight",
            "Requests that are being answered.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.serving = Gauge(
            "spooflab_model_processes",
            "Processes that judge with a version of the model.",
            ["model", "version"],
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.reloads = Counter(
            "spooflab_model_loads", "Versions that were to be loaded.", ["outcome"], registry=self._registry
        )

    def page(self) -> bytes:
        """Return all numbers in Prometheus's text format."""
        folder = os.environ.get(FOLDER_VARIABLE)
        if folder is None:
            return generate_latest(self._registry)
        forget_the_dead(Path(folder))
        together = CollectorRegistry()
        MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def forget_the_dead(folder: Path) -> None:
    """Leave out the gauges of processes that are no more; what they counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another process forgets them too
                mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
