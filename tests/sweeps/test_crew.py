"""Workers that only die stop the sweep."""

import optuna
import pytest

from sweeps import crew
from sweeps.crew import Deaths, Every
from sweeps.deaths import Death
from sweeps.streak import stopped
from sweeps.study import PARENT, QUEUED


@pytest.fixture
def study(monkeypatch):
    made = optuna.create_study()
    made.set_user_attr(PARENT, "none")
    monkeypatch.setattr(crew, "reconcile", lambda study, parent, reason, dead: [])
    return made


def test_three_deaths_with_no_trial_in_between_stop_the_sweep(study):
    deaths = Deaths(study)
    deaths.note(Death("signal 9"))
    deaths.note(Death("signal 9"))
    assert stopped(study) is None
    deaths.note(Death("code 1"))
    assert "3 workers ended and no trial did in between, the last because code 1" in stopped(study)


def test_a_trial_in_between_makes_it_go_on(study):
    deaths = Deaths(study)
    for _ in range(4):
        deaths.note(Death("signal 9"))
        study.add_trial(optuna.trial.create_trial(value=0.5, user_attrs={QUEUED: True}))
    assert stopped(study) is None


def test_workers_that_went_with_their_machine_say_nothing_against_the_sweep(study):
    deaths = Deaths(study)
    for _ in range(4):
        deaths.note(Death("its node is gone", alone=False))
    assert stopped(study) is None


def test_every_is_due_once_in_its_time():
    assert [Every(1e9).is_due() for _ in range(2)] == [True, True]
    once = Every(1e9)
    assert [once.is_due() for _ in range(3)] == [True, False, False]
