"""A worker that was taken for dead gives its trial up, and nothing that it wrote stays."""

import pytest

import sweeps.objective
from experiments import sweep_runs, tracking
from sweeps.launch import launch
from sweeps.reconcile import Repair, put_back, reconcile
from sweeps.study import (
    DEFAULT_STORAGE,
    RETRY_OF,
    RUN_ID,
    earlier_values,
    load_study,
    own_trials,
    settled,
    without_replaced,
)
from sweeps.worker import Job, work
from tests.sweeps.wreckage import assert_accounted_for

real_train = sweeps.objective.train


def take_for_dead(name: str) -> list[Repair]:
    """Do what another process does that is mistaken about this one."""
    with pytest.MonkeyPatch.context() as mistaken:
        mistaken.setattr("sweeps.reconcile.gone", lambda worker: True)
        return put_back(load_study(name, DEFAULT_STORAGE))


@pytest.fixture
def in_process(monkeypatch):
    """Have the launcher's own process work, so that a test can alter what it calls."""

    def run(members, study, update):
        work(Job(study.study_name, DEFAULT_STORAGE, threads=1))

    monkeypatch.setattr("sweeps.engine.run_crew", run)


def test_a_false_alarm(quick_space, place, in_process, monkeypatch, capsys):
    taken_away = []

    def train(words, **options):
        def keep_going(epoch, dev_eer):
            if epoch == 1 and not taken_away:
                taken_away.extend(take_for_dead("alarm"))
            return options["keep_going"](epoch, dev_eer)

        return real_train(words, **{**options, "keep_going": keep_going})

    monkeypatch.setattr("sweeps.objective.train", train)
    study = launch(quick_space("alarm", epochs=3), "alarm", 1)
    assert "taken for dead" in capsys.readouterr().out
    parent = sweep_runs.sweep("alarm").info.run_id
    assert_accounted_for(study, parent, 1)
    assert reconcile(study, parent) == []
    (trial,) = settled(study)
    assert trial.state.name == "COMPLETE"
    assert (trial.user_attrs[RETRY_OF], trial.user_attrs[RUN_ID]) == (0, study.trials[0].user_attrs[RUN_ID])
    assert sorted(trial.intermediate_values) == [0, 1, 2]
    assert earlier_values(study, trial) == study.trials[0].intermediate_values


def test_what_is_written_to_a_run_that_is_another_s_is_taken_back(quick_space, place, in_process, monkeypatch):
    """The worker that took the trial over has not begun yet: its run waits, although the first one failed on it."""
    seen = []

    def train(words, **options):
        def keep_going(epoch, dev_eer):
            take_for_dead("left")
            monkeypatch.setattr("sweeps.worker.stopped", lambda study: "that is enough")
            return options["keep_going"](epoch, dev_eer)

        def on_start(run_id):
            seen.append(run_id)
            options["on_start"](run_id)

        return real_train(words, **{**options, "keep_going": keep_going, "on_start": on_start})

    monkeypatch.setattr("sweeps.objective.train", train)
    study = launch(quick_space("left", epochs=2), "left", 1)
    assert [trial.state.name for trial in without_replaced(own_trials(study))] == ["WAITING"]
    (run,) = tracking.children(sweep_runs.sweep("left").info.run_id)
    assert run.info.run_id == seen[0]
    assert run.info.status == "SCHEDULED"
    assert "failure" not in run.data.tags
