"""The whole answer on real audio: charts, retention and seeds, from the command line; and what is published when."""

import json

import pytest

from experiments import sweep_runs, tracking, tracking_artifacts
from experiments.cli import main as spooflab
from sweeps.answer import publish_numbers
from sweeps.findings import findings
from sweeps.reseed import SEEDS_TAG
from sweeps.retention import DROPPED_TAG
from sweeps.study import RUN_ID
from sweeps.upkeep import Upkeep
from tests.sweeps.made_up import study, trial

EER = ("dev/eer",)


@pytest.mark.slow
def test_a_sweep_with_seeds_tells_its_answer(quick_space, place, capsys):
    words = ["sweep", "--space", str(quick_space("whole")), "--name", "whole", "--keep-checkpoints", "1", "--json"]
    assert spooflab([*words, "--trials", "2", "--reseed-top", "2", "--seeds", "2"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each.get("state") for each in told] == ["COMPLETE"] * 6 + [None]
    answer = told[-1]
    assert answer["trials"] == {"complete": 2, "pruned": 0, "failed": 0}
    seeds = answer["seeds"]
    assert [config["n"] for config in seeds["configs"]] == [2, 2]

    parent = sweep_runs.sweep("whole")
    trials = [run for run in tracking.children(parent.info.run_id) if SEEDS_TAG not in run.data.tags]
    assert len(trials) == 2
    assert sum(DROPPED_TAG in run.data.tags for run in trials) == 1
    (nest,) = tracking.find({SEEDS_TAG: "whole"})
    again = tracking.children(nest.info.run_id)
    assert {run.data.tags["sweep.reseed_of"] for run in again} == {str(each["trial"]) for each in seeds["configs"]}
    kept = {run.info.run_id for run in again if "checkpoint/best.ckpt" in tracking_artifacts.sizes(run.info.run_id)}
    assert kept == set(seeds["configs"][0]["runs"].values())
    assert sweep_runs.winner("whole") == seeds["run"]
    assert parent.data.metrics["best/dev_eer_mean"] == pytest.approx(seeds["configs"][0]["mean"])
    note = parent.data.tags["mlflow.note.content"]
    assert note.startswith(f"### Best: trial {seeds['picked']}")
    assert "over 2 seeds" in note.splitlines()[0]

    assert spooflab([*words, "--trials", "2", "--reseed-top", "2", "--seeds", "2"]) == 0  # all of it is done
    assert len(tracking.children(nest.info.run_id)) == 4
    assert sweep_runs.winner("whole") == seeds["run"]


@pytest.fixture
def sweep(place):
    """A study of two trials with runs, and its parent."""
    with tracking.run("published") as parent:
        runs = []
        for number in range(2):
            with tracking.run(f"trial {number}", parent=parent) as run_id:
                tracking.log_config(run_id, {"number": number})
            runs.append(run_id)
    trials = [
        trial(0.2, attributes={RUN_ID: runs[0]}, dropout=0.1),
        trial(0.1, attributes={RUN_ID: runs[1], "measures": {"dev/min_dcf": 0.5}}, network="rawnet2"),
    ]
    return study(trials[0], name="published"), trials[1], parent, runs


def test_numbers_follow_the_best(sweep):
    made, second, parent, runs = sweep
    assert publish_numbers(findings(made, EER, ["network"]), parent) == runs[0]
    made.add_trial(second)
    assert publish_numbers(findings(made, EER, ["network"]), parent) == runs[1]
    told = tracking.get(parent).data
    assert told.metrics == {
        "trials/complete": 2,
        "trials/pruned": 0,
        "trials/failed": 0,
        "best/dev_eer": 0.1,
        "best/dev_min_dcf": 0.5,
    }
    best = {name: value for name, value in told.tags.items() if name.startswith("best.")}
    assert best == {"best.learning_rate": "0.01", "best.network": "rawnet2"}
    assert [tracking.get(run_id).data.tags["sweep.winner"] for run_id in runs] == ["false", "true"]


def test_charts_are_drawn_now_and_then(sweep):
    made, second, parent, _ = sweep
    seconds = [0.0]
    upkeep = Upkeep(made, parent, "parameters: {}", EER, ["network"], keep=5, clock=lambda: seconds[0])
    upkeep.after_trials()
    assert tracking_artifacts.sizes(parent) == {}
    seconds[0] = 1000.0
    upkeep.after_trials()
    files = set(tracking_artifacts.sizes(parent))
    assert {"sweep/figures.html", "sweep/figures/history.png", "sweep/best.yaml", "sweep/trials.json"} <= files
    made.add_trial(second)
    upkeep.after_trials()
    table = json.loads(tracking.fetch(parent, "sweep/trials.json").read_text())
    assert len(table) == 1  # the charts are not due again
    upkeep.publish()
    assert len(json.loads(tracking.fetch(parent, "sweep/trials.json").read_text())) == 2
    assert tracking.fetch(parent, "sweep/best.yaml").read_text() == "number: 1\n"


def test_several_measures_are_summed_up_by_their_front(place, tmp_path):
    from sweeps.answer import ANSWER_FILE, FOLDER, as_json
    from sweeps.summary import front_in_words

    made = study(trial((0.1, 30.0)), trial((0.2, 10.0), network="rawnet2"), trial((0.3, 40.0)), measures=2)
    answer = as_json(findings(made, ("dev/eer", "latency_ms"), ["network"]), None)
    (tmp_path / ANSWER_FILE).write_text(json.dumps(answer))
    with tracking.run("several") as parent:
        assert front_in_words(parent) == []
        tracking.log_files(parent, tmp_path / ANSWER_FILE, FOLDER)
    assert front_in_words(parent) == [
        "trial 0 cnn: dev EER 10.00 %, latency 30.00 ms",
        "trial 1 rawnet2: dev EER 20.00 %, latency 10.00 ms",
    ]
