"""`spooflab serve` for real, on a free port of loopback, and clients that send to it until they are told to stop."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
Request = tuple[str, bytes]


class Endpoint:
    """A server that was started, and is ready."""

    def __init__(self, model: str, *words: str, log: Path, patience_s: float = 180) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.log = log
        command = [sys.executable, "-m", "experiments.cli", "serve", "--model", model, "--port", str(self.port), *words]
        with log.open("wb") as file:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            self.process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        end = time.monotonic() + patience_s
        while not self.ready():
            assert self.process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.3)

    def ready(self) -> bool:
        try:
            return self.get("/ready")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def post(self, request: Request) -> tuple[int, dict]:
        kind, body = request
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("POST", "/invocations", body, {"Content-Type": kind})
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return answer.status, content

    def processes(self) -> list[psutil.Process]:
        """Those that judge."""
        found = psutil.Process(self.process.pid).children()
        return [child for child in found if "spawn_main" in " ".join(child.cmdline())]

    def memory_mb(self) -> list[float]:
        return [process.memory_info().rss / 1e6 for process in self.processes()]

    def stop(self) -> int:
        """Tell it to go, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        finally:
            self.process.kill()


class Clients:
    """Threads that each do something again and again, with their own count of turns; a failure ends them all."""

    def __init__(self, count: int, turn: Callable[[int], None]) -> None:
        self.turns = 0
        self.failures: list[BaseException] = []
        self._turn = turn
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed,)) for seed in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self, seed: int) -> None:
        number = 0
        while not self._over.is_set():
            try:
                self._turn(seed * 1_000_003 + number)
            except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
                self.failures.append(error)
                self._over.set()
            number += 1
            self.turns += 1

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self.failures:
            raise self.failures[0]
