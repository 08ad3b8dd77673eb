"""The command on real recordings: files for each, numbers that hold, one page that needs nothing else."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from experiments import inference, tracking
from experiments.cli import main
from experiments.explain import explain_recording
from experiments.explanation_audio import boosted, removed
from experiments.explanation_page import page
from experiments.explanation_picture import DARK, NARROW_IN, draw, map_box
from experiments.explanation_words import deciding, reasons
from experiments.inference import Countermeasure, OperatingPoint
from lightning_modules.detector import SPECIFICATIONS_KEY, Detector
from lightning_modules.frontends import Waveform
from lightning_modules.metrics.calibration import Calibration
from lightning_modules.networks.rawnet2 import RawNet2
from lightning_modules.normalisation import Normalisation


@pytest.fixture(scope="module")
def recordings(tiny_corpus, tmp_path_factory):
    """A second of speech: time is spent by the square of it."""
    first = min((tiny_corpus / "LA" / "ASVspoof2019_LA_dev").rglob("*.flac"))
    speech, rate_hz = soundfile.read(first, start=8_000, frames=16_000)
    path = tmp_path_factory.mktemp("recordings") / first.name
    soundfile.write(path, speech, rate_hz)
    return [path]


@pytest.fixture(scope="module")
def rawnet2(tmp_path_factory):
    """The folder of a small RawNet2 that was never trained."""
    torch.manual_seed(0)
    network = RawNet2(sinc_filters=8, sinc_taps=65, sinc_stride=3, channels=(8, 8, 16), gru_units=8, gru_layers=1)
    detector = Detector(Waveform(), network, Normalisation("utterance", bins=1), crop_s=2.0)
    folder = tmp_path_factory.mktemp("rawnet2")
    values = {SPECIFICATIONS_KEY: detector.specifications.to_dict(), "state_dict": detector.state_dict()}
    torch.save(values, folder / "best.ckpt")
    point = OperatingPoint(Calibration(20.0, 1.0), 0.0, "made up")
    inference.save(folder / "countermeasure", folder / "best.ckpt", point)
    return folder / "countermeasure"


def test_every_recording_has_its_files(place, evaluated, recordings, tmp_path, capsys):
    assert main(["explain", "--model", evaluated, *map(str, recordings), "--out", str(tmp_path), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["utterance"] for row in rows] == [path.stem for path in recordings]
    countermeasure = Countermeasure.load(tracking.fetch(evaluated, "countermeasure"))
    for row, path in zip(rows, recordings, strict=True):
        stored = json.loads((tmp_path / f"{path.stem}.json").read_text())
        assert stored == row
        assert row["score"] == pytest.approx(countermeasure.judge(path).score, abs=1e-3)
        assert row["method"] == "integrated-gradients"
        whole = row["score"] - row["score_of_nothing"]
        assert row["sum_of_map"] == pytest.approx(whole, abs=0.1 * abs(whole))
        for region in row["regions"]:
            assert 0 <= region["start_s"] < region["end_s"] <= row["duration_s"] + 1e-3
            assert 0 <= region["low_hz"] < region["high_hz"] <= 8000
        for name in ("boosted", "removed"):
            waveform, rate_hz = soundfile.read(tmp_path / f"{path.stem}.{name}.wav")
            assert (rate_hz, len(waveform)) == (16_000, soundfile.info(path).frames)
        assert (tmp_path / f"{path.stem}.png").read_bytes().startswith(b"\x89PNG")
        page = (tmp_path / f"{path.stem}.html").read_text()
        assert not re.findall(r"(?:https?:)?//\w", re.sub(r"base64,[\w+/=]+", "", page))
        assert page.count("data:audio/flac;base64,") == 3
        assert page.count("data:image/png;base64,") == 4
        assert all(line in page for line in ("class=cursor", "prefers-color-scheme: dark"))
    assert not list(tmp_path.glob("*.part"))


def test_gradcam_of_a_spectrogram_network(place, evaluated, recordings, tmp_path, capsys):
    assert (
        main(["explain", "--model", evaluated, str(recordings[0]), "--method", "gradcam", "--out", str(tmp_path)]) == 0
    )
    captured = capsys.readouterr()
    assert "random regions as smooth" in captured.err
    assert recordings[0].stem in captured.out
    stored = json.loads((tmp_path / f"{recordings[0].stem}.json").read_text())
    assert stored["method"] == "gradcam"
    assert stored["sum_of_map"] is None  # it is in no unit


def test_a_network_that_reads_the_waveform_and_recordings_that_cannot_be_judged(rawnet2, recordings, tmp_path, capsys):
    silent, short, out = tmp_path / "silent.wav", tmp_path / "short.wav", tmp_path / "out"
    soundfile.write(silent, np.zeros(16_000), 16_000)
    soundfile.write(short, np.full(1600, 0.1), 16_000)
    files = [str(path) for path in (silent, short, recordings[0])]
    assert main(["explain", "--model", str(rawnet2), *files, "--out", str(out), "--json"]) == 1
    captured = capsys.readouterr()
    assert "silent.wav: found nothing but silence" in captured.err
    assert "short.wav" in captured.err
    row = json.loads(captured.out)
    assert row["method"] == "occlusion"
    assert len(row["patches"]["band_edges_hz"]) == 9
    assert sorted(path.suffix for path in out.iterdir()) == [".html", ".json", ".png", ".wav", ".wav"]


def test_gradcam_of_a_network_that_reads_the_waveform_is_one_line(rawnet2, recordings, capsys):
    assert main(["explain", "--model", str(rawnet2), str(recordings[0]), "--method", "gradcam"]) == 1
    assert "Grad-CAM is for networks that read a spectrogram; RawNet2 reads" in capsys.readouterr().err


def test_what_to_explain_must_be_named_once(rawnet2, recordings, capsys):
    for words in ([], [str(recordings[0]), "--corpus"]):
        assert main(["explain", "--model", str(rawnet2), *words]) == 1
        assert "expected recordings, or --corpus" in capsys.readouterr().err
    assert main(["explain", "--model", str(rawnet2), "--corpus"]) == 1
    assert "a folder does not say which corpus" in capsys.readouterr().err


@pytest.fixture(scope="module")
def found(rawnet2, recordings):
    """Why the small RawNet2 gives a recording its score."""
    return explain_recording(Countermeasure.load(rawnet2), recordings[0])


def test_the_deciding_regions_are_louder_and_gone(found):
    region = deciding(found)[0]
    assert found.faithfulness.direction * region.effect > 0

    def energy(waveform):
        start, end = (round(at_s * 16_000) for at_s in (region.start_s + 0.05, region.end_s - 0.05))
        spectrum = np.abs(np.fft.rfft(waveform[start:end] * np.hanning(end - start))) ** 2
        frequencies_hz = np.fft.rfftfreq(end - start, 1 / 16_000)
        inside = (frequencies_hz > region.low_hz + 100) & (frequencies_hz < region.high_hz - 100)
        return spectrum[inside].sum()

    plain = energy(found.waveform)
    assert energy(removed(found)) < 0.05 * plain
    assert energy(boosted(found)) > 2 * plain
    assert np.abs(boosted(found)).max() <= 0.981


def test_a_region_that_map_and_measurement_tell_differently_is_not_to_be_trusted(found):
    region = found.regions[0]
    assert region.effect != 0
    odd = replace(region, mapped=-region.effect)
    (told,) = reasons(replace(found, regions=(odd,)))[:1]
    assert told.endswith("the map has it the other way: trust neither here")
    assert odd not in deciding(replace(found, regions=(odd,)))
    even = replace(region, mapped=region.effect)
    assert not reasons(replace(found, regions=(even,)))[0].endswith("here")
    lines = [draw(replace(found, regions=(each,))).axes[0].patches[0].get_linestyle() for each in (odd, even)]
    assert lines[0] == ":" != lines[1]


def test_where_nothing_speaks_for_the_decision_it_is_said(found):
    against = replace(found.regions[0], effect=-found.faithfulness.direction)
    alone = replace(found, regions=(against,))
    assert deciding(alone) == []
    assert reasons(alone)[-1].startswith("No single region was found that speaks for ")
    assert page("a clip", alone, "a model").count("<audio") == 1
    np.testing.assert_allclose(removed(alone), found.waveform, atol=1e-4)
    speaking = replace(against, effect=found.faithfulness.direction, mapped=found.faithfulness.direction)
    assert len(reasons(replace(found, regions=(speaking,)))) == 1
    assert reasons(replace(found, regions=())) == ["No single region stands out: none moves the score on its own."]


def test_figures_are_for_wide_and_narrow_light_and_dark(found):
    wide, narrow = draw(found), draw(found, width_in=NARROW_IN, theme=DARK)
    assert wide.axes[0].get_xlim() == (0, len(found.waveform) / 16_000)
    assert wide.axes[0].get_ylim() == (0, 8)
    assert "bona fide above" in wide.axes[0].get_title(loc="left")
    assert "LLR per 1000 Hz × 0.2 s" in wide.axes[2].get_xlabel()
    assert map_box(narrow)["width"] > map_box(wide)["width"]
    assert narrow.get_facecolor() != wide.get_facecolor()
    assert len(wide.axes[0].patches) == len(found.regions)


def test_the_threshold_and_the_calibration_are_the_countermeasures(rawnet2, recordings, found):
    verdict = Countermeasure.load(rawnet2).judge(recordings[0])
    assert found.score == pytest.approx(verdict.score, abs=1e-4)
    assert (found.decision, found.threshold) == (verdict.decision, verdict.threshold)


def test_what_gives_each_attack_away_is_kept_on_the_run(place, evaluated, tmp_path, capsys):
    before = tracking.get(evaluated).data.metrics
    words = ["explain", "--model", evaluated, "--corpus", "--partition", "dev", "--out", str(tmp_path), "--json"]
    assert main([*words, "--per-attack", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    attacks = [group["attack"] for group in found["groups"]]
    assert attacks[0] == "-"
    assert attacks[1:] == [finding["attack"] for finding in found["findings"]] == sorted(attacks[1:])
    for finding in found["findings"]:
        assert finding["attack"] in finding["sentence"]
        assert finding["contrast"] < 0 or "Nothing gives" in finding["sentence"]
        assert 0 <= finding["low_hz"] < finding["high_hz"] <= 8000
    assert json.loads(tracking.fetch(evaluated, "explanations/attacks.json").read_text()) == found
    assert tracking.fetch(evaluated, "explanations/attacks.png").stat().st_size > 10_000
    assert tracking.get(evaluated).data.metrics == before
    assert main([*words, "--per-attack", "0"]) == 1
    assert "--per-attack: found 0, expected 1 or more" in capsys.readouterr().err
