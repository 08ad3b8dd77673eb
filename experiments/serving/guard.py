"""A request to judge in, the same within its limits, counted and timed, out; or its refusal."""

import asyncio
import logging
import time
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from experiments.serving.balance import Balance
from experiments.serving.metrics import Metrics

PATH: Final = "/invocations"
TOO_LARGE, BUSY, FAILED, LATE, GONE = 413, 503, 500, 504, 499
_log = logging.getLogger("uvicorn.error")


class Guard:
    """Stands before the application; what is not a request to judge passes untouched.

    Args:
        app: to stand before.
        metrics: told of every request.
        max_body_bytes: of a body, whatever its head says.
        max_waiting: requests held at a time, so that memory has a limit: further ones are told to come again.
        timeout_s: that a request may take from its first byte to the answer.
        balance: between the processes; none where there is one.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        max_body_bytes: int,
        max_waiting: int,
        timeout_s: float,
        balance: Balance | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._balance = balance
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or refuse in its place."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), GONE

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._balance is not None and self._balance.gives_up():
                    message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        self._hold(1)
        try:
            async with asyncio.timeout(self._timeout_s) as limit:
                await self._admitted(scope, receive, told)
        except Exception as error:  # noqa: BLE001 - the server goes on
            late = isinstance(error, TimeoutError) and limit.expired()
            if not late:
                _log.exception("a request failed")
            if status == GONE:  # nothing was sent
                await (self._late() if late else _failed())(scope, receive, told)
        finally:
            self._hold(-1)
            self._metrics.requests.labels(str(status)).inc()
            self._metrics.seconds.observe(time.perf_counter() - start)

    def _hold(self, more: int) -> None:
        self._waiting += more
        self._metrics.in_flight.inc(more)
        if self._balance is not None:
            self._balance.hold(self._waiting)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._waiting > self._max_waiting:
            busy = f"{self._max_waiting} requests are waiting here already; come again, or start more processes"
            await refusal(BUSY, busy, {"Retry-After": "1"})(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if not stated.isdigit() or int(stated) > self._max_body_bytes:
            await refusal(TOO_LARGE, self._too_large(), {"Connection": "close"})(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message if received <= self._max_body_bytes else {"type": "http.disconnect"}

        try:
            await self._app(scope, counted, send)
        except ClientDisconnect:
            if received > self._max_body_bytes:  # it is still there, and was not heard to the end
                await refusal(TOO_LARGE, self._too_large(), {"Connection": "close"})(scope, receive, send)

    def _late(self) -> JSONResponse:
        return refusal(LATE, f"not taken in and answered within {self._timeout_s:g} s", {"Connection": "close"})

    def _too_large(self) -> str:
        return f"expected at most {self._max_body_bytes / 1e6:g} MB: send fewer or shorter recordings, or compress them"


def _failed() -> JSONResponse:
    return refusal(FAILED, "it failed here, through no fault of the request")


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an answer of why there is none, in the form of MLflow's own errors."""
    return JSONResponse({"error_code": str(status), "message": message}, status, headers)
