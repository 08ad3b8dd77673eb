"""The name of a model in, the files of its detector out: a run's, a registered version's, or a file."""

from pathlib import Path

from datamodules.digests import file_sha256
from experiments import registry, tracking


def checkpoint_of(model: str, asked_by: str) -> Path:
    """Return the best checkpoint of a run or of a registered version's run, or the file of that path.

    Args:
        model: id of a run, ``models:/NAME@ALIAS``, or path of a checkpoint.
        asked_by: what errors call the option that names it.

    Raises:
        ValueError: nothing is named.
        LookupError: there is no such run or version.
        FileNotFoundError: the run has no checkpoint.
    """
    if not model:
        raise ValueError(f"{asked_by}: found no model, expected a run's id, models:/NAME@ALIAS, or a checkpoint's path")
    run_id = run_behind(model)
    return Path(model) if run_id is None else tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT)


def run_behind(model: str) -> str | None:
    """Return the run that a model is of; none for a file.

    Raises:
        LookupError: there is no such run or version.
    """
    if Path(model).is_file():
        return None
    run_id = str(registry.version_of(model).run_id) if model.startswith("models:/") else model
    return str(tracking.get(run_id).info.run_id)


def origin_of(model: str) -> str:
    """Return what a run tells of a model that it was made from: its run, or the digest of its file."""
    return run_behind(model) or f"sha256:{file_sha256(Path(model))}"


def evaluated_countermeasure(run_id: str) -> Path:
    """Return a local copy of the countermeasure of an evaluated run.

    Raises:
        FileNotFoundError: it was not evaluated.
    """
    try:
        return tracking.fetch(run_id, registry.COUNTERMEASURE_ARTIFACT)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"run {run_id} was not evaluated, and has no threshold yet: `spooflab evaluate --model {run_id}` first"
        ) from error
