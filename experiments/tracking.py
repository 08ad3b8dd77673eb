"""Facts about a run in, rows of MLflow out: the only file that talks to MLflow tracking.

The store is MLflow's own choice: ``MLFLOW_TRACKING_URI`` where it is set, else ``./mlflow.db``; so ``mlflow ui`` typed
in the same folder shows the same runs.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import yaml
from mlflow.entities import Dataset, DatasetInput, InputTag, LifecycleStage, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.validation import MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH

from datamodules.manifest import Manifest
from experiments import mlflow_experiment, mlflow_store
from experiments.failures import describe as describe_failure
from experiments.provenance import code_state, flatten

CHECKPOINT_ARTIFACT = "checkpoint/best.ckpt"
CONFIG_ARTIFACT = "config.yaml"
THREADS_TAG = "threads"  # that torch had
_LONGEST_PARAM = 500  # longer values stand in config.yaml alone
_DIGEST_LENGTH = 36  # MLflow refuses longer ones
FAILURE_TAG = "failure"
_UNFINISHED = ("RUNNING", "SCHEDULED")
_NOTE_TAG = "mlflow.note.content"
PARENT_TAG = "mlflow.parentRunId"
_AWAY = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE")  # what MLflow calls a store that did not answer
_PROJECT_RUN = "MLFLOW_RUN_ID"  # the run that `mlflow run` has made for the command it starts


class Point(NamedTuple):
    """A value of a metric at a step, and when it was measured, in milliseconds of the epoch that Unix counts from."""

    name: str
    value: float
    time_ms: int
    step: int


@contextmanager
def run(
    name: str, *, parent: str | None = None, resume: str | None = None, tags: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Open a run, yield its id, and end it with its true status.

    An exception ends it as FAILED with the last lines of the traceback in the tag ``failure``; Ctrl-C as KILLED. A run
    that was given another status meanwhile keeps it.

    Args:
        name: shown in the UI.
        parent: id of the run that this one is nested under.
        resume: id of a run to go on with, instead of a new one; one that was deleted is replaced by a new one.
        tags: put on the run at its start, beside the state of the code.
    """
    adopted = os.environ.pop(_PROJECT_RUN, None)  # taken out, or every nested run would be that one
    existing = resume or (adopted if parent is None else None)
    told = {**code_state(), **(tags or {})}
    run_id = _go_on(existing, name, told) if existing and exists(existing) else _begin(name, parent, told)
    try:
        yield run_id
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        end_for(run_id, error)
        raise
    if is_running(run_id):
        mlflow_store.client().set_terminated(run_id, "FINISHED")


def _begin(name: str, parent: str | None, tags: Mapping[str, str]) -> str:
    client = mlflow_store.client()
    experiment = mlflow_experiment.of_run(parent) if parent else mlflow_experiment.made(client)
    nested = {PARENT_TAG: parent} if parent else {}
    made = client.create_run(experiment, run_name=name, tags=resolve_tags({**nested, **tags}))
    return str(made.info.run_id)


def _go_on(run_id: str, name: str, tags: Mapping[str, str]) -> str:
    client = mlflow_store.client()
    client.update_run(run_id, "RUNNING", name)
    tag(run_id, tags)
    if FAILURE_TAG in client.get_run(run_id).data.tags:  # of the attempt that this one goes on with
        untag(run_id, [FAILURE_TAG])
    return run_id


def describe(run_id: str, text: str) -> None:
    """Put Markdown at the top of a run's page."""
    tag(run_id, {_NOTE_TAG: text})


def kill(run_id: str, tags: Mapping[str, str]) -> None:
    """End a run that was stopped on purpose (pruned, interrupted), with the reason as tags."""
    tag(run_id, tags)
    mlflow_store.client().set_terminated(run_id, "KILLED")


def end_for(run_id: str, error: BaseException) -> None:
    """End a run for an exception that ended its work; a store that cannot be told must not hide that one."""
    try:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            kill(run_id, {FAILURE_TAG: "interrupted"})
        else:
            correct(get(run_id), "FAILED", {FAILURE_TAG: describe_failure(error).text})
    except (MlflowException, OSError, LookupError) as untold:
        error.add_note(f"nor could {store()} be told so: {untold}")


def correct(
    run: Run,
    status: str,
    tags: Mapping[str, str],
    params: Mapping[str, Any] | None = None,
    without: Sequence[str] = (),
) -> list[str]:
    """Make a run say what is true, and return what it did not say; nothing is written to one that says it all.

    Args:
        run: as it was read.
        status: that it is to have.
        tags: that it is to have.
        params: that it is to have, where it has none of that name.
        without: tags that it is not to have.
    """
    client, run_id, told = mlflow_store.client(), run.info.run_id, run.data
    wrong = {name: value for name, value in tags.items() if told.tags.get(name) != value}
    missing = {
        name: str(value)
        for name, value in (params or {}).items()
        if name not in told.params and len(str(value)) <= _LONGEST_PARAM
    }
    surplus = [name for name in without if name in told.tags]
    if wrong or missing:
        client.log_batch(
            run_id,
            params=[Param(name, value) for name, value in missing.items()],
            tags=[RunTag(name, value) for name, value in wrong.items()],
        )
    untag(run_id, surplus)
    if run.info.status == status:
        return [*wrong, *missing, *surplus]
    if status in _UNFINISHED:
        client.update_run(run_id, status)
    else:
        client.set_terminated(run_id, status)
    return [f"{run.info.status}, not {status}", *wrong, *missing, *surplus]


def tag(run_id: str, tags: Mapping[str, str]) -> None:
    """Put tags on a run."""
    mlflow_store.client().log_batch(run_id, tags=[RunTag(name, str(value)) for name, value in tags.items()])


def untag(run_id: str, names: Iterable[str]) -> None:
    """Take tags off a run."""
    client = mlflow_store.client()
    for name in names:
        client.delete_tag(run_id, name)


def log_metrics(run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
    """Log values in one request."""
    now = time.time_ns() // 1_000_000
    log_points(run_id, [Point(name, value, now, step) for name, value in metrics.items()])


def log_points(run_id: str, points: Sequence[Point]) -> None:
    """Log values of many steps in as few requests as there can be; one that is logged already is not logged twice.

    Raises:
        ConnectionError: the store did not take them.
        LookupError: there is no such run, or it was deleted.
    """
    for start in range(0, len(points), MAX_METRICS_PER_BATCH):
        batch = [Metric(*point) for point in points[start : start + MAX_METRICS_PER_BATCH]]
        try:
            mlflow_store.client().log_batch(run_id, metrics=batch)
        except MlflowException as error:
            if error.error_code not in _AWAY:
                get(run_id)  # which says so where the run was deleted
            raise ConnectionError(f"{store()} did not take the metrics of run {run_id}: {error}") from error


def history(run_id: str, metric: str) -> list[float]:
    """Return the values of a metric, one a step in rising order; of a step that was logged again the last."""
    values = {entry.step: entry.value for entry in mlflow_store.client().get_metric_history(run_id, metric)}
    return [values[step] for step in sorted(values)]


def log_params(run_id: str, params: Mapping[str, Any]) -> None:
    """Log parameters; values too long for a column are left to config.yaml, and those logged before stay."""
    fitting = [Param(name, str(value)) for name, value in params.items() if len(str(value)) <= _LONGEST_PARAM]
    client = mlflow_store.client()
    for start in range(0, len(fitting), MAX_PARAMS_TAGS_PER_BATCH):
        batch = fitting[start : start + MAX_PARAMS_TAGS_PER_BATCH]
        try:
            client.log_batch(run_id, params=batch)
        except MlflowException as error:  # MLflow takes none of a batch in which one has another value already
            known = client.get_run(run_id).data.params
            if not known.keys() & {param.key for param in batch}:
                raise RuntimeError(f"MLflow did not take the parameters of run {run_id}: {error}") from error
            client.log_batch(run_id, params=[param for param in batch if param.key not in known])


def log_config(run_id: str, config: Mapping[str, Any], facts: Mapping[str, Any] | None = None) -> None:
    """Log a resolved config: whole as config.yaml, its set values as parameters, beside further facts."""
    mlflow_store.client().log_text(run_id, yaml.safe_dump(dict(config), sort_keys=False), CONFIG_ARTIFACT)
    values = {name: value for name, value in flatten(config).items() if value is not None}
    log_params(run_id, {**values, **(facts or {})})


def log_dataset(run_id: str, manifest: Manifest, context: str) -> None:
    """Log which data a run used, by the manifest's own digest: MLflow's covers the first 10,000 rows only."""
    folder = os.path.commonpath([trial.path.parent for trial in manifest])
    dataset = Dataset(manifest.name, manifest.digest[:_DIGEST_LENGTH], "local", json.dumps({"uri": folder}))
    tag(run_id, {"data.sha256": manifest.digest})
    used = DatasetInput(dataset, [InputTag("mlflow.data.context", context)])
    mlflow_store.client().log_inputs(run_id, [used])


def log_files(run_id: str, path: Path, folder: str | None = None) -> None:
    """Log a file, or the contents of a folder, under a folder of the run."""
    client = mlflow_store.client()
    (client.log_artifacts if path.is_dir() else client.log_artifact)(run_id, str(path), folder)


def fetch(run_id: str, artifact: str) -> Path:
    """Return a local path of something a run logged.

    Raises:
        FileNotFoundError: the run has no such artifact.
    """
    mlflow_store.client()  # which sees to it that there is a store
    try:
        return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=artifact))
    except (MlflowException, OSError) as error:
        raise FileNotFoundError(
            f"run {run_id} has no {artifact}: was it trained to its end? A training that was broken off goes on with "
            "`--ckpt last` behind its command"
        ) from error


def get(run_id: str) -> Run:
    """Return a run.

    Raises:
        LookupError: no run has that id in the store that is in use, or it was deleted.
        ConnectionError: the store does not answer.
    """
    try:
        found = mlflow_store.client().get_run(run_id)
    except MlflowException as error:
        if error.error_code in _AWAY:
            raise ConnectionError(f"{store()} did not tell of run {run_id}: {error}") from error
        raise LookupError(f"no run {run_id!r} in {store()}: `spooflab ui` lists them") from error
    if found.info.lifecycle_stage != LifecycleStage.ACTIVE:
        raise LookupError(f"run {run_id} was deleted: `mlflow runs restore --run-id {run_id}` brings it back")
    return found


def exists(run_id: str) -> bool:
    """Whether there is a run of that id that nobody deleted."""
    try:
        get(run_id)
    except LookupError:
        return False
    return True


def is_running(run_id: str) -> bool:
    """Whether no status but that of a run that goes on was given to a run."""
    return bool(get(run_id).info.status == "RUNNING")


def name_of(run_id: str) -> str:
    """Return what the UI calls a run, and the start of its id: names need not be different."""
    return f"{get(run_id).info.run_name} {run_id[:6]}"


def find(tags: Mapping[str, str]) -> list[Run]:
    """Return the runs of every experiment that have all these tags, newest first.

    Raises:
        ValueError: a value has a quote in it.
    """
    for value in tags.values():
        require_findable(value)
    return _search(" and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items()))


def require_findable(name: str) -> None:
    """Refuse a name that could be given and never be found again.

    Raises:
        ValueError: it has a quote in it.
    """
    if "'" in name:
        raise ValueError(f"the name {name!r} has a quote in it, which MLflow cannot search for: choose another")


def find_tagged(name: str) -> list[Run]:
    """Return the runs of every experiment that have a tag of that name, newest first."""
    return _search(f"tags.`{name}` LIKE '%'")


def _search(condition: str) -> list[Run]:
    mlflow_store.client()  # which sees to it that there is a store
    return mlflow.search_runs(filter_string=condition, search_all_experiments=True, output_format="list")


def store() -> str:
    """Return the URI of the store in use."""
    return mlflow_store.address()


def children(parent: str, tags: Mapping[str, str] | None = None) -> list[Run]:
    """Return the runs nested under a run, newest first: all, or those that have all these tags."""
    return find({PARENT_TAG: parent, **(tags or {})})
