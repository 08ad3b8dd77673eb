"""The experiment opens with the columns that tell, and says so to whoever finds it."""

import json

import mlflow

from experiments import experiment_page, tracking
from experiments.mlflow_experiment import experiment_id


def test_the_first_run_tells_mlflow_how_to_show_them(place):
    with tracking.run("first"):
        pass
    experiment = mlflow.get_experiment(experiment_id())
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    link = experiment_page.link(experiment.experiment_id)
    assert link in experiment.tags["mlflow.note.content"]
    key = link.rpartition("viewStateShareKey=")[2]
    view = json.loads(experiment.tags[f"mlflow.sharedViewState.{key}"])
    assert "metrics.`best/dev_eer`" in view["selectedColumns"]
