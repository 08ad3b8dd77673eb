"""Nothing in, MLflow's pages on the store in use out: ``spooflab ui``."""

import argparse
import os
import sys
from typing import NoReturn

from experiments import experiment_page, listening, tracking
from experiments.mlflow_experiment import experiment_id


def main(arguments: list[str]) -> NoReturn:
    """Show the UI until interrupted.

    Raises:
        OSError: the address cannot be listened on.
    """
    parser = argparse.ArgumentParser(prog="spooflab ui", description="Open the MLflow UI on the same store.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=listening.port, default=5000)
    options = parser.parse_args(arguments)
    if tracking.store().startswith("http"):
        print(f"the store is a server with pages of its own: open {tracking.store()}")
        raise SystemExit(0)
    listening.require_free(options.host, options.port)
    known = experiment_id()
    page = "#/experiments" if known is None else experiment_page.link(known)
    print(f"runs: http://{options.host}:{options.port}/{page}   (the chart icon compares them)", flush=True)
    where = ["--backend-store-uri", tracking.store(), "--host", options.host, "--port", str(options.port)]
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "ui", *where])
