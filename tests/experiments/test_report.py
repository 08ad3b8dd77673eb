"""A report has every section, says of every number what it means, needs no other file, and believes no name."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import explanations, plain_words, tracking
from experiments.cli import main as spooflab
from experiments.compared import read_systems, run_ids
from experiments.explanations import Explanation
from experiments.glossary import GLOSSARY
from experiments.report_corpus import building
from experiments.report_facts import Version, gather
from experiments.report_page import page
from experiments.robustness_evidence import Degraded
from experiments.sweep_facts import Sweep

SECTIONS = [
    *("question", "data", "method", "result", "attacks", "robustness", "explanations", "limits", "reproduce"),
    "glossary",
]
HOSTILE = "<img src=x onerror=alert(1)>"
WRITTEN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def facts(session_place, evaluated):
    """What is known of the evaluated run, its corpus examined, but for what other tests may have found out."""
    with session_place.entered():
        system = read_systems(run_ids([evaluated], None, 0), "eval")[0]
        found = gather(system, None, audit=True, progress=lambda _, measured: measured)
    return replace(found, explanations=[], robustness=[])


@pytest.fixture(scope="module")
def html(facts):
    """The report of it."""
    return page(facts, WRITTEN)


def text_of(html: str) -> str:
    """What a reader sees, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.replace("<wbr>", "")))


def test_every_section_is_there_and_says_its_numbers(facts, html):
    assert re.findall(r'<section id="(\w+)"', html) == SECTIONS
    assert re.findall(r'<a href="#(\w+)"', html) == SECTIONS
    text, metrics = text_of(html), facts.system.metrics
    assert metrics.eer_text in text
    for attack, eer in metrics.attack_eers.items():
        assert re.search(rf"{attack}\b.*{100 * eer:.2f} %", text), attack
    assert all(word in text for word in GLOSSARY)
    for said in ("genuine recordings fake", "by duration alone", "02 January 2026", "Not tested", facts.corpus.digest):
        assert said in text, said


def test_how_to_reproduce_it_names_code_data_packages_and_the_whole_config(facts, html, evaluated, place):
    text = text_of(html)
    tags = tracking.get(evaluated).data.tags
    assert f"git checkout {tags['mlflow.source.git.commit']}" in text
    assert facts.system.evaluated_on in text
    assert facts.system.trained_on == facts.system.evaluated_on[:36]
    assert text.count(facts.system.evaluated_on) >= 2
    assert re.search(rf"spooflab corpus build --out {place.corpus} --speech \w+ --size tiny --seed \d+", text)
    assert re.search(r"torch \d+\.\d+", text)
    assert "learning_rate: 0.005" in text
    assert "in a clone of spooflab" in text
    assert f"SPOOFLAB_THREADS={tags['threads']} spooflab train --config config.yaml" in text
    assert re.search(r"^pre \{[^}]*white-space: pre-wrap", html, re.MULTILINE)


def test_a_corpus_that_spooflab_does_not_make_must_lie_where_the_config_says(facts, place):
    config = {"data": {"corpus": {"init_args": {"root": "data/elsewhere"}}}}
    strange = replace(
        facts,
        system=replace(facts.system, config=config, trained_on="f" * 36),
        origin=replace(facts.origin, building=building(config)),
    )
    text = text_of(page(strange, WRITTEN))
    assert "corpus build" not in text
    assert "it must lie in data/elsewhere. `spooflab corpus check` prints its SHA-256" in text
    assert "judged on other data than config.yaml names" in text
    assert f"{'f' * 36}… (MLflow keeps no more of it)" in text


def test_a_space_names_no_file_that_lies_on_one_machine_alone(facts, place):
    space = "configs: [experiments/configs/cnn.yaml, /home/me/own.yaml]\nparameters: {}\n"
    trials = {"complete": 3, "pruned": 1}
    sweep = Sweep("mine", "0" * 32, space, trials, ["dev/eer"], {}, {"dev/eer": 0.2}, 0.3, [])
    text = text_of(page(replace(facts, sweep=sweep), WRITTEN))
    assert "/home/me" not in text
    assert "configs: [experiments/configs/cnn.yaml, config.yaml]" in text
    assert "Some configs of the space lay only on the machine that searched" in text
    assert "spooflab sweep --space space.yaml --name mine --trials 4" in text


def test_the_answer_says_what_the_threshold_in_use_does(facts, html):
    answer = text_of(re.search(r"<div class=answer>.*?</div>", html, re.DOTALL)[0])
    assert plain_words.decisions(facts.system.metrics) in answer
    assert plain_words.extremes(facts.system.metrics.attack_eers) in answer


def test_it_loads_nothing(html):
    loads = re.findall(r"""(?:\b(?:src|href)=|url\()["']?([^"'\s>)]+)""", html)
    assert len(loads) > 10
    assert all(load.startswith(("data:image/", "#")) for load in loads)
    assert "<script" not in html


def test_on_paper_pictures_are_small_and_no_page_is_left_half_empty(html):
    (on_paper,) = re.findall(r"^@media print \{ nav.*?^(?=</style>)", html, re.DOTALL | re.MULTILINE)
    assert "img { max-height: 80mm; }" in on_paper
    assert "break-before" not in html


def test_what_was_tested_is_shown(facts, place):
    shown = replace(
        facts,
        robustness=[Degraded("white 10 dB", 10.0, 0.31, 0.2, 0.4, heard=False)],
        explanations=[Explanation(b"a picture", ("It listens above 5 kHz.",))],
        versions=[Version("detector", "3", ["champion"], "passed")],
    )
    text = text_of(page(shown, WRITTEN))
    assert "Worst is white 10 dB: EER 31.00 %" in text
    assert "white 10 dB 31.00 % 20.00 % – 40.00 % about 31 of 100 mistaken" in text
    assert "It listens above 5 kHz." in text
    assert "Red speaks for fake (spoof), blue for genuine" in text
    assert "detector version 3 (champion), gate passed" in text
    assert "Not tested" not in text


def test_names_are_words_and_never_markup(facts, place):
    metrics = replace(facts.system.metrics, attacks={HOSTILE: facts.system.metrics.attacks["M01"]}, warnings=[HOSTILE])
    system = replace(facts.system, metrics=metrics, config={HOSTILE: HOSTILE})
    hostile = replace(
        facts,
        name=HOSTILE,
        system=system,
        explanations=[Explanation(b"", (HOSTILE,))],
        corpus=None,
        check=None,
    )
    html = page(hostile, WRITTEN)
    assert "<img src=x" not in html
    assert html.count("&lt;img src=x") >= 6


def test_explanations_are_read_from_the_run(place, tmp_path):
    with tracking.run("not explained") as plain:
        assert explanations.read(plain) == []
    (tmp_path / "attacks.png").write_bytes(b"picture")
    (tmp_path / "attacks.json").write_text('{"findings": [{"sentence": "What it shows."}, {"sentence": "And more."}]}')
    with tracking.run("explained") as run_id:
        tracking.log_files(run_id, tmp_path, explanations.FOLDER)
    assert explanations.read(run_id) == [Explanation(b"picture", ("What it shows.", "And more."))]
    (tmp_path / "attacks.json").write_text("{}")
    with pytest.raises(ValueError, match=r"attacks\.json: found no list `findings`"):
        explanations.of_folder(tmp_path)


def test_what_the_measurement_denies_is_one_sentence(tmp_path):
    def finding(attack, contrast, rise, rise_of_bonafide):
        numbers = {"contrast": contrast, "rise": rise, "rise_of_bonafide": rise_of_bonafide}
        return {"attack": attack, "sentence": f"{attack} shows at 1 kHz.", **numbers}

    findings = [
        finding("M01", -1, -0.5, -0.6),
        finding("M02", -1, 0.9, -1.3),
        finding("M03", -1, 0.2, 0.3),
        finding("M04", 0.1, -1, 0),
    ]
    (tmp_path / "attacks.png").write_bytes(b"picture")
    (tmp_path / "attacks.json").write_text(json.dumps({"findings": findings}))
    *sure, denied = explanations.of_folder(tmp_path)[0].sentences
    assert sure == ["M02 shows at 1 kHz.", "M04 shows at 1 kHz."]
    assert denied.startswith("Not confirmed for M01 and M03: ")


def test_the_command(evaluated, place, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert spooflab(["report", evaluated, "--out", str(out), "--skip-audit", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"] == evaluated
    assert told["bytes"] == out.stat().st_size
    assert "Not examined for this report" in out.read_text()
    assert spooflab(["report"]) == 1
    assert "either a run" in capsys.readouterr().err
    assert spooflab(["report", evaluated, "--out", str(tmp_path / "no" / "r.html")]) == 1
    assert "found no place" in capsys.readouterr().err


def test_a_corpus_that_is_elsewhere_is_not_described(facts, place):
    system = replace(facts.system, evaluated_on="0" * 64)
    text = text_of(page(gather(system, None, audit=True, progress=lambda _, measured: measured), WRITTEN))
    assert "The corpus is not on the machine" in text
    assert asvspoof2019_la(str(place.corpus)).digest not in text
