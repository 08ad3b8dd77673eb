"""Names of models in, countermeasures under test out: as they are deployed, and with a remedy put before them."""

import copy
import hashlib
import json
from dataclasses import replace
from typing import Final, Literal

import yaml

from datamodules.digests import file_sha256
from experiments import tracking
from experiments.degraded import Model
from experiments.evaluate import run_of
from experiments.heard import heard_recordings
from experiments.inference import Countermeasure
from experiments.known_model import evaluated_countermeasure
from experiments.provenance import config_digest
from lightning_modules.enhancement import Enhancement, SpectralSubtraction, WienerFilter
from lightning_modules.specifications import describe

Remedy = Literal["wiener", "spectral-subtraction"]
REMEDIES: Final[dict[Remedy, type[Enhancement]]] = {
    "wiener": WienerFilter,
    "spectral-subtraction": SpectralSubtraction,
}


def open_model(name: str) -> Model:
    """Open an evaluated run, or a registered model, by what it is called.

    Raises:
        LookupError: there is no such run or model.
        FileNotFoundError: the run was not evaluated: it has neither calibration nor threshold.
    """
    run_id = run_of(name, None)
    folder = evaluated_countermeasure(run_id)
    digest = " ".join(file_sha256(path) for path in sorted(folder.iterdir()))
    label = name.removeprefix("models:/") if name.startswith("models:/") else tracking.name_of(run_id)
    recipe = str(tracking.get(run_id).info.run_name)
    return Model(label, recipe, run_id, Countermeasure.load(folder), digest, heard_recordings(run_id))


def recipe_digest(run_id: str) -> str:
    """Return the digest of a run's config but for its seeds and its name."""
    config = yaml.safe_load(tracking.fetch(run_id, tracking.CONFIG_ARTIFACT).read_text())
    for section, name in ((config, "seed_everything"), (config, "name"), (config.get("data", {}), "seed")):
        section.pop(name, None)
    return config_digest(config)


def remedied(model: Model, remedy: Remedy) -> Model:
    """Put an enhancement before a model that was trained without it, or in place of the one it has.

    Calibration and threshold stay as they were: on speech that is enhanced they are no longer of dev.
    """
    detector = copy.deepcopy(model.countermeasure.detector)
    enhancement = REMEDIES[remedy](sample_rate_hz=detector.specifications.sample_rate_hz).eval()
    detector.enhancement = enhancement
    recipe = json.dumps([model.digest, describe(enhancement), enhancement.version])
    return replace(
        model,
        name=f"{model.name} + {remedy}",
        recipe=f"{model.recipe} + {remedy}",
        remedy=remedy,
        countermeasure=replace(model.countermeasure, detector=detector),
        digest=hashlib.sha256(recipe.encode()).hexdigest(),
    )
