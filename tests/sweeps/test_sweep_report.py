"""What a sweep published is what compare and report tell of it."""

import json

import pytest

from experiments import sweep_runs, tracking
from experiments.cli import main as spooflab
from experiments.compared import best_trials
from experiments.sweep_facts import read_sweep
from sweeps.answer import publish
from sweeps.study import RUN_ID
from tests.sweeps.made_up import study, trial

EER = ("dev/eer",)


@pytest.fixture
def sweep(evaluated, place):
    """A study of five trials, whose best has the evaluated run; and its parent."""
    with tracking.run("searched", tags={sweep_runs.SWEEP_TAG: "searched"}) as parent:
        runs = [evaluated]
        for number in range(1, 5):
            tags = {"optuna.state": "COMPLETE", "optuna.trial": str(number)}
            with tracking.run(f"trial {number}", parent=parent, tags=tags) as run_id:
                tracking.log_metrics(run_id, {"best/dev_eer": 0.5 - number / 100})
            runs.append(run_id)
    trials = [
        trial(0.1 + number / 10, network=None, learning_rate=0.01 + number / 100, attributes={RUN_ID: run_id})
        for number, run_id in enumerate(runs)
    ]
    publish(study(*trials), parent, "parameters: {a: 1}", EER, ())
    return runs


def test_report_and_compare(sweep, evaluated, tmp_path, capsys):
    assert best_trials("searched") == [evaluated, *reversed(sweep[1:])]
    found = read_sweep("searched")
    assert (found.winner, found.trials["complete"], found.space) == ({"dev/eer": 0.1}, 5, "parameters: {a: 1}")
    assert {picture.name for picture in found.pictures} == {"history", "importance"}

    out = tmp_path / "report.html"
    assert spooflab(["report", "--sweep", "searched", "--out", str(out), "--skip-audit", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == evaluated
    html = out.read_text()
    for said in (
        '<section id="search"',
        "Best EER on dev: 10.00 %",
        "learning_rate",
        "parameters: {a: 1}",
        "flattered",
    ):
        assert said in html, said
    assert html.count('src="data:image/png') == 2

    assert spooflab(["compare", "--sweep", "searched", "--top", "2"]) == 1
    assert f"spooflab evaluate --model {sweep[4]}" in capsys.readouterr().err
