"""An MLflow server that dies in mid-training: no epoch waits for it, and nothing that was logged is lost."""

from collections import Counter
from functools import partial

import mlflow
import pytest
import yaml

from experiments import tracking
from experiments.cli import main as spooflab
from experiments.metric_log import MetricLog
from experiments.registry import MODEL_NAME
from experiments.train import train
from tests.mlflow_server import Server


@pytest.fixture
def server(place, tmp_path, monkeypatch):
    server = Server(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    yield server.wait()
    server.kill()


@pytest.mark.slow
def test_a_server_away_for_a_while_costs_nothing(server, place, tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.train.MetricLog", partial(MetricLog, every_s=0.1))
    trained_without = []

    def keep_going(epoch, measures):
        match epoch:
            case 1:
                server.kill()
            case 5:
                server.start()  # which takes it some seconds
        if 1 <= epoch < 5:
            trained_without.append(epoch)
        return True

    outcome = train(place.words(epochs=8), name="without a server", keep_going=keep_going)
    assert trained_without == [1, 2, 3, 4]
    run = tracking.get(outcome.run_id)
    assert run.info.status == "FINISHED"
    client = mlflow.MlflowClient()
    for name in ("dev/eer", "dev/min_dcf", "dev/loss", "train/loss"):
        steps = Counter(point.step for point in client.get_metric_history(outcome.run_id, name))
        assert len(steps) == 8, name
        assert set(steps.values()) == {1}, name
    assert tracking.fetch(outcome.run_id, tracking.CHECKPOINT_ARTIFACT).exists()

    # And what comes after a training does so over HTTP, too.
    assert spooflab(["evaluate", "--model", outcome.run_id, "--config", str(place.folder / "data.yaml")]) == 0
    anything = dict.fromkeys(("max_eer", "max_worst_attack_eer", "max_eer_above_champion", "max_balanced_error"), 1.0)
    gate = tmp_path / "gate.yaml"
    gate.write_text(yaml.safe_dump(anything))
    assert spooflab(["promote", "--model", outcome.run_id, "--gate", str(gate)]) == 0
    assert mlflow.MlflowClient().get_model_version_by_alias(MODEL_NAME, "champion").run_id == outcome.run_id
