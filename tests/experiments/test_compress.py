"""A form that is picked is a version like any other: gated, promoted, and the same online and offline."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest
import yaml

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import compress, form_run, registry, tracking
from experiments.cli import main as spooflab
from experiments.compress import some
from experiments.form_table import Row
from experiments.prune import Plan
from experiments.score_batch import load
from lightning_modules.export.forms import STATIC

NAME, FORM = "compressed", "onnx-int8-dynamic"
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "onnx_example.py"


@pytest.fixture(scope="module")
def told(session_place, evaluated, tmp_path_factory):
    """What the command said."""
    out = tmp_path_factory.mktemp("told") / "told.json"
    with session_place.entered(), out.open("w") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", file)
        words = ["--formats", "torchscript,onnx", "--register", FORM, "--name", NAME, "--turns", "2", "--json"]
        assert spooflab(["compress", "--model", evaluated, *words, "--trials", "12"]) == 0
    return json.loads(out.read_text().splitlines()[-1])


@pytest.fixture
def gate(place):
    def written(**limits) -> str:
        path = place.folder / "parity.yaml"
        path.write_text(yaml.safe_dump(limits))
        return str(path)

    return written


@pytest.fixture
def clip(place):
    return asvspoof2019_la(str(place.corpus)).partition("eval")[0].path


def test_a_row_for_each_form(told, place, evaluated):
    rows = {row["form"]: row for row in told["rows"]}
    assert list(rows) == ["torch", "features alone", "torchscript", "onnx", FORM]
    assert rows["onnx"]["max_delta"] < 1e-4
    assert rows["onnx"]["eer"] == rows["torch"]["eer"]
    assert 1e-4 < rows[FORM]["max_delta"] < 1.0
    assert rows[FORM]["eer_low"] <= rows[FORM]["eer_difference"] <= rows[FORM]["eer_high"]
    assert rows["torchscript"]["samples"] == 16_000
    assert all(0 < row["p50_ms"] <= row["p95_ms"] for row in rows.values())
    run = tracking.get(told["run"])
    assert run.data.tags["mlflow.parentRunId"] == evaluated
    assert not run.data.metrics
    logged = json.loads(tracking.fetch(told["run"], "compress/rows.json").read_text())
    assert logged == told["rows"]
    assert tracking.fetch(told["run"], f"compress/forms/{FORM}.onnx").stat().st_size == pytest.approx(
        1e6 * rows[FORM]["size_mb"]
    )


def test_the_version_stands_beside_its_parent(told, place, evaluated):
    version = registry.version_of(told["registered"]["uri"])
    assert version.run_id == told["registered"]["run"]
    assert (version.tags["form"], version.tags["form.of"]) == (FORM, evaluated)
    assert float(version.tags["form.score_difference"]) > 0
    assert form_run.form_of(version.run_id) is not None
    assert form_run.form_of(evaluated) is None
    requirements = (registry.model_folder(told["registered"]["uri"]) / "requirements.txt").read_text()
    assert "onnxruntime==" in requirements


def test_the_gate_holds_a_form_against_its_detector(told, place, gate, capsys):
    uri = told["registered"]["uri"]
    assert spooflab(["promote", "--model", uri, "--gate", gate(max_form_score_difference=0.0)]) == 1
    assert f"{FORM} against its detector, scores of 8" in capsys.readouterr().out.replace("\n", " ")
    limits = {
        "max_form_score_difference": 2.0,
        "max_form_eer_difference": 0.5,
        "max_score_difference": 1e-4,
        "refuse_unsafe_files": True,
    }
    assert spooflab(["promote", "--model", uri, "--gate", gate(**limits), "--json"]) == 0
    checks = json.loads(capsys.readouterr().out.splitlines()[-1])["checks"]
    assert {check["limit"] for check in checks} == set(limits)
    assert registry.holder(NAME, "champion") == told["registered"]["version"]


def test_a_detector_itself_has_parity(place, evaluated, gate, capsys):
    limits = gate(max_form_score_difference=0.0, max_form_eer_difference=0.0)
    assert spooflab(["promote", "--model", evaluated, "--name", "itself", "--gate", limits]) == 0


def test_the_same_score_online_offline_and_with_nothing_but_the_file(told, place, clip):
    uri = told["registered"]["uri"]
    countermeasure = load(uri)
    assert countermeasure.form.name == FORM
    assert countermeasure.told == f"as {FORM}"
    offline = countermeasure.judge(clip)
    online = mlflow.pyfunc.load_model(uri).predict(pd.DataFrame({"audio": [clip.read_bytes()]})).iloc[0]
    assert online["score"] == pytest.approx(offline.score, abs=1e-6)
    file = registry.countermeasure_folder(uri) / "form.onnx"
    alone = subprocess.run(
        [sys.executable, str(EXAMPLE), str(file), str(clip)], capture_output=True, text=True, check=True
    )
    score, decision = alone.stdout.split()
    assert float(score) == pytest.approx(offline.score, abs=1e-3)
    assert decision == offline.decision


def test_what_cannot_be_asked_for_is_said(place, evaluated, tmp_path, capsys):
    checkpoint = tracking.fetch(evaluated, tracking.CHECKPOINT_ARTIFACT)
    assert spooflab(["compress", "--model", str(checkpoint)]) == 1
    assert "no data of its own: name a config" in capsys.readouterr().err
    assert spooflab(["compress", "--model", str(checkpoint), "--quantization-aware"]) == 1
    assert "which tells no config: give the run" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        spooflab(["compress", "--model", evaluated, "--formats", "tflite"])
    assert "found 'tflite', expected some of torchscript" in capsys.readouterr().err
    assert spooflab(["compress", "--model", evaluated, "--register", "onnx", "--untrained"]) == 1
    assert "expected a model that was trained" in capsys.readouterr().err


def test_some_trials_are_of_both_classes(tiny_corpus):
    trials = asvspoof2019_la(str(tiny_corpus)).partition("eval")
    chosen = some(trials, 12)
    assert {trial.label for trial in chosen} == {0, 1}
    assert 8 <= len(chosen) <= 14
    assert some(trials, None) == some(trials, 10_000) == list(trials)


def test_a_model_is_pruned_first_and_what_is_left_taught_on_and_trained_for_int8(monkeypatch):
    told = []
    monkeypatch.setattr(
        compress, "prune", lambda model, plan: told.append((model, plan)) or SimpleNamespace(run_id="p")
    )
    monkeypatch.setattr(compress, "distil", lambda *words: told.append(words) or SimpleNamespace(run_id="d"))
    configs = [Path("data.yaml"), Path("distil.yaml")]
    monkeypatch.setattr(compress, "train_for_int8", lambda model: told.append(model) or SimpleNamespace(run_id="q"))
    assert compress.smaller("m", None, []) == "m"
    assert compress.smaller("m", 0.5, configs) == "d"
    assert compress.smaller("m", 0.5, configs, for_int8=True) == "q"
    by_hand = [("m", Plan(0.5, structured=True)), ("p", ["--config", "data.yaml", "--config", "distil.yaml"])]
    assert told == [*by_hand, *by_hand, "d"]


def test_a_model_is_trained_for_int8_and_its_forms_made(place, evaluated, capsys):
    words = ["--quantization-aware", "--formats", f"{STATIC}-minmax", "--trials", "12", "--turns", "1", "--json"]
    assert spooflab(["compress", "--model", evaluated, *words]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    run = tracking.get(told["model"])
    assert run.info.run_name.endswith(", for int8")
    assert run.data.tags["start.from"] == evaluated
    assert "QuantizationAware" in tracking.fetch(told["model"], tracking.CONFIG_ARTIFACT).read_text()
    assert [row["form"] for row in told["rows"]] == ["torch", "features alone", f"{STATIC}-minmax"]
    assert told["rows"][-1]["max_delta"] > 0


def test_dear_static_forms_are_told():
    def row(form: str, difference: float | None) -> Row:
        return Row(form=form, eer_difference=difference)

    rows = [row("torch", None), row("onnx", 0.1), row(f"{STATIC}-minmax", 0.006), row(f"{STATIC}-entropy", 0.004)]
    assert compress.dear_forms(rows) == [f"{STATIC}-minmax"]
