"""A detector that no training of ours made in, what a training and an evaluation leave on a run out."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from experiments import inference, registry, tracking
from lightning_modules.cost import count_parameters
from lightning_modules.detector import SPECIFICATIONS_KEY, Detector

_DESCRIBED = ("enhancement", "frontend", "normalisation", "network")


def log_detector(
    run_id: str, detector: Detector, point: inference.OperatingPoint, data: Mapping[str, Any] | None, card: str
) -> None:
    """Log all that ``evaluate``, ``score`` and ``promote`` read from a run.

    Args:
        run_id: of a run that is open.
        detector: with its weights.
        point: until ``evaluate`` puts another in its place.
        data: section of a config; what the run is judged on where no other is named. None: it must be named.
        card: Markdown that the run's page shows.
    """
    specifications = detector.specifications.to_dict()
    sections: dict[str, Any] = {
        "model": {part: specifications[part] for part in _DESCRIBED if specifications[part] is not None}
    }
    if data is not None:
        sections["data"] = dict(data)
    tracking.log_config(run_id, sections)
    tracking.log_params(run_id, {"parameters": count_parameters(detector.network).total})
    with tempfile.TemporaryDirectory() as folder:
        best = Path(folder) / Path(tracking.CHECKPOINT_ARTIFACT).name
        write_checkpoint(detector, best)
        tracking.log_files(run_id, best, str(Path(tracking.CHECKPOINT_ARTIFACT).parent))
        inference.save(Path(folder) / registry.COUNTERMEASURE_ARTIFACT, best, point)
        tracking.log_files(run_id, Path(folder) / registry.COUNTERMEASURE_ARTIFACT, registry.COUNTERMEASURE_ARTIFACT)
    tracking.describe(run_id, card)


def write_checkpoint(detector: Detector, path: Path) -> None:
    """Write what ``Detector.from_file`` reads."""
    torch.save({"state_dict": detector.state_dict(), SPECIFICATIONS_KEY: detector.specifications.to_dict()}, path)
