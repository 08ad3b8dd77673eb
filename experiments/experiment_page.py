"""An experiment's id in, what MLflow's pages are to show of it out: a note, and a view of the columns that tell."""

import json

VIEW_TAG = "mlflow.sharedViewState.sweeps"  # the key of a link is the end of its name
_COLUMNS = (
    *("attributes.`Created`", "attributes.`Duration`", "metrics.`best/dev_eer`"),
    *(f"metrics.`trials/{outcome}`" for outcome in ("complete", "pruned", "failed")),
    *("tags.`sweep.best`", "tags.`optuna.state`", "tags.`failure`"),
)
_VIEW = {"selectedColumns": _COLUMNS, "orderByKey": "attributes.start_time", "orderByAsc": False}
_NOTE = """**[Show the columns that tell]({link})**: MLflow's own choice of columns has no EER.
A sweep is one row: open its + for its trials, its name for the answer; select some and press *Compare*.
Finished trials are FINISHED, pruned ones KILLED, failed ones FAILED, with the reason in the tag `failure`. EERs are
legacy (ASVspoof), as fractions; `best/…` is of the epoch that was kept, `eval/…` of evaluated runs."""


def link(experiment_id: str) -> str:
    """Return where its runs are shown with these columns, in the mode of MLflow's pages that shows descriptions."""
    view = VIEW_TAG.rpartition(".")[2]
    return f"#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={view}"


def tags(experiment_id: str) -> dict[str, str]:
    """Return what is put on the experiment: that it holds trainings, not chats, and how they are shown."""
    return {
        "mlflow.experimentKind": "custom_model_development",
        "mlflow.note.content": _NOTE.format(link=link(experiment_id)),
        VIEW_TAG: json.dumps(_VIEW),
    }
