"""An explanation in, the files of it out: picture, numbers, audio, and one page with all of it."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from matplotlib.figure import Figure
from numpy.typing import NDArray

from datamodules.safe_files import write_whole
from experiments.explanation_audio import boosted, removed
from experiments.explanation_page import page
from experiments.explanation_picture import draw
from experiments.explanation_words import trust, values_of, verdict
from experiments.inference import Countermeasure
from lightning_modules.explanations import Explanation


def write(
    folder: Path, name: str, explanation: Explanation, countermeasure: Countermeasure, model: str
) -> dict[str, Any]:
    """Write ``NAME.png``, ``.json``, ``.boosted.wav``, ``.removed.wav`` and ``.html``, and return what the JSON holds.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.replace("/", "_").lstrip("._") or "recording"
    louder, without = boosted(explanation), removed(explanation)
    rate_hz = explanation.sample_rate_hz
    files = {
        "picture": (f"{stem}.png", png(_picture(explanation, name))),
        "boosted": (f"{stem}.boosted.wav", _wav(louder, rate_hz)),
        "removed": (f"{stem}.removed.wav", _wav(without, rate_hz)),
        "page": (f"{stem}.html", page(name, explanation, model).encode()),
    }
    values = {
        "utterance": name,
        "model": model,
        **values_of(explanation),
        "score_of_boosted": countermeasure.score(louder),
        "score_of_removed": countermeasure.score(without),
        "files": {what: str(folder / file) for what, (file, _) in files.items()},
    }
    for file, content in files.values():
        write_whole(folder / file, content)
    write_whole(folder / f"{stem}.json", json.dumps(values, indent=1).encode())
    return values


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a file."""
    content = io.BytesIO()
    figure.savefig(content, format="png", bbox_inches="tight")
    return content.getvalue()


def _picture(explanation: Explanation, name: str) -> Figure:
    figure = draw(explanation, f"{name}\n{verdict(explanation)}")
    figure.text(0.01, -0.02, "\n".join(trust(explanation)), va="top", fontsize=8, wrap=True)
    return figure


def _wav(waveform: NDArray[np.float32], rate_hz: int) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, waveform, rate_hz, format="WAV", subtype="PCM_16")
    return content.getvalue()
