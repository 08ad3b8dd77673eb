"""An address, a body and a number of clients in, the time of every answer out: for benchmarks/serving.py."""

import http.client
import threading
import time
from dataclasses import dataclass

import numpy as np

_BOUNDARY = "a-boundary-that-no-recording-holds"
_OK = 200


@dataclass(frozen=True)
class Round:
    """What clients measured who each send their next request when the last was answered.

    Attributes:
        latencies_ms: of every request.
        throughput: answers a second, all clients together.
    """

    latencies_ms: list[float]
    throughput: float

    def percentile_ms(self, percent: float) -> float:
        """Return a percentile of the latencies."""
        return float(np.percentile(self.latencies_ms, percent))


def upload(content: bytes, field: str = "audio", name: str = "recording.flac") -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a form with one file."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}


def round_of(port: int, body: bytes, headers: dict[str, str], clients: int, seconds: float) -> Round:
    """Send requests over one connection a client for a while.

    Raises:
        RuntimeError: one was not answered well.
    """
    latencies_ms: list[float] = []
    problems: list[str] = []
    start = time.perf_counter()

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not problems and time.perf_counter() - start < seconds:
            before = time.perf_counter()
            connection.request("POST", "/invocations", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            latencies_ms.append(1000 * (time.perf_counter() - before))
            if answer.status != _OK:
                problems.append(f"{answer.status} {content[:200]!r}")
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise RuntimeError(f"found {problems[0]}, expected an answer of 200 from port {port}")
    return Round(latencies_ms, len(latencies_ms) / (time.perf_counter() - start))
