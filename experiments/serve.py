"""A registered model in, an HTTP endpoint out: ``spooflab serve``, MLflow's scoring server with more to it."""

import argparse
import dataclasses
import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NoReturn

from experiments import listening, registry, tracking
from experiments.serving import processes
from experiments.serving.settings import VARIABLE, Settings
from experiments.threads import cores, told

# A look at a registry that is away ends soon, and the next one comes soon: other commands try for minutes instead.
_SHORT: Final = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_ONCE_AGAIN: Final = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}


def main(arguments: list[str]) -> NoReturn:
    """Serve until interrupted: becomes the server, so that whoever stops this process stops it."""
    options = _parser().parse_args(arguments)
    asked = {field.name: getattr(options, field.name, None) for field in dataclasses.fields(Settings)}
    settings = Settings(**{name: value for name, value in asked.items() if value is not None})
    workers = options.workers or told() or cores()
    listening.require_free(options.host, options.port)
    version = "" if Path(settings.model).is_dir() else f", version {registry.version_of(settings.model).version}"
    print(_where(f"{settings.model}{version}", options.host, options.port, workers), file=sys.stderr, flush=True)
    address = ["--host", options.host, "--port", str(options.port), "--workers", str(workers)]
    environment = {**_SHORT, **os.environ, VARIABLE: settings.as_text(), "MLFLOW_TRACKING_URI": tracking.store()}
    environment |= _ONCE_AGAIN
    os.execve(sys.executable, [sys.executable, "-m", processes.MODULE, *address], environment)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spooflab serve", description="Serve the registered model over HTTP.")
    parser.add_argument(
        "--model",
        default=f"models:/{registry.MODEL_NAME}@{registry.CHAMPION}",
        help="models:/NAME@ALIAS, whose alias is followed, models:/NAME/VERSION, or a `countermeasure` folder",
    )
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 opens it to the network; there is no password")
    parser.add_argument("--port", type=listening.port, default=5001)
    parser.add_argument("--workers", type=_workers, help="processes; one a core when not given")
    parser.add_argument("--max-body-mb", type=float, help="of a request, 32 when not given")
    parser.add_argument("--max-duration-s", type=float, help="of a recording, 600 when not given")
    parser.add_argument("--max-recordings", type=int, help="of a request, 64 when not given")
    parser.add_argument("--timeout-s", type=float, help="of a request, 30 when not given")
    parser.add_argument("--max-waiting", type=int, help="requests that a process holds, 64 when not given")
    parser.add_argument("--reload-s", type=float, help="how often to look for a new version, 10; 0 for never")
    parser.add_argument(
        "--allow-origin",
        action="append",
        type=listening.origin,
        dest="origins",
        help="web page that may read answers, https://HOST; repeat",
    )
    return parser


def _workers(word: str) -> int:
    if (count := int(word)) < 1:
        raise argparse.ArgumentTypeError(f"found {word}, expected 1 or more; leave it out for one a core")
    return count


def _where(model: str, host: str, port: int, workers: int) -> str:
    try:
        alone = ip_address(host).is_loopback
    except ValueError:
        alone = host == "localhost"
    reach = "this machine alone; --host opens it" if alone else "open to the network, without a password"
    return f"{model}: http://{host}:{port}, {reach}; processes: {workers}"
