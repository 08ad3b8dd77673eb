"""Evaluated runs in, versions and aliases of a registered model out: the only file that talks to MLflow's registry."""

import json
import time
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from types import ModuleType

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array

import datamodules
import experiments
import lightning_modules
from datamodules.digests import file_sha256
from experiments import mlflow_store, tracking
from experiments.inference import OPERATING_POINT_FILE

MODEL_NAME = "audio-deepfake-detector"
CHAMPION, PREVIOUS = "champion", "previous"
COUNTERMEASURE_ARTIFACT = "countermeasure"
_POINT_TAG = "operating_point.sha256"
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


@dataclass(frozen=True)
class Promotion:
    """What an alias pointed at before and after.

    Attributes:
        version: that has the alias now.
        replaced: that had it before; none the first time.
    """

    version: str
    replaced: str | None


def register(run_id: str, description: str, tags: dict[str, str], example: Path, name: str = MODEL_NAME) -> str:
    """Make a version of a run's countermeasure, or return the one that there is.

    A run that got another operating point since, by being evaluated on other data or for the first time, gets another
    version.

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
    client = mlflow_store.client()
    folder = tracking.fetch(run_id, COUNTERMEASURE_ARTIFACT)
    point = file_sha256(folder / OPERATING_POINT_FILE)
    for existing in client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'"):
        if existing.tags.get(_POINT_TAG, point) == point:  # versions of before the tag have none
            return str(existing.version)
    trained = tracking.get(run_id).info
    with mlflow.start_run(run_id=run_id):
        info = mlflow.pyfunc.log_model(
            name=name,
            python_model=str(Path(__file__).with_name("detector_pyfunc.py")),
            artifacts={"countermeasure": str(folder)},
            code_paths=[_package_path(package) for package in (datamodules, lightning_modules, experiments)],
            pip_requirements=[f"{package}=={installed(package)}" for package in _REQUIREMENTS],
            signature=_SIGNATURE,
            input_example=pd.DataFrame({"audio": [example.read_bytes()]}),
            model_config={"allow_paths": False},
        )
    client.set_terminated(run_id, trained.status, trained.end_time)  # or the run would seem to have lasted until now
    made = mlflow.register_model(info.model_uri, name, tags={_POINT_TAG: point, **tags})
    client.update_model_version(name, made.version, description)
    return str(made.version)


def promote(version: str, gate: str, name: str = MODEL_NAME, alias: str = CHAMPION) -> Promotion:
    """Give a version the alias, and the alias ``before(alias)`` to the version that had it.

    Args:
        version: number of the version.
        gate: what let it pass; kept as a tag.
        name: of the registered model.
        alias: to give.
    """
    client = mlflow_store.client()
    current = holder(name, alias)
    if current == version:
        return Promotion(version, current)
    if current is not None:
        client.set_registered_model_alias(name, before(alias), current)
    for key, value in {
        "promoted_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "promoted_from": current or "nothing",
        "promoted_gate": gate,
    }.items():
        client.set_model_version_tag(name, version, key, value)
    client.set_registered_model_alias(name, alias, version)
    return Promotion(version, current)


def rollback(name: str = MODEL_NAME, alias: str = CHAMPION) -> Promotion:
    """Give the alias back to the version that had it before; that one and the present one change places.

    Raises:
        LookupError: nothing was promoted before.
    """
    previous = holder(name, before(alias))
    if previous is None:
        raise LookupError(
            f"{name} has no version {before(alias)!r}: fewer than two ever were {alias}, there is nothing to go back to"
        )
    return promote(previous, "rollback", name, alias)


def before(alias: str) -> str:
    """Return the alias of the version that an alias pointed at before."""
    return PREVIOUS if alias == CHAMPION else f"{PREVIOUS}-{alias}"


def holder(name: str, alias: str) -> str | None:
    """Return the version that has an alias, or none."""
    try:
        return str(mlflow_store.client().get_model_version_by_alias(name, alias).version)
    except MlflowException:
        return None


def registered_runs() -> frozenset[str]:
    """Return the runs that any version of any model came from: nothing of theirs is thrown away."""
    client = mlflow_store.client()
    found = client.search_model_versions()
    runs = {str(version.run_id) for version in found}
    while found.token:
        found = client.search_model_versions(page_token=found.token)
        runs |= {str(version.run_id) for version in found}
    return frozenset(runs)


def version_of(uri: str) -> ModelVersion:
    """Return the version that ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION`` names.

    Raises:
        LookupError: there is none.
    """
    name, _, alias = uri.removeprefix("models:/").partition("@")
    client = mlflow_store.client()
    try:
        if alias:
            return client.get_model_version_by_alias(name, alias)
        name, _, number = name.partition("/")
        return client.get_model_version(name, number)
    except MlflowException as error:
        raise LookupError(f"{uri}: no such model in {tracking.store()}; `spooflab promote` makes one") from error


def countermeasure_folder(uri: str) -> Path:
    """Return a local copy of the files of a registered countermeasure.

    Raises:
        LookupError: there is no such version.
    """
    found = version_of(uri)
    root = Path(mlflow.artifacts.download_artifacts(f"models:/{found.name}/{found.version}"))
    return root / "artifacts" / COUNTERMEASURE_ARTIFACT


def evaluation_of(uri: str, artifact: str) -> dict[str, float]:
    """Return a JSON artifact of the run that a version came from."""
    run_id = str(version_of(uri).run_id)
    return dict(json.loads(tracking.fetch(run_id, artifact).read_text()))


def _package_path(package: ModuleType) -> str:
    return str(Path(str(package.__file__)).parent)
