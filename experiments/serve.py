"""A registered model in, an HTTP endpoint out: ``spooflab serve``, MLflow's own scoring server."""

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from experiments import registry


def main(arguments: list[str]) -> NoReturn:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="spooflab serve", description="Serve the registered model over HTTP.")
    parser.add_argument("--model", default=f"models:/{registry.MODEL_NAME}@{registry.CHAMPION}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5001)
    options = parser.parse_args(arguments)
    registry.version_of(options.model)
    command = ["models", "serve", "--model-uri", options.model, "--env-manager", "local"]
    # MLflow starts uvicorn by its bare name: find the one beside this Python, active environment or not.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    where = ["--host", options.host, "--port", str(options.port)]
    # Becomes the server instead of waiting for one, so that whoever stops this process stops the server.
    os.execve(sys.executable, [sys.executable, "-m", "mlflow", *command, *where], {**os.environ, "PATH": path})
