"""Whatever a request holds, it is answered: with the scores of the offline path, or with a reason, and by no more."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from experiments.inference import Countermeasure
from experiments.serving.app import application
from experiments.serving.metrics import Metrics
from experiments.serving.models import Loaded, Models, load
from experiments.serving.settings import Settings
from tests.encodings import speech_of
from tests.served import as_form, as_json, formats, hostile_bodies, hostile_files, tiny_countermeasure


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_countermeasure(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def countermeasure(folder) -> Countermeasure:
    return Countermeasure.load(folder)


@pytest.fixture(scope="module")
def speech(tiny_corpus) -> np.ndarray:
    return speech_of(tiny_corpus, seconds=2.5)


def client_of(uri: str, **limits: float) -> TestClient:
    settings, metrics = Settings(uri, **limits), Metrics()
    return TestClient(application(settings, Models(uri, 0.0, metrics), metrics), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client(folder) -> Iterator[TestClient]:
    with client_of(str(folder)) as client:
        yield client


def post(client: TestClient, kind: str, body: bytes, path: str = "/invocations"):
    return client.post(path, content=body, headers={"content-type": kind} if kind else {})


def rows(answer) -> list[dict]:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_constant=pytest.fail)["predictions"]


def test_every_format_has_the_offline_score_by_every_way(client, countermeasure, speech):
    files = formats(speech)
    expected = [countermeasure.judge(content, name).score for name, content in files.items()]
    by_form = rows(post(client, *as_form(files)))
    by_json = rows(post(client, *as_json(*files.values())))
    alone = [rows(post(client, "audio/x", content))[0] for content in files.values()]
    for found in (by_form, by_json, alone):
        np.testing.assert_allclose([row["score"] for row in found], expected, atol=1e-5)
    assert [row["file"] for row in by_form] == list(files)


def test_an_answer_tells_windows_and_what_was_heard(client, speech):
    (row,) = rows(post(client, *as_form({"a.flac": formats(speech)["a.flac"]}, window_s=1.0, hop_s=0.5)))
    assert row["starts_s"] == [0.0, 0.5, 1.0, 1.5]
    assert row["score"] == pytest.approx(np.mean(row["windows"]), abs=1e-5)
    assert (row["window_s"], row["sample_rate_hz"], row["channels"]) == (1.0, 16000, 1)
    assert row["duration_s"] == pytest.approx(2.5)
    assert row["warnings"] == []


def test_a_threshold_decides(client, speech):
    content = formats(speech)["a.wav"]
    decisions = [rows(post(client, *as_json(content, threshold=value)))[0]["decision"] for value in (-99, 99)]
    assert decisions == ["bonafide", "spoof"]
    (row,) = rows(post(client, "audio/wav", content, "/invocations?threshold=99"))
    assert (row["decision"], row["threshold"]) == ("spoof", 99.0)


@pytest.mark.parametrize("form", ["records", "columns", "strings", "one"])
def test_mlflows_other_layouts(client, speech, form):
    text = json.loads(as_json(formats(speech)["a.wav"])[1])["dataframe_split"]["data"][0][0]
    message = {
        "records": {"dataframe_records": [{"audio": text}]},
        "columns": {"inputs": {"audio": [text]}},
        "strings": {"instances": [text]},
        "one": {"inputs": {"audio": f"data:audio/wav;base64,{text}"}},
    }[form]
    (row,) = rows(post(client, "application/json", json.dumps(message).encode()))
    assert row["error"] is None


def test_a_bad_recording_fails_alone(client, speech):
    bad = hostile_files(speech)
    found = rows(post(client, *as_form({**bad, "good.wav": formats(speech)["a.wav"]})))
    assert all(row["error"] for row in found[:-1])
    assert all(row["score"] is None for row in found[:-1])
    assert found[-1]["error"] is None
    assert "root:" not in json.dumps(found)


def test_a_cell_of_another_type_fails_alone(client, speech):
    kind, body = as_json(formats(speech)["a.wav"])
    message = json.loads(body)
    message["dataframe_split"]["data"] += [[5], [None], [["x"]], [], 7, ["../../etc/passwd"], ["http://h/a.wav"]]
    found = rows(post(client, kind, json.dumps(message).encode()))
    assert [row["error"] is None for row in found] == [True] + [False] * 7


@pytest.mark.parametrize("name", hostile_bodies())
def test_what_is_no_request_is_refused_with_a_reason(client, name):
    answer = post(client, *hostile_bodies()[name])
    assert 400 <= answer.status_code < 500
    assert answer.json()["message"]
    assert len(answer.text) < 1500  # and is not repeated


def test_limits(folder, speech):
    content = formats(speech)["a.wav"]
    with client_of(str(folder), max_body_mb=0.1, max_duration_s=2.0, max_recordings=2) as client:
        assert "at most 2 s" in rows(post(client, "audio/wav", content))[0]["error"]
        assert post(client, *as_json(b"x", b"x", b"x")).status_code == 400
        assert post(client, *as_form({"a": b"x", "b": b"x", "c": b"x"})).status_code == 400
        assert post(client, "audio/wav", bytes(200_000)).status_code == 413
        chunks = client.post(
            "/invocations", content=(bytes(50_000) for _ in range(9)), headers={"content-type": "audio/x"}
        )
        assert chunks.status_code == 413


def test_the_time_of_a_request_has_a_limit(folder, speech):
    with client_of(str(folder), timeout_s=1e-6) as client:
        assert "time" in rows(post(client, "audio/wav", formats(speech)["a.wav"]))[0]["error"]


def test_it_is_ready_once_a_model_is_loaded(folder):
    uri = str(folder.with_name("nothing"))
    models = Models(uri, 0.0, Metrics(), loader=lambda uri: (_ for _ in ()).throw(LookupError("there is none")))
    with TestClient(application(Settings(uri), models, Metrics())) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 503
        assert "there is none" in client.get("/ready").json()["problem"]
        assert post(client, "audio/wav", b"x").status_code == 503
        models.current = load(str(folder))
        assert client.get("/ready").json()["version"] == "none"


def test_metrics_count_requests_and_recordings(folder, speech):
    with client_of(str(folder)) as client:
        rows(post(client, *as_form({"a.wav": formats(speech)["a.wav"], "b.wav": b""})))
        post(client, "text/csv", b"")
        page = client.get("/metrics").text
    assert 'spooflab_requests_total{status="200"} 1.0' in page
    assert 'spooflab_requests_total{status="415"} 1.0' in page
    assert 'spooflab_recordings_total{outcome="refused"} 1.0' in page
    assert "spooflab_audio_seconds_total 2.5" in page
    assert "spooflab_requests_in_flight 0.0" in page
    assert "spooflab_request_seconds_count 2.0" in page


def test_other_pages_may_read_answers_only_if_told(folder):
    origin = {"origin": "https://page.example"}
    with client_of(str(folder)) as client:
        assert "access-control-allow-origin" not in client.get("/ready", headers=origin).headers
    with client_of(str(folder), origins=("https://page.example",)) as client:
        assert client.get("/ready", headers=origin).headers["access-control-allow-origin"] == "https://page.example"


def test_a_failure_of_its_own_is_told_without_its_insides(folder, monkeypatch):
    with client_of(str(folder)) as client:
        monkeypatch.setattr("experiments.serving.app.answers", lambda *_: 1 / 0)
        answer = post(client, "audio/wav", b"x")
    assert answer.status_code == 500
    assert "division" not in answer.text


def test_a_loaded_version_names_itself(client, folder, speech):
    answer = post(client, "audio/wav", formats(speech)["a.wav"])
    assert answer.json()["model"] == {"name": str(folder), "version": "none"}
    assert isinstance(load(str(folder)), Loaded)
