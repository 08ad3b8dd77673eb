"""A model and how it is used in, what makes its scores out: by digests, so that two models are never mixed."""

import hashlib
from pathlib import Path
from typing import Any

from datamodules.digests import file_sha256
from experiments import registry, tracking
from experiments.degraded import SCORING_VERSION
from experiments.known_model import evaluated_countermeasure
from experiments.score_item import Format

MODEL = "model_sha256"


def folder_of(model: str) -> Path:
    """Return the folder of a registered version's countermeasure (``models:/NAME@ALIAS``), an evaluated run's, or it.

    Raises:
        LookupError: there is no such version or run.
        FileNotFoundError: the run was not evaluated.
    """
    if model.startswith("models:/"):
        return registry.countermeasure_folder(model)
    if Path(model).is_dir():
        return Path(model)
    tracking.get(model)
    return evaluated_countermeasure(model)


def recipe(folder: Path, form: Format, window_s: float | None, hop_s: float | None) -> dict[str, Any]:
    """Return what makes the lines of a score file: the model's digest, and how it is used."""
    return {
        MODEL: model_digest(folder),
        "window_s": window_s,
        "hop_s": hop_s,
        "format": form,
        "version": SCORING_VERSION,
    }


def model_digest(folder: Path) -> str:
    """Return the SHA-256 of a countermeasure's files."""
    files = "\n".join(f"{file_sha256(path)} {path.name}" for path in sorted(folder.iterdir()))
    return hashlib.sha256(files.encode()).hexdigest()
