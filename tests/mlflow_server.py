"""A real MLflow server on loopback, that can be killed and started again on the same port and database."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


class Server:
    """Started at once; answers once `wait` has returned."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._folder = folder
        self.start()

    @property
    def uri(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        where = ["--backend-store-uri", f"sqlite:///{self._folder / 'server.db'}"]
        where += ["--artifacts-destination", str(self._folder / "artifacts")]
        command = [sys.executable, "-m", "mlflow", "server", *where, "--port", str(self._port), "--workers", "1"]
        with (self._folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def wait(self, patience_s: float = 120) -> "Server":
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{self.uri}/health", timeout=1).close()
            except OSError:
                time.sleep(0.2)
            else:
                return self
        raise AssertionError((self._folder / "server.log").read_text())

    def kill(self) -> None:
        """As a crash would: nothing is handed over."""

        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
