"""A better model becomes champion, a worse one is refused with the reason, and what is forced is remembered."""

import json

import pytest
import yaml

from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import mlflow_store, promotion_journal, registry, tracking
from experiments.cli import main as spooflab
from experiments.evaluate import evaluate
from experiments.train import train

ANYTHING = {"max_eer": 1.0}


@pytest.fixture
def gate(place):
    def written(**limits) -> str:
        path = place.folder / "gate.yaml"
        path.write_text(yaml.safe_dump(limits or ANYTHING))
        return str(path)

    return written


@pytest.fixture(scope="module")
def other(session_place) -> str:
    """The id of another evaluated run."""
    with session_place.entered():
        run_id = train(session_place.words("debug", epochs=1), name="other").run_id
        evaluate(run_id, asvspoof2019_la(str(session_place.corpus)))
    return run_id


@pytest.fixture
def name(request, evaluated, gate) -> str:
    """A registered model whose champion is the evaluated run."""
    name = request.node.name.replace("/", " ")
    assert spooflab(["promote", "--model", evaluated, "--name", name, "--gate", gate()]) == 0
    return name


def promoted(run_id: str, name: str, gate: str, *words: str) -> int:
    return spooflab(["promote", "--model", run_id, "--name", name, "--gate", gate, *words])


def test_a_refused_model_stays_a_candidate_with_the_reason(name, other, gate, capsys):
    assert promoted(other, name, gate(max_eer=0.0, max_size_mb=100)) == 1
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert "refused with 1 of 2 limits of gate.yaml not met: max_eer: not promoted; version 2 stays registered" in out
    assert registry.aliases(name) == {"champion": "1", "candidate": "2"}
    tags = registry.version_of(f"models:/{name}/2").tags
    assert tags["gate.state"] == "refused"
    report = json.loads(tracking.fetch(other, "gate/report.json").read_text())
    assert [(check["limit"], check["holds"]) for check in report["checks"]] == [
        ("max_eer", False),
        ("max_size_mb", True),
    ]
    assert (report["version"], report["champion"], report["state"]) == ("2", "1", "refused")
    assert "| **FAIL** | EER |" in tracking.fetch(other, "gate/report.md").read_text()


def test_a_second_champion_and_back(name, other, gate, capsys):
    assert promoted(other, name, gate(), "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["promotion"] == {"alias": "champion", "version": "2", "replaced": "1", "changed": True}
    assert spooflab(["rollback", "--name", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "1"
    assert registry.aliases(name) == {"champion": "1", "previous": "2", "candidate": "2"}
    assert spooflab(["rollback", "--name", name]) == 0
    assert "nothing is left to undo" in capsys.readouterr().out
    assert registry.holder(name, "champion") == "1"


def test_a_dry_run_changes_nothing_and_says_so(name, other, gate, capsys):
    before = registry.aliases(name)
    strict = gate(max_eer=1.0, max_score_difference=1e-4, require_signature=True, refuse_unsafe_files=True)
    assert promoted(other, name, strict, "--dry-run") == 0
    assert "dry run, passed all 4 limits of gate.yaml" in capsys.readouterr().out
    assert (registry.aliases(name), len(registry.versions(name))) == (before, 1)
    report = json.loads(tracking.fetch(other, "gate/dry_run.json").read_text())
    assert (report["dry_run"], report["version"]) == (True, None)
    assert promoted(other, name, gate(max_eer=0.0), "--dry-run") == 1


@pytest.mark.slow
def test_a_model_is_judged_alike_again_and_again(name, evaluated, gate):
    strict = gate(
        max_latency_p95_ms=60_000, max_score_difference=1e-4, require_signature=True, refuse_unsafe_files=True
    )
    for _ in range(2):  # the first trial must leave nothing behind
        assert promoted(evaluated, name, strict) == 0
    assert len(registry.versions(name)) == 1


def test_what_is_forced_is_remembered(name, other, gate, capsys):
    strict = gate(max_eer=0.0)
    for words in (["--force"], ["--why", "no"], ["--force", "--why", " "]):
        assert promoted(other, name, strict, *words) == 1
        assert "--force and --why go together" in capsys.readouterr().err
    assert len(registry.versions(name)) == 1
    assert promoted(other, name, strict, "--force", "--why", "the other one hears nothing") == 0
    entry = promotion_journal.read(name).entries[-1]
    assert (entry.action, entry.version, entry.why) == ("forced", "2", "the other one hears nothing")
    tags = registry.version_of(f"models:/{name}@champion").tags
    assert (tags["promoted_why"], tags["promoted_by"], tags["gate.state"]) == (entry.why, entry.by, "forced")
    assert entry.why in tracking.fetch(other, "gate/report.md").read_text()


def test_force_where_nothing_is_refused_is_a_promotion(name, other, gate):
    assert promoted(other, name, gate(), "--force", "--why", "to be sure") == 0
    assert promotion_journal.read(name).entries[-1].action == "promotion"


def test_other_aliases_have_a_past_of_their_own(name, other, gate, capsys):
    assert promoted(other, name, gate(), "--alias", "challenger") == 0
    assert registry.aliases(name) == {"champion": "1", "candidate": "2", "challenger": "2"}
    assert spooflab(["rollback", "--name", name, "--alias", "challenger"]) == 1
    assert "nothing to go back to" in capsys.readouterr().err
    assert promoted(other, name, gate(), "--alias", "previous") == 1
    assert "follows from what is registered" in capsys.readouterr().err
    for command in (["promote", "--model", "no run: it is not asked for"], ["rollback"]):
        assert spooflab([*command, "--name", name, "--alias", "v1"]) == 1
        assert "found 'v1', expected up to 200 letters" in capsys.readouterr().err


def test_a_version_that_is_named_is_the_one(name, other, gate):
    assert promoted(other, name, gate()) == 0
    assert spooflab(["promote", "--model", f"models:/{name}/1", "--gate", gate()]) == 0  # the name is the model's own
    assert registry.aliases(name) == {"champion": "1", "previous": "2", "candidate": "2"}
    assert len(registry.versions(name)) == 2


def test_compared_on_the_same_trials_with_the_champion(name, other, gate, evaluated, capsys):
    assert promoted(evaluated, name, gate(max_eer_above_champion=0.0)) == 0  # itself
    capsys.readouterr()
    assert promoted(other, name, gate(max_eer_above_champion=-1.0), "--json") == 1
    (check,) = json.loads(capsys.readouterr().out.splitlines()[-1])["checks"]
    assert "version 1" in check["name"]
    assert "paired bootstrap by" in check["found"]


def test_a_champion_judged_on_other_data_is_no_yardstick(name, other, gate, evaluated, capsys):
    tag = "evaluated.eval"
    known = tracking.get(evaluated).data.tags[tag]
    tracking.tag(evaluated, {tag: "of other data"})
    try:
        assert promoted(other, name, gate(max_eer_above_champion=1.0)) == 1
    finally:
        tracking.tag(evaluated, {tag: known})
    assert f"spooflab evaluate --model models:/{name}@champion --config C" in capsys.readouterr().out.replace("\n", " ")


def test_robustness_is_asked_for_until_it_was_tested(name, evaluated, gate, place, capsys):
    asks = gate(max_eer_at_10_db=1.0)
    assert promoted(evaluated, name, asks) == 1
    command = f"spooflab robustness --model {evaluated} --snrs 10"
    assert command in capsys.readouterr().out
    assert spooflab([*command.split()[1:], "--codecs", "--jobs", "1", "--bootstrap", "100"]) == 0
    assert promoted(evaluated, name, asks) == 0
    assert "Robustness, on eval" in registry.version_of(f"models:/{name}@champion").description


def test_the_version_says_what_it_is(name, evaluated, place):
    version = registry.version_of(f"models:/{name}@champion")
    corpus = asvspoof2019_la(str(place.corpus))
    for heading in ("Intended use", "Data", "Architecture", "By attack", "Calibration", "Fairness", "Limits", "How to"):
        assert f"## {heading}" in version.description
    assert corpus.digest in version.description
    told = [line for line in version.description.splitlines() if line and not line.startswith(("|", "-", " ", "#"))]
    assert all(line[-1] in ".*" for line in told), told  # MLflow's page would break a paragraph where its lines break
    tags = version.tags
    assert json.loads(tags["specifications"])["sample_rate_hz"] == 16_000
    assert tags["data.sha256"] == tags["train.data.sha256"] == corpus.digest
    assert float(tags["eval.eer_low"]) <= float(tags["eval.eer"]) <= float(tags["eval.eer_high"])
    wanted = {
        "threshold",
        "threshold.source",
        "calibration.scale",
        "calibration.offset",
        "eval.worst_attack",
        "size_mb",
    }
    wanted |= {"registered.git.commit", "registered.git.dirty", "train.git.commit", "train.git.dirty"}
    assert wanted <= tags.keys()


def test_the_registry_is_shown_with_its_history(name, other, gate, capsys):
    assert promoted(other, name, gate(max_eer=0.0), "--force", "--why", "a demo") == 0
    capsys.readouterr()
    assert spooflab(["registry", "--name", name, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["version"], row["aliases"], row["gate"]) for row in told["versions"]] == [
        ("1", ["previous"], "passed"),
        ("2", ["candidate", "champion"], "forced"),
    ]
    assert all(row["eer_low"] <= row["eer"] <= row["eer_high"] and row["size_mb"] > 0 for row in told["versions"])
    assert [(entry["action"], entry["version"], entry["why"]) for entry in told["history"]] == [
        ("promotion", "1", ""),
        ("forced", "2", "a demo"),
    ]
    assert told["notices"] == []

    mlflow_store.client().set_registered_model_alias(name, "champion", "1")
    assert spooflab(["registry", "--name", name]) == 0
    assert "champion is version 1, by hand: the history says version 2" in capsys.readouterr().out
    assert spooflab(["registry", "--name", "nobody's"]) == 1
    assert 'no model "nobody\'s"' in capsys.readouterr().err


def test_a_misspelt_limit_is_found_before_anything_is_done(evaluated, gate, capsys):
    assert promoted(evaluated, "never made", gate(max_er=0.1)) == 1
    assert "did you mean 'max_eer'?" in capsys.readouterr().err
    assert registry.model("never made") is None
