"""Facts about a run in, rows of MLflow out: the only file that talks to MLflow tracking.

The store is MLflow's own choice: ``MLFLOW_TRACKING_URI`` where it is set, else ``./mlflow.db``; so ``mlflow ui`` typed
in the same folder shows the same runs.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import yaml
from mlflow.entities import Dataset, DatasetInput, InputTag, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from pytorch_lightning.loggers import MLFlowLogger

from datamodules.manifest import Manifest
from experiments import experiment_page
from experiments.failures import describe as describe_failure

EXPERIMENT = "spooflab"
CHECKPOINT_ARTIFACT = "checkpoint/best.ckpt"
CONFIG_ARTIFACT = "config.yaml"
AUGMENTATION_ARTIFACT = "augmentation.json"
SWEEP_TAG = "sweep.name"  # on the parent run
WINNER_TAG = "sweep.best_run"
_LONGEST_PARAM = 500  # longer values stand in config.yaml alone
_DIGEST_LENGTH = 36  # MLflow refuses longer ones
FAILURE_TAG = "failure"
_UNFINISHED = ("RUNNING", "SCHEDULED")
_PROJECT_RUN = "MLFLOW_RUN_ID"  # the run that `mlflow run` has made for the command it starts

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # a bar for every small file hides what matters


@contextmanager
def run(
    name: str, *, parent: str | None = None, resume: str | None = None, tags: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Open a run, yield its id, and end it with its true status.

    An exception ends it as FAILED with the last lines of the traceback in the tag ``failure``; Ctrl-C as KILLED. A run
    that was given another status by ``kill`` keeps it.

    Args:
        name: shown in the UI.
        parent: id of the run that this one is nested under.
        resume: id of a run to go on with, instead of a new one.
        tags: put on the run at its start, beside the state of the code.
    """
    adopted = os.environ.pop(_PROJECT_RUN, None)  # taken out, or every nested run would be that one
    existing = resume or (adopted if parent is None else None)
    if parent is None and existing is None:
        _use_experiment()
    with mlflow.start_run(
        run_id=existing,
        experiment_id=mlflow.get_run(parent).info.experiment_id if parent else None,
        run_name=name,
        parent_run_id=parent,
        nested=parent is not None,
        tags={**code_state(), **(tags or {})},
    ) as active:
        run_id = active.info.run_id
        if FAILURE_TAG in active.data.tags:  # of the attempt that this one goes on with
            mlflow.MlflowClient().delete_tag(run_id, FAILURE_TAG)
        try:
            yield run_id
        except (KeyboardInterrupt, SystemExit):
            kill(run_id, {FAILURE_TAG: "interrupted"})
            mlflow.end_run("KILLED")
            raise
        except Exception as error:
            tag(run_id, {FAILURE_TAG: describe_failure(error).text})
            raise
        if mlflow.get_run(run_id).info.status == "KILLED":
            mlflow.end_run("KILLED")


def _use_experiment() -> None:
    """Make the experiment current, and tell the UI how to show it."""
    experiment = mlflow.set_experiment(EXPERIMENT)
    if experiment_page.VIEW_TAG not in experiment.tags:
        client = mlflow.MlflowClient()
        for name, value in experiment_page.tags(experiment.experiment_id).items():
            client.set_experiment_tag(experiment.experiment_id, name, value)


def experiment_id() -> str | None:
    """Return the id of the experiment, where anything was tracked yet."""
    found = mlflow.get_experiment_by_name(EXPERIMENT)
    return None if found is None else str(found.experiment_id)


def describe(run_id: str, text: str) -> None:
    """Put Markdown at the top of a run's page."""
    tag(run_id, {"mlflow.note.content": text})


def kill(run_id: str, tags: Mapping[str, str]) -> None:
    """End a run that was stopped on purpose (pruned, interrupted), with the reason as tags."""
    tag(run_id, tags)
    mlflow.MlflowClient().set_terminated(run_id, "KILLED")


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
    client, run_id, told = mlflow.MlflowClient(), run.info.run_id, run.data
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
    for name in surplus:
        client.delete_tag(run_id, name)
    if run.info.status == status:
        return [*wrong, *missing, *surplus]
    if status in _UNFINISHED:
        client.update_run(run_id, status)
    else:
        client.set_terminated(run_id, status)
    return [f"{run.info.status}, not {status}", *wrong, *missing, *surplus]


def tag(run_id: str, tags: Mapping[str, str]) -> None:
    """Put tags on a run."""
    client = mlflow.MlflowClient()
    for name, value in tags.items():
        client.set_tag(run_id, name, value)


def untag(run_id: str, names: Iterable[str]) -> None:
    """Take tags off a run."""
    client = mlflow.MlflowClient()
    for name in names:
        client.delete_tag(run_id, name)


def log_metrics(run_id: str, metrics: Mapping[str, float], step: int | None = None) -> None:
    """Log values in one request."""
    mlflow.log_metrics(dict(metrics), step=step, run_id=run_id)


def history(run_id: str, metric: str) -> list[float]:
    """Return the values of a metric, one a step in rising order; of a step that was logged again the last."""
    values = {entry.step: entry.value for entry in mlflow.MlflowClient().get_metric_history(run_id, metric)}
    return [values[step] for step in sorted(values)]


def log_params(run_id: str, params: Mapping[str, Any]) -> None:
    """Log parameters that are not logged yet; values too long for a column are left to config.yaml."""
    known = mlflow.get_run(run_id).data.params
    new = {name: value for name, value in params.items() if name not in known and len(str(value)) <= _LONGEST_PARAM}
    client = mlflow.MlflowClient()
    client.log_batch(run_id, params=[Param(name, str(value)) for name, value in new.items()])


def log_config(run_id: str, config: Mapping[str, Any]) -> None:
    """Log a resolved config: whole as config.yaml, its set values as parameters."""
    mlflow.MlflowClient().log_text(run_id, yaml.safe_dump(dict(config), sort_keys=False), CONFIG_ARTIFACT)
    log_params(run_id, {name: value for name, value in flatten(config).items() if value is not None})


def log_augmentation(run_id: str, recipes: Mapping[str, Any]) -> None:
    """Log what training audio was altered by, if anything, recordings by their content: a config names but folders."""
    if recipes:
        mlflow.MlflowClient().log_text(run_id, json.dumps(recipes, indent=1), AUGMENTATION_ARTIFACT)


def heard_recordings(run_id: str) -> frozenset[str]:
    """Return the SHA-256 of every recording that a run's training audio was altered by; none for runs without."""
    try:
        text = fetch(run_id, AUGMENTATION_ARTIFACT).read_text()
    except FileNotFoundError:
        return frozenset()
    return frozenset(re.findall(r'"([0-9a-f]{64})"', text))


def log_dataset(run_id: str, manifest: Manifest, context: str) -> None:
    """Log which data a run used, by the manifest's own digest: MLflow's covers the first 10,000 rows only."""
    folder = os.path.commonpath([trial.path.parent for trial in manifest])
    dataset = Dataset(manifest.name, manifest.digest[:_DIGEST_LENGTH], "local", json.dumps({"uri": folder}))
    tag(run_id, {"data.sha256": manifest.digest})
    used = DatasetInput(dataset, [InputTag("mlflow.data.context", context)])
    mlflow.MlflowClient().log_inputs(run_id, [used])


def log_files(run_id: str, path: Path, folder: str | None = None) -> None:
    """Log a file, or the contents of a folder, under a folder of the run."""
    client = mlflow.MlflowClient()
    (client.log_artifacts if path.is_dir() else client.log_artifact)(run_id, str(path), folder)


def fetch(run_id: str, artifact: str) -> Path:
    """Return a local path of something a run logged.

    Raises:
        FileNotFoundError: the run has no such artifact.
    """
    try:
        return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=artifact))
    except (MlflowException, OSError) as error:
        raise FileNotFoundError(f"run {run_id} has no {artifact}: was it trained to its end?") from error


def get(run_id: str) -> Run:
    """Return a run.

    Raises:
        LookupError: no run has that id in the store that is in use.
    """
    try:
        return mlflow.get_run(run_id)
    except MlflowException as error:
        raise LookupError(f"no run {run_id!r} in {mlflow.get_tracking_uri()}: `spooflab ui` lists them") from error


def name_of(run_id: str) -> str:
    """Return what the UI calls a run, and the start of its id: names need not be different."""
    return f"{get(run_id).info.run_name} {run_id[:6]}"


def find(tags: Mapping[str, str]) -> list[Run]:
    """Return the runs of every experiment that have all these tags, newest first.

    Raises:
        ValueError: a value has a quote in it.
    """
    quoted = [value for value in tags.values() if "'" in value]
    if quoted:
        raise ValueError(f"the name {quoted[0]!r} has a quote in it, which MLflow cannot search for: choose another")
    return _search(" and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items()))


def find_tagged(name: str) -> list[Run]:
    """Return the runs of every experiment that have a tag of that name, newest first."""
    return _search(f"tags.`{name}` LIKE '%'")


def _search(condition: str) -> list[Run]:
    return mlflow.search_runs(filter_string=condition, search_all_experiments=True, output_format="list")


def store() -> str:
    """Return the URI of the store in use."""
    return str(mlflow.get_tracking_uri())


def children(parent: str, tags: Mapping[str, str] | None = None) -> list[Run]:
    """Return the runs nested under a run, newest first: all, or those that have all these tags."""
    return find({"mlflow.parentRunId": parent, **(tags or {})})


def sweep(name: str) -> Run:
    """Return the parent run of a sweep.

    Raises:
        LookupError: no sweep has that name.
    """
    found = find({SWEEP_TAG: name})
    if not found:
        raise LookupError(
            f"no sweep {name!r} in {mlflow.get_tracking_uri()}: launch it with `spooflab sweep --name {name} …`"
        )
    return found[0]


def winner(sweep_name: str) -> str:
    """Return the run id of a sweep's best trial.

    Raises:
        LookupError: no sweep has that name, or none of its trials is finished.
    """
    run_id = sweep(sweep_name).data.tags.get(WINNER_TAG)
    if run_id is None:
        raise LookupError(
            f"sweep {sweep_name!r} has no finished trial yet: let it go on with the command that launched it"
        )
    return run_id


def lightning_logger(run_id: str) -> MLFlowLogger:
    """Return a logger into an existing run; left to itself it would make a second one."""
    return MLFlowLogger(tracking_uri=mlflow.get_tracking_uri(), run_id=run_id)


def code_state() -> dict[str, str]:
    """Return the commit of the code as tags, and whether it had been changed since; nothing outside a checkout."""
    here = Path(__file__).parent
    try:
        commit, status = (
            subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"mlflow.source.git.commit": commit, "git.dirty": str(bool(status)).lower()}


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn nested mappings into one with dotted keys."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def config_digest(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a resolved config: two runs with the same digest are the same experiment."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
