"""A promoted version is reversible, takes raw audio, and says what the offline command says."""

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import packages_distributions

import mlflow
import numpy as np
import pandas as pd
import pytest
import soundfile

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import registration, registry
from experiments.cli import main as spooflab
from experiments.deployed_trial import try_out
from experiments.score_batch import load

NAME = registry.MODEL_NAME
CHAMPION = f"models:/{NAME}@champion"


@pytest.fixture
def gate(place):
    def written(max_eer: float = 1.0, above: float = 1.0) -> str:
        path = place.folder / "gate.yaml"
        path.write_text(
            f"{{max_eer: {max_eer}, max_worst_attack_eer: 1.0, max_eer_above_champion: {above}, "
            "max_balanced_error: 1.0}"
        )
        return str(path)

    return written


@pytest.fixture
def champion(evaluated, place, gate) -> str:
    assert spooflab(["promote", "--model", evaluated, "--gate", gate()]) == 0
    return str(registry.holder(NAME, "champion"))


@pytest.fixture
def clip(place):
    return asvspoof2019_la(str(place.corpus)).partition("eval")[0].path


def test_promoting_twice_makes_one_version(champion, evaluated, gate, capsys):
    assert spooflab(["promote", "--model", evaluated, "--gate", gate()]) == 0
    assert f"version {champion}" in capsys.readouterr().out
    assert str(registry.version_of(CHAMPION).version) == champion
    assert registry.version_of(CHAMPION).tags["promoted_gate"].startswith("passed all 4 limits of gate.yaml")


def test_the_pyfunc_says_what_the_command_says(champion, clip):
    model = mlflow.pyfunc.load_model(CHAMPION)
    expected = load(CHAMPION).judge(clip)
    answer = model.predict(pd.DataFrame({"audio": [clip.read_bytes()]})).iloc[0]
    assert answer["score"] == pytest.approx(expected.score, abs=1e-6)
    assert answer["decision"] == expected.decision
    assert 0 < answer["probability"] < 1


def test_the_pyfunc_takes_any_rate_channels_and_length(champion, clip):
    waveform, rate = soundfile.read(clip)
    forms = []
    for channels, new_rate, kind in ((1, rate, "WAV"), (2, 44100, "FLAC"), (1, 8000, "OGG"), (1, 48000, "MP3")):
        buffer = io.BytesIO()
        soundfile.write(buffer, np.stack([np.tile(waveform, 3)] * channels, axis=1), new_rate, format=kind)
        forms.append(buffer.getvalue())
    answers = mlflow.pyfunc.load_model(CHAMPION).predict(pd.DataFrame({"audio": forms}))
    assert answers["error"].isna().all()
    assert np.isfinite(answers["score"].astype(float)).all()
    assert answers["duration_s"].iloc[1] == pytest.approx(3 * len(waveform) / 44100, abs=0.01)


def test_a_bad_row_fails_alone(champion, clip):
    rows = pd.DataFrame({"audio": [b"no audio at all", clip.read_bytes(), b""]})
    answers = mlflow.pyfunc.load_model(CHAMPION).predict(rows)
    assert answers["error"].isna().tolist() == [False, True, False]
    assert answers["score"].isna().tolist() == [True, False, True]


def test_paths_are_read_only_where_allowed(champion, clip):
    rows = pd.DataFrame({"path": [str(clip)]})
    refused = mlflow.pyfunc.load_model(CHAMPION).predict(rows).iloc[0]
    assert "paths are not read here" in refused["error"]
    allowed = mlflow.pyfunc.load_model(CHAMPION, model_config={"allow_paths": True}).predict(rows).iloc[0]
    assert allowed["score"] == pytest.approx(load(CHAMPION).judge(clip).score, abs=1e-6)


LOADER = """
import ast, json, pathlib, sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
import mlflow, pandas
model = mlflow.pyfunc.load_model("model")
answer = model.predict(pandas.DataFrame({"audio": [pathlib.Path("clip.flac").read_bytes()]})).iloc[0]
files = [str(getattr(module, "__file__", "")) for module in list(sys.modules.values())]
own = [pathlib.Path(file) for file in files if "/model/" in file]
imported = set()
for node in (node for file in own for node in ast.walk(ast.parse(file.read_text()))):
    if isinstance(node, ast.Import):
        imported |= {alias.name.partition(".")[0] for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
        imported.add(node.module.partition(".")[0])
print(json.dumps({"score": answer["score"], "own": [str(file) for file in own], "imported": sorted(imported)}))
"""


@pytest.mark.slow
def test_the_model_loads_without_this_repository_and_names_all_that_it_needs(champion, clip, tmp_path):
    mlflow.artifacts.download_artifacts(f"models:/{NAME}/{champion}", dst_path=str(tmp_path / "model"))
    shutil.copy(clip, tmp_path / "clip.flac")
    alone = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOADER], cwd=tmp_path, env=alone, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["score"] == pytest.approx(load(CHAMPION).judge(clip).score, abs=1e-6)
    packages = {"datamodules", "experiments", "lightning_modules"}
    assert {file.split("/model/code/")[-1].split("/")[0] for file in told["own"]} >= packages

    lines = (tmp_path / "model" / "requirements.txt").read_text().split()
    assert all("==" in line for line in lines)
    pinned = {line.partition("==")[0].lower() for line in lines}
    for module in set(told["imported"]) - packages - set(sys.stdlib_module_names):
        assert pinned & {name.lower() for name in packages_distributions()[module]}, module


def test_registering_again_makes_no_second_version(champion, evaluated, clip):
    tags = {"a": "fact"}
    assert registration.register(evaluated, "another card", tags, clip) == champion
    version = registry.version_of(CHAMPION)
    assert (version.description, version.tags["a"]) == ("another card", "fact")


def test_other_code_is_another_version(champion, evaluated, clip, monkeypatch):
    monkeypatch.setattr(registration, "code_digest", lambda: "of other code")
    made = registration.register(evaluated, "of other code", {}, clip)
    assert made != champion
    assert registry.holder(NAME, "candidate") == made
    assert registry.holder(NAME, "champion") == champion


def test_what_does_not_stand_by_itself_is_not_tried(champion, clip, tmp_path, place):
    model = tmp_path / "model"
    shutil.copytree(registry.model_folder(CHAMPION), model)
    shutil.rmtree(model / "code" / "lightning_modules" / "networks")
    corpus = asvspoof2019_la(str(place.corpus))
    with pytest.raises(RuntimeError, match=r"cannot be run by itself: .*lightning_modules\.networks"):
        try_out(model, load(CHAMPION), corpus, timed=False)


@pytest.mark.slow
def test_the_endpoint_answers_with_the_same_score(champion, clip):
    port = 5917
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; from experiments.cli import main; sys.exit(main(['serve', '--port', '{port}']))",
        ]
    )
    try:
        recordings = (clip.read_bytes(), b"no audio")
        body = {
            "dataframe_split": {
                "columns": ["audio"],
                "data": [[base64.b64encode(audio).decode()] for audio in recordings],
            }
        }
        answer = _post(f"http://127.0.0.1:{port}/invocations", json.dumps(body).encode())
    finally:
        server.terminate()
        server.wait()
    row, bad = answer["predictions"]
    assert bad["score"] is None
    assert "row 1" in bad["error"]
    assert row["score"] == pytest.approx(load(CHAMPION).judge(clip).score, abs=1e-5)
    assert row["decision"] in ("bonafide", "spoof")


def _post(url: str, body: bytes, patience_s: float = 120) -> dict:
    end = time.monotonic() + patience_s
    while True:
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.load(reply, parse_constant=pytest.fail)  # NaN is no JSON
        except (ConnectionError, urllib.error.URLError):
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
