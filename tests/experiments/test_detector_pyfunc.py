"""The registered model, by MLflow's own means: parameters by its signature, and the same protocol as the endpoint."""

import json

import mlflow
import pandas as pd
import pytest
from mlflow.pyfunc import scoring_server

from experiments import registry
from experiments.cli import main as spooflab
from experiments.serving.messages import read_json
from tests.encodings import by_libsndfile, speech_of
from tests.served import as_json

URI = f"models:/{registry.MODEL_NAME}@pyfunc"


@pytest.fixture(scope="module")
def model(session_place, evaluated):
    with session_place.entered():
        gate = session_place.folder / "any.yaml"
        gate.write_text(
            "{max_eer: 1.0, max_worst_attack_eer: 1.0, max_eer_above_champion: 1.0, max_balanced_error: 1.0}"
        )
        assert spooflab(["promote", "--model", evaluated, "--gate", str(gate), "--alias", "pyfunc"]) == 0
        return mlflow.pyfunc.load_model(URI)


@pytest.fixture(scope="module")
def content(tiny_corpus) -> bytes:
    return by_libsndfile(speech_of(tiny_corpus), "WAV", "PCM_16")


def test_parameters_are_in_the_signature(model, content):
    rows = pd.DataFrame({"audio": [content]})
    loose, strict = (model.predict(rows, params={"threshold": value}).iloc[0] for value in (-99.0, 99.0))
    assert (loose["decision"], strict["decision"]) == ("bonafide", "spoof")
    assert len(model.predict(rows, params={"window_s": 0.5, "hop_s": 0.25})["windows"][0]) == 7


@pytest.mark.parametrize("params", [{"hop_s": 0.0}, {"threshold": float("nan")}])
def test_parameters_out_of_range_are_refused(model, content, params):
    with pytest.raises(mlflow.exceptions.MlflowException, match="found"):
        model.predict(pd.DataFrame({"audio": [content]}), params=params)


def test_mlflows_own_server_reads_what_the_endpoint_reads(model, content):
    kind, body = as_json(content, b"no audio", threshold=99.0)
    theirs = scoring_server.invocations(body, kind, model, model.metadata.get_input_schema())
    good, bad = json.loads(theirs.response)["predictions"]
    recordings, params = read_json(body, max_recordings=2)
    assert recordings[0].audio == content
    assert dict(params) == {"threshold": 99.0}
    assert (good["decision"], bad["score"]) == ("spoof", None)
    assert good["windows"]
