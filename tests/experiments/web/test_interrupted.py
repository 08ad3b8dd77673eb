"""A page that is stopped while it computes ends at once, and nothing aborts."""

import signal
import socket
import subprocess
import sys

from tests.served import tiny_countermeasure

WORKING = """
import sys, threading, time, urllib.request
import torch
from experiments.cli import main

def work():
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[2]}").close()
            break
        except OSError:
            time.sleep(0.1)
    print("computing", flush=True)
    weights = torch.ones(200, 200, requires_grad=True)
    while True:
        (weights @ weights).sum().backward()

threading.Thread(target=work, daemon=True).start()
sys.exit(main(["app", "--model", sys.argv[1], "--port", sys.argv[2]]))
"""


def test_it_ends_while_an_explanation_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-c", WORKING, str(tiny_countermeasure(tmp_path)), str(port)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as page:
        assert page.stdout.readline() == "computing\n"
        page.send_signal(signal.SIGTERM)
        told = page.communicate()[1]
    assert page.returncode == 130
    assert told.endswith("the page is no longer served\n")
    assert "terminate called" not in told
