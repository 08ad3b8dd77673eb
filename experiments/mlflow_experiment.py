"""A client in, the experiment that all runs are in out: made by the first of them, with what its page shows."""

import functools

import mlflow
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException

from experiments import experiment_page, mlflow_store

EXPERIMENT = "spooflab"


def experiment_id() -> str | None:
    """Return the id of the experiment, where anything was tracked yet."""
    found = _find(mlflow_store.client())
    return None if found is None else str(found.experiment_id)


@functools.cache
def of_run(run_id: str) -> str:
    """Return the id of the experiment that a run is in, asked for once a process: a run stays where it is."""
    return str(mlflow_store.client().get_run(run_id).info.experiment_id)


def made(client: mlflow.MlflowClient) -> str:
    """Return the id of the experiment, made where there is none."""
    experiment = _find(client) or _make(client)
    if experiment_page.VIEW_TAG not in experiment.tags:
        for name, value in experiment_page.tags(experiment.experiment_id).items():
            client.set_experiment_tag(experiment.experiment_id, name, value)
    return str(experiment.experiment_id)


def _make(client: mlflow.MlflowClient) -> Experiment:
    try:
        return client.get_experiment(client.create_experiment(EXPERIMENT))
    except MlflowException as error:
        if (experiment := _find(client)) is None:
            raise RuntimeError(f"MLflow has no experiment {EXPERIMENT!r} and makes none: {error}") from error
        return experiment  # another process was first


def _find(client: mlflow.MlflowClient) -> Experiment | None:
    return client.get_experiment_by_name(EXPERIMENT)
