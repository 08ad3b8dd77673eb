"""Settings in, MLflow's scoring server out, extended: files and batches, limits, readiness, metrics, new champions.

Of ``mlflow.pyfunc.scoring_server`` are the application itself, ``/ping``, ``/health`` and ``/version``; its time limit
took a fifteenth of a request's processor time, and is kept by ``Guard``. ``/invocations`` speaks its protocol, and
more: a bad recording fails alone, errors do not repeat the request, and neither CSV nor Parquet, which can hold a
thousand times their size, is read.
"""

import asyncio
import json
import multiprocessing
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from fastapi import FastAPI
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel, scoring_server
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from experiments.answers import Options, answers
from experiments.serving.balance import Balance
from experiments.serving.bodies import Reading, UnsupportedError, received
from experiments.serving.guard import BUSY, PATH, Guard, refusal
from experiments.serving.messages import MessageError
from experiments.serving.metrics import FOLDER_VARIABLE, Metrics
from experiments.serving.models import Loaded, Models, end_with
from experiments.serving.processes import GRACE_S
from experiments.serving.settings import Settings, from_environment

_THREADS = 2  # of a process, so that a short recording need not wait for the end of a long one

_BAD_REQUEST, _UNSUPPORTED = 400, 415


def build() -> FastAPI:
    """Return the application that a process of ``spooflab serve`` runs."""
    settings, metrics = from_environment(), Metrics()
    if multiprocessing.parent_process() is not None:
        end_with(os.getppid())
    folder = os.environ.get(FOLDER_VARIABLE)
    balance = Balance(Path(folder)) if folder else None
    return application(settings, Models(settings.model, settings.reload_s, metrics), metrics, balance)


def application(settings: Settings, models: Models, metrics: Metrics, balance: Balance | None = None) -> FastAPI:
    """Make the application.

    Args:
        settings: limits and origins.
        models: what to judge with; watched from the start of the application to its end.
        metrics: to tell.
        balance: between the processes; none where there is one.
    """
    described = cast("PyFuncModel", SimpleNamespace(metadata=Model()))  # all that MLflow's application asks of a model
    app: FastAPI = scoring_server.init(described)
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", None) != PATH]
    app.user_middleware.clear()
    app.router.lifespan_context = partial(_lifespan, models)
    pool = ThreadPoolExecutor(_THREADS, "judge", initializer=torch.set_num_threads, initargs=(1,))

    @app.post(PATH)
    async def invocations(request: Request) -> Response:
        deadline_s = time.monotonic() + settings.timeout_s
        loaded = models.current
        if loaded is None:
            return refusal(BUSY, f"no model is loaded yet. {models.problem}".strip(), {"Retry-After": "5"})
        reading = await received(request, settings.max_recordings)
        work = partial(_judge, loaded, reading, settings.max_duration_s, deadline_s, metrics)
        return Response(await asyncio.get_running_loop().run_in_executor(pool, work), media_type="application/json")

    @app.get("/ready")
    async def ready() -> Response:
        served = models.current
        told = {"ready": served is not None, "model": models.uri, "problem": models.problem or None}
        version = {"name": served.name, "version": served.version} if served else {}
        return JSONResponse({**told, **version}, 200 if served else BUSY)

    @app.get("/metrics")
    async def scraped() -> Response:
        return Response(await asyncio.to_thread(metrics.page), media_type="text/plain; version=0.0.4; charset=utf-8")

    _explain_refusals(app)
    app.add_middleware(
        Guard,
        metrics=metrics,
        max_body_bytes=settings.max_body_bytes,
        max_waiting=settings.max_waiting,
        timeout_s=settings.timeout_s + GRACE_S,
        balance=balance,
    )
    if settings.origins:
        app.add_middleware(CORSMiddleware, allow_origins=settings.origins, allow_methods=["GET", "POST"])
    return app


def _judge(loaded: Loaded, reading: Reading, max_duration_s: float, deadline_s: float, metrics: Metrics) -> bytes:
    recordings, params = reading()
    try:
        options = Options.of(params, loaded.countermeasure.detector.crop_s)
    except ValueError as error:
        raise MessageError(str(error)) from error
    found: list[dict[str, Any]] = []
    for recording, answer in zip(
        recordings, answers(loaded.countermeasure, recordings, options, max_duration_s, deadline_s), strict=True
    ):
        found.append({"file": recording.name, **answer})
        metrics.recordings.labels(answer["decision"] or "refused").inc()
        metrics.audio_seconds.inc(answer["duration_s"] or 0.0)
    told = {"predictions": found, "model": {"name": loaded.name, "version": loaded.version}}
    return json.dumps(told, allow_nan=False).encode()


def _explain_refusals(app: FastAPI) -> None:
    statuses: dict[type[Exception], int] = {MessageError: _BAD_REQUEST, UnsupportedError: _UNSUPPORTED}

    def explain(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
        return refusal(statuses[type(error)], str(error))

    for kind in statuses:
        app.add_exception_handler(kind, explain)

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:  # noqa: ARG001 - Starlette's signature
        return refusal(error.status_code, error.detail, dict(error.headers or {}))


@asynccontextmanager
async def _lifespan(models: Models, app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - FastAPI's signature
    await asyncio.to_thread(models.refresh)  # no request is taken before; when it fails, it is tried again
    models.watch()
    yield
    models.close()
