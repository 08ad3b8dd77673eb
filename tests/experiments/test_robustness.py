"""A robustness test gives evaluate's numbers on clean audio, goes on where it was cut off, and logs what it found."""

import csv
import json
import re

import numpy as np
import pytest
import soundfile as sf
import torch
import yaml

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import degraded, tracking
from experiments.cli import main
from experiments.degraded import Row
from experiments.evaluate import evaluate, read_metrics
from experiments.remedies import open_model, remedied
from experiments.robustness import FIGURE, TABLE, pool_seeds, summary
from experiments.robustness_plot import robustness
from experiments.train import train
from lightning_modules.enhancement import WienerFilter


@pytest.fixture
def noise(tmp_path):
    (tmp_path / "noise" / "CAFE").mkdir(parents=True)
    sf.write(tmp_path / "noise" / "CAFE" / "ch01.wav", np.random.default_rng(0).normal(0, 0.1, 160_000), 16_000)
    return str(tmp_path / "noise")


@pytest.fixture
def words(session_place, evaluated, noise):
    with session_place.entered():
        yield [
            "robustness",
            f"--model={evaluated}",
            f"--noise={noise}",
            "--snrs",
            "10",
            "0",
            "--codecs",
            "gsm",
            "--bootstrap=50",
        ]


def test_clean_is_what_evaluate_measured_and_noise_is_worse(words, evaluated, capsys, tmp_path):
    assert main([*words, "--json", f"--out={tmp_path / 'out'}"]) == 0
    rows = [Row(**row) for row in json.loads(capsys.readouterr().out)]
    assert [row.condition for row in rows] == [
        "clean",
        "white_10db",
        "white_0db",
        "CAFE_10db",
        "CAFE_0db",
        "gsm",
        "trimmed",
    ]
    clean = read_metrics(evaluated)
    assert rows[0].eer == pytest.approx(clean.eer["legacy"], abs=1e-9)
    assert rows[0].balanced_accuracy == pytest.approx(clean.balanced_accuracy, abs=1e-9)
    assert all(row.eer_low <= row.eer <= row.eer_high for row in rows)
    assert len({row.eer for row in rows}) > 1
    logged = tracking.get(evaluated).data.metrics
    assert {name: logged[name] for name in logged if name.startswith("robustness/")} == summary(rows)
    with tracking.fetch(evaluated, f"robustness/{TABLE}").open() as file:
        assert [float(row["eer"]) for row in csv.DictReader(file)] == [row.eer for row in rows]
    assert tracking.fetch(evaluated, f"robustness/{FIGURE}").stat().st_size > 10_000
    assert (tmp_path / "out" / FIGURE).exists()


def test_an_interrupted_test_goes_on(words, monkeypatch, capsys, evaluated):
    scored = []
    trials = sum(read_metrics(evaluated).trials.values())
    original = degraded.score_waveform

    def cut_off(detector, waveform, **how):
        scored.append(len(waveform))
        if len(scored) == trials + 3:  # in the midst of the second condition
            raise KeyboardInterrupt
        return original(detector, waveform, **how)

    words = [*words, "--snrs", "7", "3", "--codecs", "--jobs=1"]  # ratios that no other test has cached
    monkeypatch.setattr(degraded, "score_waveform", cut_off)
    assert main(words) == 130
    monkeypatch.setattr(
        degraded, "score_waveform", lambda *given, **how: scored.append(given) or original(*given, **how)
    )
    scored.clear()
    assert main(words) == 0
    assert len(scored) in (3 * trials, 4 * trials, 5 * trials)  # clean and trimmed may be known from another test
    assert "CAFE_3db" in capsys.readouterr().out
    scored.clear()
    assert main(words) == 0
    assert scored == []


def test_a_remedy_is_put_before_the_model_and_not_into_it(words, evaluated, session_place, capsys):
    assert main([*words, "--remedy=wiener", "--remedy=spectral-subtraction", "--codecs", "--snrs", "0", "--json"]) == 0
    rows = [Row(**row) for row in json.loads(capsys.readouterr().out)]
    noisy = {row.model.partition(" + ")[2]: row.eer for row in rows if row.condition == "white_0db"}
    assert len(set(noisy.values())) == 3
    logged = tracking.get(evaluated).data.metrics
    assert len(logged) <= 25
    plain = open_model(evaluated)
    treated = remedied(plain, "wiener")
    waveform, rate_hz = sf.read(asvspoof2019_la(str(session_place.corpus))[0].path, dtype="float32")
    enhanced = WienerFilter(rate_hz)(torch.from_numpy(waveform[None]))
    with torch.inference_mode():
        expected = plain.countermeasure.detector(enhanced)
        torch.testing.assert_close(treated.countermeasure.detector(torch.from_numpy(waveform[None])), expected)
    assert plain.countermeasure.detector.enhancement is None
    assert plain.digest != treated.digest != remedied(plain, "spectral-subtraction").digest


def test_a_run_that_was_not_evaluated_is_told(session_place, capsys):
    with session_place.entered():
        outcome = train(session_place.words(epochs=1), name="fresh")
        assert main(["robustness", f"--model={outcome.run_id}"]) == 1
    assert re.search(r"was not evaluated.*spooflab evaluate --model", capsys.readouterr().err)


def test_noise_that_was_heard_in_training_is_told(session_place, noise, tmp_path, capsys):
    config = tmp_path / "noise.yaml"
    heard = {"class_path": "datamodules.augmentation.EnvironmentNoise", "init_args": {"root": noise}}
    config.write_text(yaml.safe_dump({"data": {"augmentation": heard}}))
    with session_place.entered():
        outcome = train([*session_place.words(epochs=1), f"--config={config}"], name="noisy")
        evaluate(outcome.run_id, asvspoof2019_la(str(session_place.corpus)))
        words = ["robustness", f"--model={outcome.run_id}", f"--noise={noise}", "--snrs", "5", "--codecs"]
        assert main([*words, "--bootstrap=10"]) == 0
        told = capsys.readouterr().out
        assert re.search(r"CAFE_5db .*†", told)
        assert not re.search(r"white_5db .*†", told)
        assert "trained on this very recording" in told


def test_seeds_are_pooled_by_the_name_of_their_runs():
    def row(model, eer):
        return Row(model, "clean", "clean", None, eer, eer - 0.1, eer + 0.1, "trial", 1 - eer, eer, eer)

    recipes = {"a 1": "a", "a 2": "a", "b 1": "b"}
    one, other = pool_seeds([row("a 1", 0.2), row("b 1", 0.4), row("a 2", 0.3)], recipes)
    assert (one.model, one.unit) == ("a", "range of 2 seeds")
    assert (one.eer, one.eer_low, one.eer_high) == pytest.approx((0.25, 0.2, 0.3))
    assert (other.model, other.eer, other.eer_low) == ("b", 0.4, 0.4)


def test_runs_of_one_name_that_are_no_seeds_are_refused(session_place, evaluated, capsys):
    corpus = asvspoof2019_la(str(session_place.corpus))
    with session_place.entered():
        words = session_place.words(epochs=1)
        runs = [train([*words, f"--seed_everything={seed}"], name="alike").run_id for seed in (1, 2)]
        runs.append(train([*words, "--model.learning_rate=0.5"], name="alike").run_id)
        for run_id in runs:
            evaluate(run_id, corpus)
        few = ["--snrs", "5", "--codecs", "--bootstrap=10", "--seeds", "--json"]
        given = [f"--model={run_id}" for run_id in (*runs[:2], runs[0])]
        assert main(["robustness", *given, *few]) == 0
        rows = [Row(**row) for row in json.loads(capsys.readouterr().out)]
        assert {row.unit for row in rows} == {"range of 2 seeds"}
        assert main(["robustness", *given, f"--model={runs[2]}", *few]) == 1
    assert "differ in more than their seeds" in capsys.readouterr().err


def test_numbers_that_cannot_be_are_refused(evaluated, session_place, capsys):
    with session_place.entered():
        assert main(["robustness", f"--model={evaluated}", "--jobs=-3"]) == 1
        with pytest.raises(SystemExit, match="2"):
            main(["robustness", f"--model={evaluated}", "--snrs", "nan"])
    assert "invalid decibels value: 'nan'" in capsys.readouterr().err


def test_another_sample_rate_is_told(words, session_place, tmp_path, capsys):
    config = tmp_path / "data.yaml"
    text = (session_place.folder / "data.yaml").read_text()
    config.write_text(text.replace("crop_s:", "sample_rate_hz: 8000\n  crop_s:"))
    assert main([*words, f"--config={config}"]) == 1
    assert "takes 16000 Hz, and the data are at 8000 Hz" in capsys.readouterr().err


@pytest.mark.parametrize("noises", [0, 1, 5])
def test_the_figure_has_a_panel_a_noise_and_a_line_a_model(noises):
    def row(model, condition, group, snr_db):
        return Row(model, condition, group, snr_db, 0.2, 0.1, 0.3, "trial", 0.8, 0.2, 0.2)

    rows = [row(model, "clean", "clean", None) for model in ("one", "two")] + [
        row(model, f"N{number}_{snr}db", f"N{number}", snr)
        for model in ("one", "two")
        for number in range(noises)
        for snr in (10.0, 0.0)
    ]
    figure = robustness(rows)
    assert len(figure.axes) == noises + 1
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"chance", "on clean audio", "one", "two"}
    assert all(
        len([line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_marker() != "None"]) == 2
        for axes in figure.axes[:noises]
    )
