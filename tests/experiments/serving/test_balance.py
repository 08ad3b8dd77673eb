"""A process gives a connection up where it holds more than its share, and never otherwise."""

import os
import struct
import subprocess
import sys

import anyio
import pytest
from starlette.responses import PlainTextResponse

from experiments.serving.balance import Balance
from experiments.serving.guard import PATH, Guard
from experiments.serving.metrics import Metrics


@pytest.fixture
def other(tmp_path):
    """Another process, and what it holds."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    def holds(requests: int) -> None:
        (tmp_path / f"{process.pid}.held").write_bytes(struct.pack("=q", requests))

    yield holds
    process.communicate(b"\n")


@pytest.mark.parametrize(("own", "others", "expected"), [(1, 0, False), (2, 0, True), (3, 1, True), (2, 2, False)])
def test_the_fuller_process_gives_up(tmp_path, other, own, others, expected):
    balance = Balance(tmp_path, every_s=0)
    balance.hold(own)
    other(others)
    assert balance.gives_up() is expected


def test_it_looks_at_the_others_only_now_and_then(tmp_path, other):
    balance = Balance(tmp_path, every_s=3600)
    balance.hold(9)
    other(0)
    assert not balance.gives_up()


def test_a_process_that_died_is_forgotten(tmp_path):
    balance = Balance(tmp_path, every_s=0)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f"{dead.pid}.held"
    left.write_bytes(struct.pack("=q", 0))
    balance.hold(5)
    assert not balance.gives_up()
    assert not left.exists()
    assert (tmp_path / f"{os.getpid()}.held").exists()


def answered(guard) -> dict[bytes, bytes]:
    """Send the guard a request and return the headers of its answer."""
    headers = {}

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        headers.update(message.get("headers", []))

    scope = {"type": "http", "path": PATH, "method": "POST", "headers": [(b"content-length", b"0")]}
    anyio.run(guard, scope, receive, send)
    return headers


def test_its_answer_closes_the_connection_that_it_gives_up(tmp_path, other):
    other(0)
    crowded = Balance(tmp_path, every_s=0)
    limits = {"metrics": Metrics(), "max_body_bytes": 1, "max_waiting": 9, "timeout_s": 60.0}
    guard = Guard(PlainTextResponse("yes"), **limits, balance=crowded)
    assert b"connection" not in answered(guard)  # its only request has to be somewhere
    guard._hold(1)
    assert answered(guard)[b"connection"] == b"close"
    assert b"connection" not in answered(Guard(PlainTextResponse("yes"), **limits))
