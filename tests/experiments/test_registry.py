"""A promoted version is reversible, takes raw audio, and says what the offline command says."""

import base64
import io
import json
import shutil
import subprocess
import sys
import time
import urllib.request

import mlflow
import numpy as np
import pandas as pd
import pytest
import soundfile

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import registry
from experiments.cli import main as spooflab
from experiments.evaluate import evaluate
from experiments.score import load
from experiments.train import train

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
    assert registry.version_of(CHAMPION).tags["promoted_gate"].startswith("pass")


def test_the_gate_refuses_with_its_reason(evaluated, place, gate, capsys):
    before = registry.holder(NAME, "champion")
    assert spooflab(["promote", "--model", evaluated, "--gate", gate(max_eer=-1.0)]) == 1
    out = capsys.readouterr().out
    assert "FAIL  EER" in out
    assert "refused" in out
    assert registry.holder(NAME, "champion") == before


def test_a_second_champion_and_back(champion, place, gate):
    other = train(place.words("rawnet2", epochs=1)).run_id
    evaluate(other, asvspoof2019_la(str(place.corpus)))
    assert spooflab(["promote", "--model", other, "--gate", gate()]) == 0
    second = registry.holder(NAME, "champion")
    assert (second != champion, registry.holder(NAME, "previous")) == (True, champion)
    assert spooflab(["rollback"]) == 0
    assert (registry.holder(NAME, "champion"), registry.holder(NAME, "previous")) == (champion, second)


def test_another_alias_has_a_past_of_its_own(champion, evaluated, gate, capsys):
    assert spooflab(["promote", "--model", evaluated, "--gate", gate(), "--alias", "staging"]) == 0
    assert registry.holder(NAME, "staging") == champion
    assert spooflab(["rollback", "--alias", "staging"]) == 1
    assert "nothing to go back to" in capsys.readouterr().err


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


def test_the_model_loads_without_this_repository(champion, clip, tmp_path):
    model = mlflow.artifacts.download_artifacts(f"models:/{NAME}/{champion}", dst_path=str(tmp_path / "model"))
    shutil.copy(clip, tmp_path / "clip.flac")
    code = (
        "import sys, pathlib, mlflow, pandas as pd\n"
        f"model = mlflow.pyfunc.load_model({model!r})\n"
        "print(model.predict(pd.DataFrame({'audio': [pathlib.Path('clip.flac').read_bytes()]}))['score'][0])\n"
        "import lightning_modules; print(lightning_modules.__file__)\n"
    )
    # -I leaves out the folder and PYTHONPATH; the editable install is taken off the path by hand.
    guard = "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f).lower()]\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", guard + code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    score, source = done.stdout.split("\n")[:2]
    assert float(score) == pytest.approx(load(CHAMPION).judge(clip).score, abs=1e-6)
    assert source.startswith(str(tmp_path / "model"))


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
