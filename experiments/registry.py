"""Names of models in, their versions and aliases in MLflow's registry out; nothing heavy is imported for it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException

from experiments import default_model, mlflow_store

MODEL_NAME, CHAMPION = default_model.MODEL_NAME, default_model.CHAMPION
PREVIOUS, CHALLENGER, CANDIDATE = "previous", "challenger", "candidate"
COUNTERMEASURE_ARTIFACT = "countermeasure"
_SHOWN = 10  # of many versions or models
_ABSENT, _UNFIT = "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"
_ALIAS = re.compile(r"[\w-]{1,200}")  # MLflow's own rule, and room for `previous-` and for the names of tags
_VERSION_LIKE = re.compile(r"v\d+|latest", re.IGNORECASE)  # which MLflow keeps for itself


def before(alias: str) -> str:
    """Return the alias of the version that an alias pointed at before."""
    return PREVIOUS if alias == CHAMPION else f"{PREVIOUS}-{alias}"


def require_free(alias: str) -> None:
    """Refuse an alias that nobody may give.

    Raises:
        ValueError: it is one that follows from what is done, or no alias to MLflow.
    """
    if not _ALIAS.fullmatch(alias) or _VERSION_LIKE.fullmatch(alias):
        raise ValueError(
            f"--alias: found {alias[:60]!r}, expected up to 200 letters, digits, _ and -, and neither 'latest' nor a "
            f"version's number such as 'v1', which MLflow keeps for itself: {CHALLENGER!r} would do"
        )
    if alias in (CANDIDATE, PREVIOUS) or alias.startswith(f"{PREVIOUS}-"):
        raise ValueError(
            f"--alias: found {alias!r}, which follows from what is registered and promoted; expected {CHAMPION!r}, "
            f"{CHALLENGER!r} or a name of your own"
        )


def model(name: str) -> RegisteredModel | None:
    """Return a registered model, or none where there is none of that name."""
    try:
        return mlflow_store.client().get_registered_model(name)
    except MlflowException as error:
        if error.error_code in (_ABSENT, _UNFIT):
            return None
        raise ConnectionError(f"{mlflow_store.address()} did not tell of the model {name}: {error}") from error


def give(name: str, alias: str, version: str) -> str:
    """Give a version an alias, and return nothing; or what MLflow has against that alias, for good."""
    try:
        mlflow_store.client().set_registered_model_alias(name, alias, version)
    except MlflowException as error:
        if error.error_code != _UNFIT:
            raise ConnectionError(f"{mlflow_store.address()} did not take the alias {alias}: {error}") from error
        return str(error)
    return ""


def names() -> list[str]:
    """Return the names of the registered models."""
    return sorted(str(found.name) for found in mlflow_store.client().search_registered_models())


def there_is(name: str) -> str:
    """Say what there is of a model; where there is no such model, which others there are, or how to make one."""
    if model(name) is not None:
        numbers = [str(version.version) for version in reversed(versions(name))]
        held = [f"{alias} ({version})" for alias, version in sorted(aliases(name).items())]
        return f"{name} has the versions {_first(numbers) or 'none'}, and the aliases {_first(held) or 'none'}"
    others = [other for other in names() if other != name]
    if others:
        return f"there are the models {_first(others)}"
    return "no model is registered yet: `spooflab promote --model RUN` makes one, or `--sweep S` of its best trial"


def _first(words: Sequence[str]) -> str:
    """The first few of them."""
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def aliases(name: str) -> dict[str, str]:
    """Return the aliases of a registered model, each with its version; none where there is no such model."""
    found = model(name)
    return {} if found is None else {alias: str(version) for alias, version in found.aliases.items()}


def holder(name: str, alias: str) -> str | None:
    """Return the version that has an alias, or none."""
    return aliases(name).get(alias)


def versions(name: str | None = None) -> list[ModelVersion]:
    """Return the versions of a model, or of all, oldest first."""
    client, condition = mlflow_store.client(), None if name is None else f"name = '{name}'"
    found = client.search_model_versions(condition)
    all_of_them = list(found)
    while found.token:
        found = client.search_model_versions(condition, page_token=found.token)
        all_of_them += found
    return sorted(all_of_them, key=lambda version: (version.name, int(version.version)))


def registered_runs() -> frozenset[str]:
    """Return the runs that any version of any model came from: nothing of theirs is thrown away."""
    return frozenset(str(version.run_id) for version in versions())


def tag(name: str, version: str, tags: Mapping[str, str]) -> None:
    """Put tags on a version: those that it does not have yet."""
    client = mlflow_store.client()
    known = client.get_model_version(name, version).tags
    for key, value in tags.items():
        if known.get(key) != value:
            client.set_model_version_tag(name, version, key, value)


def version_of(uri: str) -> ModelVersion:
    """Return the version that ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION`` names.

    Raises:
        LookupError: there is none; it says what there is instead.
        ConnectionError: the registry does not answer.
    """
    if not uri.startswith("models:/"):
        raise LookupError(
            f"found {uri!r}, expected models:/NAME@ALIAS, models:/NAME/VERSION, or a countermeasure's folder"
        )
    name, _, alias = uri.removeprefix("models:/").partition("@")
    client = mlflow_store.client()
    try:
        if alias:
            return client.get_model_version_by_alias(name, alias)
        name, _, number = name.partition("/")
        return client.get_model_version(name, number)
    except MlflowException as error:
        if error.error_code not in (_ABSENT, _UNFIT):
            raise ConnectionError(f"{mlflow_store.address()} did not tell of {uri}: {error}") from error
        told = there_is(name)
        raise LookupError(f"{uri}: no such model in {mlflow_store.address()}; {told}") from error


def model_folder(uri: str, into: Path | None = None) -> Path:
    """Return a local copy of the files of a version, all of them.

    Args:
        uri: of the version.
        into: folder to copy them to; when not given, the store's own where it is on this machine, else a new one.

    Raises:
        LookupError: there is no such version.
    """
    found = version_of(uri)
    place = None if into is None else str(into)
    return Path(mlflow.artifacts.download_artifacts(f"models:/{found.name}/{found.version}", dst_path=place))


def countermeasure_folder(uri: str, into: Path | None = None) -> Path:
    """Return a local copy of the files of a registered countermeasure, as ``model_folder`` does.

    Raises:
        LookupError: there is no such version.
    """
    return model_folder(uri, into) / "artifacts" / COUNTERMEASURE_ARTIFACT
