"""What is told while a sweep runs: counts, best, and a guess at the rest that follows from what was seen."""

import io
import json
from datetime import timedelta

import pytest
from optuna.trial import TrialState
from rich.console import Console

from sweeps.monitor import Monitor, drawn
from sweeps.progress import frame, line
from sweeps.storage import WORKER
from tests.sweeps.made_up import START, study, trial

EER = ("dev/eer",)
NOW = START + timedelta(seconds=15)


def running(**options):
    return trial(None, state=TrialState.RUNNING, attributes={WORKER: "host:7:1.0"}, **options)


def test_counts_best_and_the_time_that_is_left():
    trials = study(
        trial(0.3, seconds=10),
        trial(0.1, seconds=20),
        trial(0.4, state=TrialState.PRUNED, seconds=30),
        trial(None, state=TrialState.FAIL, seconds=40),
    ).trials
    seen = frame([*trials, running(), running()], 10, NOW)
    assert seen.done == {"complete": 2, "pruned": 1, "failed": 1}
    assert seen.best.number == 1
    # Two run: of those that lasted longer than 15 s each has 15 s left in the mean; four wait for 25 s each.
    assert seen.eta_s == pytest.approx((2 * 15 + 4 * 25) / 2)


def test_one_trial_is_not_enough_to_guess_by():
    seen = frame([trial(0.3)], 10, NOW)
    assert seen.eta_s is None
    assert frame([], 10, NOW).best is None


def test_a_line_says_what_a_trial_came_to():
    broken = trial(None, state=TrialState.FAIL, attributes={"cause": "no disk"})
    done, failed = study(trial(0.25, seconds=90), broken).trials
    seen = frame([done, failed], 3, NOW)
    told = "complete  dev EER 25.00 %   4 epochs in 90 s   best so far 25.00 % (trial 0)   2 of 3   about 65 s left"
    assert line(done, seen, EER) == f"trial 0    {told}"
    assert "no disk" in line(failed, seen, EER)
    (both,) = study(trial((0.25, 5.0), epochs=0, seconds=90), measures=2).trials
    assert "dev EER 25.00 %   latency 5.00 ms   in 90 s" in line(both, seen, ("dev/eer", "latency_ms"))


def test_a_terminal_sees_each_worker():
    console = Console(file=io.StringIO(), width=120)
    console.print(drawn(frame([trial(0.25), running(epochs=2)], 4, NOW), EER, NOW))
    told = console.file.getvalue()
    assert "1 of 4 trials: 1 complete, 0 pruned, 0 failed, 1 running" in told
    assert "time left: not known yet" in told
    assert "2 epochs" in told
    assert "host:7" in told


@pytest.mark.parametrize("form", ["auto", "json"])
def test_every_trial_is_told_once_and_looked_after(form, monkeypatch):
    monkeypatch.setattr("sweeps.monitor._LOOK_EVERY_S", 0.0)
    made, out, looked_after = study(trial(0.5)), io.StringIO(), []
    monitor = Monitor(made, EER, 3, form, lambda: looked_after.append(len(made.trials)), out)
    with monitor:
        made.add_trial(trial(0.25))
        monitor.update()
        monitor.update()
        made.add_trial(trial(None, state=TrialState.FAIL, attributes={"cause": "no disk", "failure": "no disk"}))
    assert looked_after == [2, 3]
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    if form == "json":
        told = [json.loads(each) for each in lines]
        assert [each["state"] for each in told] == ["COMPLETE", "FAIL"]
        assert told[0]["measures"] == {"dev/eer": 0.25}
        assert told[1]["cause"] == "no disk"
