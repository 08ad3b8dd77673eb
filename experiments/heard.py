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


def inherit_heard(run_id: str, models: Mapping[str, str | None]) -> None:
    """Add to what a run tells the recordings that the models have heard whose weights it began with.

    Args:
        run_id: of the run.
        models: what each is to it, and the run that it is of; none where that is not known.
    """
    heard = {name: sorted(heard_recordings(run)) for name, run in models.items() if run is not None}
    told = {name: recordings for name, recordings in heard.items() if recordings}
    if told:
        log_augmentation(run_id, {**_told(run_id), **told})


def heard_recordings(run_id: str) -> frozenset[str]:
    """Return the SHA-256 of every recording that a run's training audio was altered by; none for runs without."""
    return frozenset(re.findall(r'"([0-9a-f]{64})"', json.dumps(_told(run_id))))


def _told(run_id: str) -> dict[str, Any]:
    try:
        return dict(json.loads(tracking.fetch(run_id, ARTIFACT).read_text()))
    except FileNotFoundError:
        return {}
