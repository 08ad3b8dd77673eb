from __future__ import annotations

import json
import logging
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import yaml

from datamodules.audio_facts import AudioFacts
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.manifest import Manifest, Trial
from experiments.corpus import main
from experiments.corpus_check import check, verdict
from experiments.corpus_page import page, shortcuts, trials
from experiments.shortcut_audit import ALL, audit
from tests.workplace import Workplace


def test_check_of_the_tiny_corpus_as_json(tiny_corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--root", str(tiny_corpus), "--json"])
    report = json.loads(capsys.readouterr().out)
    manifest = asvspoof2019_la(str(tiny_corpus))
    assert report["digest"] == manifest.digest
    assert report["counts"]["train"]["bonafide"] == sum(t.label for t in manifest.partition("train"))
    assert sum(report["counts"]["eval"]["attacks"].values()) == report["counts"]["eval"]["spoof"]
    assert report["undecodable"] == report["leakage"] == report["duplicates"] == []
    assert [s["measurement"] for s in report["shortcuts"]] == [*AudioFacts.__slots__, ALL]
    total_s = sum(row["total"] for part in report["duration_s"].values() for row in part.values())
    assert 2.0 < total_s / len(manifest) < 7.0


def test_check_prints_tables(tiny_corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--root", str(tiny_corpus)])
    printed = capsys.readouterr().out
    assert "shortcut audit" in printed
    assert "noise_floor_db" in printed


def test_damage_is_found_and_named(tiny_corpus: Path, tmp_path: Path) -> None:
    trials = list(asvspoof2019_la(str(tiny_corpus)))
    damaged = tmp_path / "damaged.flac"
    damaged.write_bytes(trials[0].path.read_bytes()[:100])
    copied = tmp_path / "copied.flac"
    shutil.copy(trials[1].path, copied)
    home = next(t for t in trials[2:] if t.partition == "train" and t.label == 1)
    trials[0] = replace(trials[0], path=damaged)
    trials.append(replace(trials[1], utterance="COPY", path=copied))
    trials.append(replace(home, utterance="LEAK", partition="eval", path=home.path))
    report = check(Manifest(trials))
    assert len(report["undecodable"]) == 1
    assert "damaged.flac" in report["undecodable"][0]
    assert [trials[1].utterance, "COPY"] in report["duplicates"]
    assert home.speaker in report["leakage"][0]
    told = [p for p in report["problems"] if not p.endswith("on eval")]
    # The leaking clip is a copy as well: one file that does not decode, one leak, two pairs of the same audio.
    assert len(told) == 4


def test_the_page_shows_what_the_report_says(tiny_corpus: Path, tmp_path: Path) -> None:
    main(["check", "--root", str(tiny_corpus), "--html", str(tmp_path / "page.html")])
    html = (tmp_path / "page.html").read_text()
    assert html.count('src="data:image/png;base64,') == 4
    assert "http:" not in html
    assert "https:" not in html
    manifest = asvspoof2019_la(str(tiny_corpus))
    assert manifest.digest in html
    rows = [replace(t, speaker="<b>", utterance=f"{t.utterance}{n}") for n, t in enumerate(manifest.partition("eval"))]
    assert "<b>" not in page(check(Manifest(rows))).partition("<body>")[2]


def test_what_cannot_be_told_is_said(tiny_corpus: Path, tmp_path: Path) -> None:
    trials = [replace(trial, speaker="-") for trial in asvspoof2019_la(str(tiny_corpus))]
    waveform, rate_hz = sf.read(trials[0].path)
    loud = tmp_path / "loud.wav"
    sf.write(loud, np.clip(100 * waveform, -1, 1), rate_hz)
    silent = tmp_path / "silent.wav"
    sf.write(silent, np.zeros(rate_hz), rate_hz)
    blip = tmp_path / "blip.wav"
    sf.write(blip, waveform[: rate_hz // 20], rate_hz)
    same = tmp_path / "same.wav"  # the samples of a FLAC file in another format
    sf.write(same, sf.read(trials[2].path, dtype="int16")[0], rate_hz)
    trials[0], trials[1] = replace(trials[0], path=loud), replace(trials[1], path=silent)
    added = [replace(trials[2], utterance="SAME", path=same), replace(trials[2], utterance="BLIP", path=blip)]
    report = check(Manifest([*trials, *added]))
    assert report["short"] == ["BLIP"]
    assert "shorter than 0.1 s: BLIP" in report["problems"]
    assert report["clipped"] == [trials[0].utterance]
    assert report["silent"] == [trials[1].utterance]
    assert report["duplicates"] == [[trials[2].utterance, "SAME"]]
    assert "are not known" in report["notes"][0]
    assert "1 clip with more than 0.1% of the samples at full scale" in report["notes"][-1]
    assert report["counts"]["train"]["speakers"] == 0
    clean = report | {"problems": []}
    assert "among the speakers that are known" in verdict(clean)


def test_the_cache_is_filled_listed_verified_and_pruned(
    place: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    config = tmp_path / "data.yaml"
    values = yaml.safe_load((place.folder / "data.yaml").read_text())
    config.write_text(yaml.safe_dump({"data": {**values["data"], "cache_dir": str(cache)}}))
    words = ["cache", "--config", str(config), "--json"]
    assert main(words) == 0
    (waveforms,) = json.loads(capsys.readouterr().out)
    assert waveforms["records"] == len(asvspoof2019_la(str(place.corpus)))
    assert main([*words, "--config", str(place.folder / "cnn.yaml")]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    elsewhere = ["--cache-dir", str(cache)]
    assert main(["cache", "--list", *elsewhere]) == 0
    assert "LogMel" in capsys.readouterr().out
    assert main(["cache", "--verify", *elsewhere]) == 0
    victim = next(cache.rglob("*.bin"))
    victim.write_bytes(bytes([victim.read_bytes()[0] ^ 1]) + victim.read_bytes()[1:])
    assert main(["cache", "--verify", *elsewhere]) == 1
    assert "record 0" in capsys.readouterr().out
    assert main(["cache", "--prune", "--unused-days", "0", *elsewhere]) == 0
    assert "freed" in capsys.readouterr().out
    assert not [path for path in cache.rglob("*") if path.is_file()]


@pytest.fixture
def filled(place: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A cache of waveforms of the embedded corpus."""
    values = yaml.safe_load((place.folder / "data.yaml").read_text())
    config = tmp_path / "data.yaml"
    config.write_text(yaml.safe_dump({"data": {**values["data"], "cache_dir": str(tmp_path / "cache")}}))
    assert main(["cache", "--config", str(config), "--jobs", "1"]) == 0
    capsys.readouterr()
    return tmp_path / "cache"


@pytest.mark.parametrize("pattern", ["*/*.bin", "*/*.npz", "*/recipe.json"])
def test_verifying_names_a_file_that_is_cut_short(
    filled: Path, pattern: str, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = next(path for path in filled.glob(pattern) if path.parent.name != "digests")
    os.truncate(victim, victim.stat().st_size - 10)
    words = ["--cache-dir", str(filled)]
    assert main(["cache", "--list", *words]) == 0
    assert str(victim) in capsys.readouterr().out
    assert main(["cache", "--verify", *words]) == 1
    assert str(victim) in capsys.readouterr().out
    assert main(["cache", "--verify", "--json", *words]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["damaged_files"]
    assert problem.startswith(str(victim))


@pytest.mark.parametrize(
    "words",
    [
        ["--config", "data.yaml", "--jobs", "0"],
        ["--config", "data.yaml", "--jobs=-2"],
        ["--prune", "--unused-days=-1"],
        ["--prune", "--unused-days", "nan"],
    ],
)
def test_numbers_that_cannot_be_are_refused_before_anything_is_done(
    filled: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(filled.rglob("*"))
    with pytest.raises(SystemExit) as caught:
        main(["cache", *words, "--cache-dir", str(filled)])
    assert caught.value.code == 2
    assert re.search(r"found \S+, expected \d or more", capsys.readouterr().err)
    assert sorted(filled.rglob("*")) == before


def test_filling_is_quiet(filled: Path, place: Workplace, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.INFO)
    assert main(["cache", "--config", str(place.folder / "data.yaml"), "--config", str(place.folder / "cnn.yaml")]) == 0
    assert "litlogger" not in caplog.text


def invented(number: int, shortcut: bool) -> tuple[list[Trial], dict[str, AudioFacts]]:
    """Trials and facts where the noise floor tells the label, or where nothing does."""
    rng = np.random.default_rng(0)
    trials, facts = [], {}
    for partition in ("train", "dev", "eval"):
        for index in range(number):
            spoof = index % 4 != 0
            attack, key = (f"M0{index % 4}", "spoof") if spoof else ("-", "bonafide")
            utterance = f"{partition}{index}"
            trials.append(Trial(utterance, Path("x"), "-", attack, key, partition))
            *others, floor_db = rng.standard_normal(6)
            facts[utterance] = AudioFacts(*others, floor_db + 4.0 * (shortcut and spoof))
    return trials, facts


def test_the_audit_finds_a_planted_shortcut_and_only_that() -> None:
    results = {r.measurement: r for r in audit(*invented(600, shortcut=True))}
    # Two normal distributions four standard deviations apart: their EER is the normal tail beyond two, 2.3 %.
    assert results["noise_floor_db"].eer == pytest.approx(0.023, abs=0.02)
    assert not results["noise_floor_db"].holds
    assert results[ALL].eer < 0.05
    assert all(results[name].holds for name in ("duration_s", "level_dbfs", "above_7khz_db", "leading_silence_s"))
    assert set(results["duration_s"].attacks) == {"M01", "M02", "M03"}


def test_the_audit_finds_a_shortcut_that_lies_in_the_middle() -> None:
    trials, facts = invented(600, shortcut=False)
    rng = np.random.default_rng(1)
    for trial in trials:
        # Bona fide at zero, spoof at -4 and 4: no threshold, but a bent line, tells them apart.
        centre = 0.0 if trial.label else float(rng.choice((-4.0, 4.0)))
        facts[trial.utterance] = replace(facts[trial.utterance], level_dbfs=centre + 0.5 * rng.standard_normal())
    results = {r.measurement: r for r in audit(trials, facts)}
    assert results["level_dbfs"].eer < 0.05


def test_nothing_to_find_is_chance() -> None:
    assert all(r.either_way > 0.40 for r in audit(*invented(600, shortcut=False)))


def test_no_audit_without_both_classes() -> None:
    trials, facts = invented(40, shortcut=False)
    assert audit([t for t in trials if t.label == 0 or t.partition != "eval"], facts) == []


def test_build_command_on_a_complete_corpus(tiny_corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--size", "tiny", "--out", str(tiny_corpus), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["digest"] == asvspoof2019_la(str(tiny_corpus)).digest
    assert set(printed["counts"]) == {"train", "dev", "eval"}


def test_a_class_that_is_not_there_is_a_problem(tiny_corpus: Path) -> None:
    manifest = asvspoof2019_la(str(tiny_corpus))
    spoofs = check(Manifest([trial for trial in manifest if trial.label == 0]))
    assert "found no bonafide trial in the whole corpus, expected both classes" in spoofs["problems"][0]
    one_sided = [trial for trial in manifest if trial.label == 1 or trial.partition != "dev"]
    report = check(Manifest(one_sided, notes=["a column nobody knows"]))
    assert report["notes"][:2] == ["a column nobody knows", "found no spoof trial in dev"]
    assert not [problem for problem in report["problems"] if "found no" in problem]


def test_a_page_without_a_place_is_refused_before_anything_is_decoded(
    tiny_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.corpus.check", None)
    for place in (tmp_path / "nowhere" / "page.html", tmp_path):
        with pytest.raises(FileNotFoundError, match="found no place for the page"):
            main(["check", "--root", str(tiny_corpus), "--html", str(place)])


def test_legends_are_outside_the_axes() -> None:
    rows = [{"measurement": name, "either_way": 0.4, "holds": True} for name in ("level_dbfs", ALL)]
    counts = {partition: {"bonafide": 1, "spoof": 1} for partition in ("train", "dev", "eval")}
    for figure in (shortcuts(rows), trials(counts)):
        figure.draw_without_rendering()
        (legend,), (axes,) = figure.legends, figure.axes
        assert not legend.get_window_extent().overlaps(axes.get_window_extent())


def test_wrong_words_are_refused() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["build", "--size", "enormous"])
    assert caught.value.code == 2
