"""An endpoint that could not listen says so in a sentence, before it announces an address."""

import os
import socket

import pytest

from experiments.cli import main as spooflab
from experiments.serve import main
from tests.served import tiny_countermeasure


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "99999"], "argument --port: found 99999, expected a port from 1 to 65535"),
        (["--port", "0"], "expected a port"),
        (["--port", "-1"], "expected a port"),
        (["--port", "http"], "expected a port"),
        (["--workers", "0"], "argument --workers: found 0, expected 1 or more"),
        (["--workers", "-3"], "found -3, expected 1 or more"),
        (["--allow-origin", "page.example"], "found page.example, expected https://HOST"),
        (["--allow-origin", "https://page.example/app"], "without a path"),
    ],
)
def test_options_that_cannot_be_are_refused(words, said, capsys):
    with pytest.raises(SystemExit) as left:
        spooflab(["serve", *words])
    assert left.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use_is_told_with_what_to_do(tmp_path, host, capsys):
    folder = tiny_countermeasure(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert spooflab(["serve", "--model", str(folder), "--host", host, "--port", str(port)]) == 1
    assert capsys.readouterr().err == (
        f"spooflab serve: --port: found {port} in use on {host}; name another --port, or stop what listens there\n"
    )


@pytest.mark.parametrize("command", ["app", "ui"])
def test_pages_refuse_ports_as_the_endpoint_does(place, command, capsys):
    with pytest.raises(SystemExit):
        spooflab([command, "--port", "99999"])
    assert "expected a port from 1 to 65535" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert spooflab([command, "--port", str(port)]) == 1
    assert f"spooflab {command}: --port: found {port} in use" in capsys.readouterr().err


def test_its_looks_at_the_registry_are_short(tmp_path, monkeypatch):
    def instead(program: str, words: list[str], environment: dict[str, str]) -> None:
        raise InterruptedError(environment)

    monkeypatch.setattr(os, "execve", instead)
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(InterruptedError) as started:
        main(["--model", str(tiny_countermeasure(tmp_path)), "--port", str(port)])
    (environment,) = started.value.args
    assert (environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"], environment["MLFLOW_HTTP_REQUEST_TIMEOUT"]) == ("1", "10")


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_of_another_machine_is_told(tmp_path, host, capsys):
    assert spooflab(["serve", "--model", str(tiny_countermeasure(tmp_path)), "--host", host]) == 1
    assert f"--host: found {host}, which this machine cannot listen on" in capsys.readouterr().err
