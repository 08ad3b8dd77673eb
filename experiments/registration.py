"""An evaluated run in, a version of a registered model out: all that turns audio bytes into a decision is inside it."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array

import datamodules
import experiments
import lightning_modules
from datamodules.digests import file_sha256
from experiments import mlflow_store, registry, tracking
from experiments.inference import Countermeasure
from experiments.known_model import evaluated_countermeasure
from experiments.registry import CANDIDATE, COUNTERMEASURE_ARTIFACT
from experiments.store_lock import only_one

COUNTERMEASURE_TAG, CODE_TAG = "countermeasure.sha256", "code.sha256"
PACKAGES = (datamodules, lightning_modules, experiments)
_REQUIREMENTS = (
    *("torch", "torchaudio", "pytorch-lightning", "torchmetrics", "mlflow", "numpy", "pandas", "scipy", "scikit-learn"),
    *("soundfile", "soxr", "av"),
)
_SIGNATURE = ModelSignature(
    inputs=Schema(
        [ColSpec(DataType.binary, "audio", required=False), ColSpec(DataType.string, "path", required=False)]
    ),
    outputs=Schema(
        [
            ColSpec(DataType.double, "score", required=False),
            ColSpec(DataType.double, "probability", required=False),
            ColSpec(DataType.string, "decision", required=False),
            ColSpec(DataType.double, "threshold", required=False),
            ColSpec(DataType.double, "duration_s", required=False),
            ColSpec(Array(DataType.double), "windows", required=False),
            ColSpec(Array(DataType.double), "starts_s", required=False),
            ColSpec(DataType.double, "window_s", required=False),
            ColSpec(DataType.long, "sample_rate_hz", required=False),
            ColSpec(DataType.long, "channels", required=False),
            ColSpec(DataType.double, "clipped_share", required=False),
            ColSpec(DataType.double, "level_dbfs", required=False),
            ColSpec(DataType.double, "bandwidth_hz", required=False),
            ColSpec(Array(DataType.string), "warnings", required=False),
            ColSpec(DataType.string, "error", required=False),
        ]
    ),
    params=ParamSchema([ParamSpec(name, DataType.double, None) for name in ("threshold", "window_s", "hop_s")]),
)


def register(
    run_id: str, description: str, tags: Mapping[str, str], example: Path, name: str = registry.MODEL_NAME
) -> str:
    """Make a version of a run's countermeasure, or return the one that has the same content.

    The content is the countermeasure (weights, calibration, threshold) and the code that is sent with it: a run that
    got another operating point since, by being evaluated on other data or for the first time, gets another version.
    The newest version gets the alias ``candidate``.

    Args:
        run_id: a run that ``evaluate`` was run on, or of imported weights.
        description: Markdown shown on the version's page.
        tags: facts put on the version.
        example: a recording that the model's page shows as its input.
        name: of the registered model.

    Returns:
        The version's number.

    Raises:
        FileNotFoundError: the run was never evaluated.
    """
    folder, client = evaluated_countermeasure(run_id), mlflow_store.client()
    content = {COUNTERMEASURE_TAG: countermeasure_digest(folder), CODE_TAG: code_digest()}
    with only_one("registrations"):
        known = [
            str(version.version)
            for version in registry.versions(name)
            if version.run_id == run_id and content.items() <= version.tags.items()
        ]
        number = known[-1] if known else _make(run_id, folder, {**content, **tags}, example, name)
    if client.get_model_version(name, number).description != description:
        client.update_model_version(name, number, description)
    registry.tag(name, number, tags)
    newest = str(registry.versions(name)[-1].version)
    if registry.holder(name, CANDIDATE) != newest:
        client.set_registered_model_alias(name, CANDIDATE, newest)
    return number


def package(folder: Path, example: Path, to: Path) -> Path:
    """Write the folder that ``register`` would make a version of.

    Args:
        folder: of the countermeasure.
        example: a recording.
        to: made; must not be there.
    """
    mlflow.pyfunc.save_model(str(to), **_content(folder, example))
    return to


def countermeasure_digest(folder: Path) -> str:
    """Return the SHA-256 of a countermeasure's files, by their names."""
    return _digest({path.name: path for path in folder.iterdir()})


def code_digest() -> str:
    """Return the SHA-256 of the code that is sent with a model."""
    roots = [Path(_package_path(package)) for package in PACKAGES]
    files = (path for root in roots for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return _digest({str(path.relative_to(roots[0].parent)): path for path in files})


def signature_of(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names and types of the inputs and of the outputs that a model's folder promises."""
    signature = Model.load(str(folder)).signature

    def columns(schema: Schema | None) -> dict[str, str]:
        found = [] if schema is None else [one for one in schema.inputs if isinstance(one, ColSpec)]
        return {str(one.name): one.type.name for one in found if isinstance(one.type, DataType)}

    return ({}, {}) if signature is None else (columns(signature.inputs), columns(signature.outputs))


def requirements(folder: Path) -> list[str]:
    """Return what a countermeasure needs, each pinned to what is installed."""
    needed = list(_REQUIREMENTS)
    countermeasure = Countermeasure.load(folder)
    specifications = countermeasure.detector.specifications
    if "frontends.self_supervised." in json.dumps(specifications.to_dict()):  # a fusion's members have theirs inside
        needed.append("transformers")
    if countermeasure.form is not None:
        needed += ["onnxruntime", "onnx"]
    return [f"{package}=={installed(package)}" for package in needed]


def _make(run_id: str, folder: Path, tags: Mapping[str, str], example: Path, name: str) -> str:
    client, trained = mlflow_store.client(), tracking.get(run_id).info
    with mlflow.start_run(run_id=run_id):
        info = mlflow.pyfunc.log_model(name=name, **_content(folder, example))
    client.set_terminated(run_id, trained.status, trained.end_time)  # or the run would seem to have lasted until now
    made = mlflow.register_model(info.model_uri, name, tags=dict(tags))
    return str(made.version)


def _content(folder: Path, example: Path) -> dict[str, Any]:
    return {
        "python_model": str(Path(__file__).with_name("detector_pyfunc.py")),
        "artifacts": {COUNTERMEASURE_ARTIFACT: str(folder)},
        "code_paths": [_package_path(package) for package in PACKAGES],
        "pip_requirements": requirements(folder),
        "signature": _SIGNATURE,
        "input_example": pd.DataFrame({"audio": [example.read_bytes()]}),
        "model_config": {"allow_paths": False},
    }


def _digest(files: Mapping[str, Path]) -> str:
    lines = sorted(f"{name}\t{file_sha256(path)}" for name, path in files.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _package_path(package: ModuleType) -> str:
    return str(Path(str(package.__file__)).parent)
