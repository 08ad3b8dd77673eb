"""The address of MLflow's store in, a client of it out: made once however many come first, waited for while away."""

import functools
import os
import socket
import sqlite3
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
from sqlalchemy.engine import make_url

from datamodules.safe_files import alone

# Every request is tried again for about eight minutes: 0, 2, 4, … 64 s later, then every two minutes. What a person has
# set stays.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "10")  # the most that MLflow allows
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # a bar for every small file hides what matters
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # or JSON would not be alone there
_FIRST_ANSWER_S = 60.0  # a server that never answered is more likely one that is not there
_PORTS = {"http": 80, "https": 443}


def client() -> mlflow.MlflowClient:
    """Return a client of the store in use, which is there by then.

    Raises:
        ConnectionError: it is a server that does not answer.
    """
    uri = address()
    if uri.startswith("sqlite:") and (file := make_url(uri).database):
        _make(uri, Path(file).absolute())
    elif uri.startswith(tuple(f"{scheme}:" for scheme in _PORTS)):
        _reach(uri, _FIRST_ANSWER_S)
    return mlflow.MlflowClient(uri)


def address() -> str:
    """Return the URI of the store in use."""
    return str(mlflow.get_tracking_uri())


@functools.cache
def _make(uri: str, file: Path) -> None:
    """Make the tables of a database, unless they are there: two processes that do so at once break each other.

    Its writers append to a log (WAL), so that they and readers, such as the UI, do not wait for each other.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone(file.with_name(f"{file.name}.lock")):
        with closing(sqlite3.connect(file, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        mlflow.MlflowClient(uri).search_experiments(max_results=1)


@functools.cache
def _reach(uri: str, patience_s: float) -> None:
    """Wait until a server takes connections."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
        return  # the proxy answers for it
    end, told = time.monotonic() + patience_s, False
    while True:
        try:
            socket.create_connection((host, parts.port or _PORTS[parts.scheme]), timeout=5).close()
        except OSError as error:
            if time.monotonic() > end:
                raise ConnectionError(
                    f"no MLflow server answers at {uri} ({error}): start it there, or name another in "
                    "MLFLOW_TRACKING_URI"
                ) from error
        else:
            return
        if not told:
            print(f"waiting up to {patience_s:.0f} s for an MLflow server at {uri}", file=sys.stderr)
            told = True
        time.sleep(0.5)
