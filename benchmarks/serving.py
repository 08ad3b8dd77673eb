"""The endpoint in, how it does against one as tutorials write it: a small CNN, 4 s of real speech, on these cores."""

import io
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import _claims
import numpy as np
import pytorch_lightning as pl
import soundfile
import torch
from _load import Round, round_of, upload

from datamodules.audio import decode
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.minispoof import build_corpus
from experiments.inference import NOT_CALIBRATED, OperatingPoint, save
from lightning_modules.detector import SPECIFICATIONS_KEY, Detector
from lightning_modules.frontends import LogMel
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.networks.cnn import SpectrogramCNN

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = (1, 4, 16)
STATED = 4  # clients that the claims are of
RATE_HZ, CLIP_S = 16_000, 4.0
_PATIENCE_S = 300.0


def model(folder: Path) -> Path:
    """Write an untrained CNN of the shipped size, which takes as long as a trained one; return its checkpoint."""
    torch.manual_seed(0)
    detector = Detector(LogMel(), SpectrogramCNN())
    checkpoint = folder / "cnn.ckpt"
    torch.save(
        {
            "state_dict": detector.state_dict(),
            SPECIFICATIONS_KEY: detector.specifications.to_dict(),
            "pytorch-lightning_version": pl.__version__,
        },
        checkpoint,
    )
    save(folder / "countermeasure", checkpoint, OperatingPoint(Calibration(1.0, 0.0), 0.0, NOT_CALIBRATED))
    return checkpoint


def clip() -> bytes:
    """Return 4 s of speech as FLAC."""
    corpus = ROOT / "data" / "minispoof-tiny"
    build_corpus(corpus, size="tiny", progress=False, tell=lambda text: print(text, file=sys.stderr))
    spoken = [decode(trial.path, RATE_HZ) for trial in asvspoof2019_la(str(corpus)).partition("eval")]
    buffer = io.BytesIO()
    soundfile.write(buffer, np.concatenate(spoken)[: round(CLIP_S * RATE_HZ)], RATE_HZ, format="FLAC")
    return buffer.getvalue()


def started(command: Sequence[str], path: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server on a free port, the last word of its command; wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen([sys.executable, *command, str(port)], cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
        except OSError as error:
            if server.poll() is not None or time.monotonic() > end:
                server.kill()
                raise RuntimeError(f"{' '.join(command)} does not answer: {server.communicate()[1]!r}") from error
            time.sleep(0.2)
        else:
            return server, port


def measure(quick: bool) -> list[_claims.Claim]:
    """Let both servers answer the same requests in turns."""
    rounds, seconds = (3, 1.0) if quick else (7, 4.0)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = model(Path(folder))
        ours = ["-m", "experiments.cli", "serve", "--model", f"{folder}/countermeasure", "--reload-s", "0", "--port"]
        theirs = ["benchmarks/_naive_server.py", str(checkpoint)]
        servers = [started(ours, "/ready"), started(theirs, "/openapi.json")]
        try:
            return compared([port for _, port in servers], rounds, seconds)
        finally:
            for server, _ in servers:
                server.terminate()
                server.wait()


def compared(ports: Sequence[int], rounds: int, seconds: float) -> list[_claims.Claim]:
    """Print what each server did for each number of clients, and return the claims."""
    body, headers = upload(clip())
    for port in ports:
        round_of(port, body, headers, max(CLIENTS), 1.0)  # warms both up
    claims = []
    for clients in CLIENTS:
        turns = [[round_of(port, body, headers, clients, seconds) for port in ports] for _ in range(rounds)]
        for name, done in zip(("ours", "naive"), zip(*turns, strict=True), strict=True):
            print(f"{clients:3d} clients  {name:6s}{told(done)}", file=sys.stderr)
        if clients == STATED:
            faster = statistics.median(ours.throughput / theirs.throughput for ours, theirs in turns)
            sooner = statistics.median(theirs.percentile_ms(95) / ours.percentile_ms(95) for ours, theirs in turns)
            claims = [
                _claims.Claim(f"answers a second to {STATED} clients, against FastAPI + librosa + eager", faster, 3.0),
                _claims.Claim(f"95th percentile of the latency of {STATED} clients, against the same", sooner, 2.0),
            ]
    return claims


def told(rounds: Sequence[Round]) -> str:
    """Return the medians over the rounds as text."""
    throughput = statistics.median(done.throughput for done in rounds)
    p50, p95 = (statistics.median(done.percentile_ms(percent) for done in rounds) for percent in (50, 95))
    return f"{throughput:7.1f} answers/s  p50 {p50:7.1f} ms  p95 {p95:7.1f} ms"


if __name__ == "__main__":
    _claims.main(measure, __doc__ or "")
