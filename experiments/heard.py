"""What a training's audio was altered by in, the recordings that its detector has heard out: told on its run."""

import json
import re
from collections.abc import Mapping
from typing import Any

from experiments import mlflow_store, tracking

ARTIFACT = "augmentation.json"


def log_augmentation(run_id: str, recipes: Mapping[str, Any]) -> None:
    """Log what training audio was altered by, if anything, recordings by their content: a config names but folders."""
    if recipes:
        mlflow_store.client().log_text(run_id, json.dumps(recipes, indent=1), ARTIFACT)


def heard_recordings(run_id: str) -> frozenset[str]:
    """Return the SHA-256 of every recording that a run's training audio was altered by; none for runs without."""
    try:
        text = tracking.fetch(run_id, ARTIFACT).read_text()
    except FileNotFoundError:
        return frozenset()
    return frozenset(re.findall(r'"([0-9a-f]{64})"', text))
