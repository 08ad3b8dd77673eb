"""Texts in -> spoken waveforms out: one function a program, each run as a child process that writes WAV."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from datamodules.audio import decode
from datamodules.minispoof.errors import BuildError
from datamodules.minispoof.plan import Spoken
from datamodules.minispoof.tools import Program, Tools

SAMPLE_RATE_HZ: Final = 16000
ESPEAK_WORDS_PER_MINUTE: Final = 165
PIPER_LAUNCH: Final = """
import onnxruntime, runpy
onnxruntime.set_seed({seed})  # VITS draws its noise inside the model: without this, no two runs are the same
runpy.run_module("piper", run_name="__main__", alter_sys=True)
"""


def speak(tools: Tools, tool: str, requests: Sequence[Spoken], seed: int) -> list[np.ndarray]:
    """Speak each request with one program.

    Args:
        tools: the programs found.
        tool: "espeak", "flite" or "piper".
        requests: what to say; Piper says all of them in one process, at the first one's rate.
        seed: for Piper's noise; the others have none.

    Returns:
        One float32 waveform ``(samples,)`` at 16 kHz a request.

    Raises:
        BuildError: when the program fails.
    """
    program: Program | None = getattr(tools, tool)
    if program is None:
        raise BuildError(f"{tool} is not available, but the plan needs it; build the corpus again from the start")
    with tempfile.TemporaryDirectory(prefix="spooflab-tts-") as scratch:
        if tool == "piper":
            return _piper(program, requests, seed, Path(scratch))
        command_of = {"espeak": _espeak_command, "flite": _flite_command}[tool]
        spoken = []
        for index, request in enumerate(requests):
            target = Path(scratch) / f"{index}.wav"
            program.run(command_of(program, request, target))
            spoken.append(decode(target, SAMPLE_RATE_HZ))
        return spoken


def _espeak_command(program: Program, request: Spoken, target: Path) -> list[str]:
    words_per_minute = round(ESPEAK_WORDS_PER_MINUTE * request.rate)
    voice = f"{request.language}+{request.voice}"
    return [program.path, "-v", voice, "-s", str(words_per_minute), "-w", str(target), "--", request.text]


def _flite_command(program: Program, request: Spoken, target: Path) -> list[str]:
    stretch = f"duration_stretch={1.0 / request.rate:.4f}"
    return [program.path, "-voice", request.voice, "--setf", stretch, "-t", request.text, "-o", str(target)]


def _piper(program: Program, requests: Sequence[Spoken], seed: int, scratch: Path) -> list[np.ndarray]:
    # Loading the model costs as much as speaking four seconds, so several texts share a process: one line each.
    texts = scratch / "texts.txt"
    texts.write_text("".join(f"{request.text}\n" for request in requests), encoding="utf-8")
    spoken = scratch / "spoken"
    launch = [sys.executable, "-c", PIPER_LAUNCH.format(seed=seed), "-m", program.path, "-i", str(texts)]
    options = ["-d", str(spoken), "--output-dir-naming", "timestamp", "--length-scale", f"{1.0 / requests[0].rate:.4f}"]
    program.run(launch + options)
    files = sorted(
        spoken.glob("*.wav"), key=lambda path: int(path.stem)
    )  # names are times: their order is the texts' order
    if len(files) != len(requests):
        raise BuildError(
            f"Piper spoke {len(files)} of {len(requests)} texts; delete its folder in the sources and build again"
        )
    return [decode(path, SAMPLE_RATE_HZ) for path in files]
