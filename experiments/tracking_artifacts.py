"""A run in, the room that its artifacts take out; and some of them gone, for good."""

from collections.abc import Iterator

import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from experiments import mlflow_store


def sizes(run_id: str) -> dict[str, int]:
    """Return the bytes of every file that a run logged, by its path; of any store, a server's as well."""
    return dict(_files(mlflow_store.client(), run_id, None))


def delete(run_id: str, folder: str) -> None:
    """Delete a folder of a run's artifacts; one that is not there is no error.

    Raises:
        ValueError: no folder is named, which would be all of them.
    """
    if not folder.strip("/. "):
        raise ValueError(f"found the artifact folder {folder!r}, expected a name, or all of a run's would go")
    client = mlflow_store.client()
    if any(entry.path == folder for entry in client.list_artifacts(run_id)):
        get_artifact_repository(client.get_run(run_id).info.artifact_uri).delete_artifacts(folder)


def _files(client: mlflow.MlflowClient, run_id: str, folder: str | None) -> Iterator[tuple[str, int]]:
    for entry in client.list_artifacts(run_id, folder):
        if entry.is_dir:
            yield from _files(client, run_id, entry.path)
        else:
            yield entry.path, int(entry.file_size or 0)
