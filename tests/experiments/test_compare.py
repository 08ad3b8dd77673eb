"""Runs side by side: their own numbers, marks only where sure, what differs and no more, on the same trials or not."""

import io
import json
import re
from contextlib import redirect_stdout
from dataclasses import replace

import pytest
import yaml

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import mlflow_store, tracking
from experiments.cli import main as spooflab
from experiments.compare import trials_of
from experiments.compare_page import page
from experiments.compared import read_systems, run_ids
from experiments.comparison import compare, same_trials
from experiments.evaluate import evaluate
from experiments.run_cost import Cost
from experiments.train import train

HOSTILE = "<script>alert(1)</script>"
COST = Cost("a network", 1, 1, 1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def rival(session_place, evaluated) -> str:
    """The id of another run, of the same network but for its learning rate and its epochs; evaluated as well."""
    with session_place.entered():
        outcome = train(session_place.words(epochs=1, model__learning_rate=0.001), name="rival")
        evaluate(outcome.run_id, asvspoof2019_la(str(session_place.corpus)))
    return outcome.run_id


@pytest.fixture
def systems(evaluated, rival, place):
    return read_systems(run_ids([evaluated, rival], None, 0), "eval")


@pytest.fixture(scope="module")
def told(session_place, evaluated, rival, tmp_path_factory):
    """What the command prints with ``--json``, and the page that it writes."""
    html, printed = tmp_path_factory.mktemp("compared") / "page.html", io.StringIO()
    with session_place.entered(), redirect_stdout(printed):
        words = ["compare", evaluated, rival, "--bootstrap", "200", "--json", "--html", str(html)]
        assert spooflab(words) == 0
    return json.loads(printed.getvalue()), html.read_text()


def compared(systems):
    return compare(systems, same_trials(systems, "eval"), [COST] * len(systems), "eval", 200)


def test_the_numbers_are_those_of_the_score_files(told, evaluated, rival, place, capsys):
    for system, run_id in zip(told[0]["systems"], (evaluated, rival), strict=True):
        scores = tracking.fetch(run_id, "evaluation/eval/scores.txt")
        assert spooflab(["metrics", str(scores), "--bootstrap", "0", "--json"]) == 0
        alone = json.loads(capsys.readouterr().out)
        assert system["run"] == run_id
        for name in ("eer", "trials", "min_dcf", "cllr", "auc"):
            assert system[name] == alone[name], name
        assert {name: of["eer"] for name, of in system["attacks"].items()} == {
            name: of["eer"] for name, of in alone["attacks"].items()
        }


def test_verdicts_follow_from_p_values_and_stand_on_the_page(told):
    answer, html = told
    first, second = answer["systems"]
    assert first["against_first"] is None
    judged = [second["against_first"], *(of["against_first"] for of in second["attacks"].values())]
    assert second["against_first"]["difference"] == pytest.approx(second["eer"]["legacy"] - first["eer"]["legacy"])
    for one in filter(None, judged):
        assert (one["verdict"] != "undecided") == (one["p_value_holm"] <= answer["alpha"] and one["difference"] != 0)
        assert one["verdict"] == "undecided" or (one["verdict"] == "better") == (one["difference"] < 0)
    marked = sum(one is None or one["verdict"] != "undecided" for one in judged)
    assert html.count("aria-label") == marked


def test_the_config_difference_is_exact(told, evaluated, rival, place):
    configs = [yaml.safe_load(tracking.fetch(run_id, "config.yaml").read_text()) for run_id in (evaluated, rival)]
    assert configs[0]["model"]["learning_rate"] == 0.005
    found = {row["key"]: row["values"] for row in told[0]["config"]}
    assert found == {"trainer.max_epochs": [4, 1], "model.learning_rate": [0.005, 0.001]}


def test_costs_are_those_of_the_detectors(told):
    first, second = (system["cost"] for system in told[0]["systems"])
    assert first["parameters"] == second["parameters"] > 1000
    assert first["macs"] == second["macs"] > 10_000
    assert min(first["latency_ms"], second["training_s"]) > 0
    assert told[0]["warnings"] != []  # of the speakers, who are few


def test_the_page_loads_nothing_and_believes_no_name(systems):
    found = compared(
        [
            replace(systems[0], label=HOSTILE, config={HOSTILE: 1}),
            replace(systems[1], config={HOSTILE: HOSTILE}),
        ]
    )
    html = page(found, same_trials(systems, "eval"))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 3
    loads = re.findall(r"""(?:\b(?:src|href)=|url\()["']?([^"'\s>)]+)""", html)
    assert loads != []
    assert all(load.startswith(("data:", "#")) for load in loads)
    assert "default-src 'none'" in html


def test_better_and_worse_are_marked_by_sign_and_word(systems):
    marked = {}
    for shift in (-30.0, 30.0):
        spoofs = systems[0].scored.labels == 0
        moved = systems[0].scored.with_scores(systems[0].scored.scores + shift * spoofs)
        found = compared([systems[0], replace(systems[0], label="moved", scored=moved)])
        html = page(found, same_trials(systems, "eval"))
        marked[shift] = {sign for sign in "↓↑" if f">{sign}</span>" in html}
        assert found.pairings[0].pooled.verdict == ("better" if shift < 0 else "worse")
        assert "which is more than chance" in html
    assert marked == {-30.0: {"↓"}, 30.0: {"↑"}}


def test_no_number_is_cut_and_the_page_says_where_a_table_goes_on(told):
    """At no width: a column is as narrow as its numbers, for its heading and what is in brackets have lines of own."""
    html = told[1]
    assert re.search(r'<td class="number"[^>]*>[+-][\d.]+ <br>\([+-]', html)
    assert "td.number { white-space: nowrap; }" in html
    assert not re.search(r"th\.number \{[^}]*nowrap", html)
    assert "no-repeat local" in html


def test_in_the_dark_drawings_are_dark(told):
    html = told[1]
    assert html.count('src="data:image/svg+xml') == 2
    dark = re.search(r"@media screen and \(prefers-color-scheme: dark\) \{ (.*) \}", html)
    assert dark[1] == 'img[src^="data:image/svg"] { filter: invert(.9) hue-rotate(180deg); }'


def test_digests_of_data_are_whole_or_said_to_be_cut(systems):
    whole, start = systems[0].evaluated_on, systems[0].trained_on
    assert start == whole[:36]
    assert systems[0].trained_on_text == whole
    elsewhere = replace(systems[0], evaluated_on="e" * 64)
    assert elsewhere.trained_on_text == f"{start}… (MLflow keeps no more of it)"
    assert f"<code>{whole}</code>" in page(compared(systems), same_trials(systems, "eval")).replace("<wbr>", "")
    assert f"<code>{start}</code>" not in page(compared(systems), same_trials(systems, "eval"))


def test_other_data_are_warned_of(systems):
    assert not any("digest" in warning for warning in compared(systems).warnings)
    other = replace(systems[1], trained_on="f" * 36, evaluated_on="e" * 64)
    warnings = [warning for warning in compared([systems[0], other]).warnings if "digest" in warning]
    assert [warning[:16] for warning in warnings] == ["B was judged on ", "B was trained on"]


def test_other_trials_are_refused_with_what_to_type(systems):
    fewer = replace(
        systems[1], scored=systems[1].scored.only([row > 0 for row in range(len(systems[1].scored.labels))])
    )
    with pytest.raises(ValueError, match=r"1 are in one score file only .*spooflab evaluate --model RUN --config C"):
        same_trials([systems[0], fewer], "eval")
    other_way = replace(systems[1], scored=replace(systems[1].scored, labels=1 - systems[1].scored.labels))
    with pytest.raises(ValueError, match="other keys, or attacks"):
        same_trials([systems[0], other_way], "eval")


def test_the_order_of_the_lines_makes_no_difference(systems):
    turned = systems[1].scored
    rows = list(range(len(turned.labels)))[::-1]
    turned = replace(
        turned,
        utterances=[turned.utterances[row] for row in rows],
        attacks=[turned.attacks[row] for row in rows],
        labels=turned.labels[rows],
        scores=turned.scores[rows],
    )
    straight, back = (
        same_trials([systems[0], one], "eval")[1] for one in (systems[1], replace(systems[1], scored=turned))
    )
    assert straight.scores.tolist() == back.scores.tolist()


def test_speakers_are_drawn_where_the_corpus_is_here(systems):
    assert trials_of(systems, "eval", None)[0].speakers is not None
    moved = [replace(system, evaluated_on="0" * 64) for system in systems]
    scored = trials_of(moved, "eval", None)
    assert scored[0].speakers is None
    found = compare(moved, scored, [COST] * 2, "eval", 200)
    assert found.unit == "trial"
    assert any("the corpus of eval is not here" in warning for warning in found.warnings)


def test_what_was_not_evaluated_is_told_with_the_command(evaluated, place, capsys):
    bare = train(place.words("debug", epochs=1)).run_id
    assert spooflab(["compare", evaluated, bare]) == 1
    said = capsys.readouterr().err
    assert "found no evaluation on eval of 1 of these 2 runs" in said
    assert f"spooflab evaluate --model {bare} --partition eval" in said
    assert spooflab(["report", bare]) == 1
    assert "found no evaluation on eval of the run, expected one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["RUN", "RUN"], "one run under two names"),
        (["RUN"], "expected at least two"),
        ([], "either runs, or --sweep"),
        (["RUN", "--sweep", "S"], "either runs, or --sweep"),
        (["--sweep", "unheard-of"], "no sweep 'unheard-of'"),
        (["--sweep", "S", "--top", "1"], "--top: found 1"),
        (["RUN", "0", "--bootstrap", "5"], "--bootstrap: found 5"),
        (["RUN", "0", "--html", "no/such/place.html"], "found no place"),
    ],
)
def test_what_cannot_be_compared(words, said, evaluated, place, capsys):
    assert spooflab(["compare", *(evaluated if word == "RUN" else word for word in words)]) == 1
    assert said in capsys.readouterr().err


def test_versions_are_called_by_their_numbers(evaluated, rival, place):
    client = mlflow_store.client()
    client.create_registered_model("pair")
    for run_id in (evaluated, rival):
        client.create_model_version("pair", f"runs:/{run_id}/countermeasure", run_id)
    client.set_registered_model_alias("pair", "champion", "2")
    found = run_ids(["models:/pair/1", "models:/pair@champion"], None, 0)
    assert found == {"pair version 1": evaluated, "pair version 2": rival}
    with pytest.raises(ValueError, match="one run under two names"):
        run_ids(["models:/pair/1", evaluated], None, 0)
