"""A request that is not answered in time is refused, counted, and no longer held."""

import asyncio
import logging

import pytest

from experiments.serving.guard import PATH, Guard
from experiments.serving.metrics import Metrics

SCOPE = {"type": "http", "path": PATH, "method": "POST", "headers": [(b"content-length", b"0")]}


async def never(scope, receive, send):
    await asyncio.Event().wait()


async def begun(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await never(scope, receive, send)


async def broken(scope, receive, send):
    raise TimeoutError("of a database, say")


@pytest.mark.parametrize(("app", "status"), [(never, 504), (begun, 200), (broken, 500)])
def test_what_takes_too_long_is_refused(app, status, caplog):
    sent, metrics = [], Metrics()
    guard = Guard(app, metrics, max_body_bytes=9, max_waiting=9, timeout_s=0.05)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    with caplog.at_level(logging.ERROR):
        asyncio.run(guard(SCOPE, receive, send))
    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert [message["status"] for message in starts] == [status]  # one answer, never a second
    assert ("0.05 s" in str(sent[-1].get("body"))) == (status == 504)
    assert bool(caplog.records) == (status == 500)
    assert f'spooflab_requests_total{{status="{status}"}} 1.0' in metrics.page().decode()
    assert "spooflab_requests_in_flight 0.0" in metrics.page().decode()
