"""Settings in the environment and an address in, the endpoint's processes out, until interrupted.

A process of its own, which imports neither torch nor MLflow: it only starts the others again when they die.
"""

import argparse
import math
import os
import socket
import sys
import tempfile
from contextlib import suppress
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess

from experiments.interrupts import terminated_by_ctrl_c
from experiments.serving.settings import from_environment

MODULE: Final = "experiments.serving.processes"
GRACE_S: Final = 5.0
"""Beyond the time limit of a request, until what is still going on is given up."""
_APP = "experiments.serving.app:build"
_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # must be there when prometheus_client is first imported
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_WELL_WITHIN_S = 15
"""Importing torch from a slow disk may keep a process from saying that it is well for longer than uvicorn's 5 s."""


def main(arguments: list[str]) -> int:
    """Serve; when interrupted, take no more requests and answer those that have begun."""
    parser = argparse.ArgumentParser(prog=MODULE)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    options = parser.parse_args(arguments)
    settings = from_environment()
    with tempfile.TemporaryDirectory(prefix="spooflab-metrics-") as folder, terminated_by_ctrl_c():
        os.environ.update({_FOLDER_VARIABLE: folder, **dict.fromkeys(_ONE_THREAD, "1")})
        config = uvicorn.Config(
            _APP,
            factory=True,
            host=options.host,
            port=options.port,
            workers=options.workers,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=math.ceil(settings.timeout_s + GRACE_S),
            timeout_worker_healthcheck=_WELL_WITHIN_S,
        )
        listening = config.bind_socket()
        # Connections inherit it. asyncio leaves it out for a socket that was handed to a process, and then the second
        # half of every answer waits 40 ms for the first to be acknowledged.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(KeyboardInterrupt):
            if config.workers > 1:
                Multiprocess(config, sockets=[listening]).run()
            else:
                uvicorn.Server(config).run(sockets=[listening])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
