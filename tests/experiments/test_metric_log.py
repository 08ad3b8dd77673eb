"""What is measured is on disk at once and on the run once; a store that is away loses none of it."""

import math
import time

import mlflow
import pytest

from experiments import tracking
from experiments.metric_log import FILE, MetricLog


@pytest.fixture
def run_id(place):
    with tracking.run("measured") as run_id:
        return run_id


def points(run_id, name):
    return [(point.step, point.value) for point in mlflow.MlflowClient().get_metric_history(run_id, name)]


def _away(*_):
    raise ConnectionError("it is away")


def test_values_reach_the_run_while_it_goes_on(run_id, tmp_path):
    with MetricLog(run_id, tmp_path, every_s=0.01) as log:
        log.log_metrics({"a": 1.0, "b": math.nan}, step=3)
        for _ in range(600):
            if points(run_id, "b"):
                break
            time.sleep(0.05)
        assert points(run_id, "a") == [(3, 1.0)]


def test_many_values_fit_into_batches(run_id, tmp_path):
    with MetricLog(run_id, tmp_path) as log:
        for step in range(2500):
            log.log_metrics({"many": float(step)}, step)
    assert sorted(points(run_id, "many")) == [(step, float(step)) for step in range(2500)]


def test_what_could_not_be_sent_is_kept_and_sent_by_the_next(run_id, tmp_path, monkeypatch):
    with MetricLog(run_id, tmp_path) as log:
        log.log_metrics({"a": 0.0}, step=0)
    with monkeypatch.context() as patched:
        patched.setattr(tracking, "log_points", _away)
        log = MetricLog(run_id, tmp_path, every_s=0.01)
        log.log_metrics({"a": 1.0}, step=1)
        with pytest.raises(ConnectionError, match=rf"2 values of run {run_id} .*{FILE}.*--ckpt last.*it is away"):
            log.close()
    with (tmp_path / FILE).open("a") as file:
        file.write('["a", 2.0, 17')  # killed in the middle of a line
    for step in (2, 3):
        with MetricLog(run_id, tmp_path) as log:
            log.log_metrics({"a": float(step)}, step)
    assert points(run_id, "a") == [(step, float(step)) for step in range(4)]  # and what the store had it has once


def test_why_a_training_ended_is_told_before_what_could_not_be_sent(run_id, tmp_path, monkeypatch):
    monkeypatch.setattr(tracking, "log_points", _away)
    log = MetricLog(run_id, tmp_path)
    log.log_metrics({"a": 1.0})
    with pytest.raises(RuntimeError, match="out of memory") as caught, log:
        raise RuntimeError("out of memory")
    assert caught.value.__notes__[0].startswith("1 values")


def test_a_store_without_the_run_is_an_error_of_its_own(place):
    with pytest.raises(LookupError, match="no run 'nowhere'"):
        tracking.log_metrics("nowhere", {"a": 1.0})


def test_a_run_that_was_deleted_is_named_once(run_id, tmp_path, caplog):
    log = MetricLog(run_id, tmp_path, every_s=0.01)
    mlflow.MlflowClient().delete_run(run_id)
    log.log_metrics({"a": 1.0}, step=1)
    time.sleep(0.2)
    with pytest.raises(LookupError, match=rf"run {run_id} was deleted: `mlflow runs restore"):
        log.close()
    assert caplog.records == []
