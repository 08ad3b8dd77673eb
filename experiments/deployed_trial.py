"""A model's folder in, what it does by itself out: in a process of its own, in which this repository is not found."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from datamodules.audio import AudioError, decode
from datamodules.manifest import Manifest, Trial
from experiments.gate import Deployed
from experiments.inference import Countermeasure

CLIPS = 8
_TURNS, _WARM_UP = 40, 3
_CLIP_S = 4.0
_PATIENCE_S = 600


def try_out(model: Path, countermeasure: Countermeasure, corpus: Manifest, *, timed: bool) -> Deployed:
    """Let a model judge recordings of eval by itself, and compare with what the evaluation's code says of them.

    Args:
        model: folder of the model.
        countermeasure: what the model should be.
        corpus: whose recordings are used.
        timed: whether to measure its latency.

    Raises:
        RuntimeError: the model cannot be loaded or run by itself.
    """
    clips = recordings(corpus)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        speech = folder / "speech.wav"
        _write_clip(clips[0].path, countermeasure.detector.specifications.sample_rate_hz, speech)
        request = {
            "model": str(model),
            "clips": [str(clip.path.absolute()) for clip in clips],
            "timed": str(speech),
            "turns": _TURNS + _WARM_UP if timed else 0,
        }
        answer = _run(request, folder)
    expected = [_score(countermeasure, clip.path) for clip in clips]
    latencies_ms = answer["latencies_ms"][_WARM_UP:]
    return Deployed(
        score_difference=max(map(_difference, answer["scores"], expected)),
        clips=len(clips),
        columns=answer["columns"],
        latency_p95_ms=float(np.quantile(latencies_ms, 0.95)) if latencies_ms else None,
    )


def recordings(corpus: Manifest, number: int = CLIPS) -> list[Trial]:
    """Return some of eval's trials, of both classes, from all over it."""
    trials = corpus.partition("eval")
    return [
        of_class[round(place)]
        for label in (1, 0)
        if (of_class := [trial for trial in trials if trial.label == label])
        for place in np.linspace(0, len(of_class) - 1, min(number // 2, len(of_class)))
    ]


def _run(request: dict[str, object], folder: Path) -> dict[str, Sequence]:
    asked, answer = folder / "request.json", folder / "answer.json"
    asked.write_text(json.dumps(request))
    script = Path(__file__).with_name("deployed_scores.py")  # -B: a local store hands out the very files that it keeps
    done = subprocess.run(
        [sys.executable, "-I", "-B", str(script), str(asked), str(answer)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise RuntimeError(f"the model cannot be run by itself: {last}")
    values: dict[str, Sequence] = json.loads(answer.read_text())
    return values


def _write_clip(source: Path, rate_hz: int, to: Path) -> None:
    """Write 4 s of speech, a recording repeated up to that length."""
    soundfile.write(to, np.resize(decode(source, rate_hz), round(_CLIP_S * rate_hz)), rate_hz, subtype="PCM_16")


def _score(countermeasure: Countermeasure, path: Path) -> float | None:
    try:
        return countermeasure.judge(path.read_bytes()).score
    except AudioError:
        return None


def _difference(deployed: float | None, evaluated: float | None) -> float:
    if deployed is None or evaluated is None:
        return 0.0 if deployed is evaluated else float("inf")
    return abs(deployed - evaluated)
