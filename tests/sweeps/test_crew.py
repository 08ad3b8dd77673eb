"""Workers that only die stop the sweep, and want of memory is told when it is known."""

import optuna
import pytest

from sweeps import crew
from sweeps.crew import Deaths, Every
from sweeps.streak import stopped
from sweeps.study import PARENT, QUEUED


@pytest.fixture
def study(monkeypatch):
    made = optuna.create_study()
    made.set_user_attr(PARENT, "none")
    monkeypatch.setattr(crew, "reconcile", lambda study, parent, reason: [])
    return made


def test_three_deaths_with_no_trial_in_between_stop_the_sweep(study):
    deaths = Deaths(study)
    deaths.note(-9)
    deaths.note(-9)
    assert stopped(study) is None
    deaths.note(1)
    assert "3 workers ended and no trial did in between" in stopped(study)
    assert "code 1" in stopped(study)


def test_a_trial_in_between_makes_it_go_on(study):
    deaths = Deaths(study)
    for _ in range(4):
        deaths.note(-9)
        study.add_trial(optuna.trial.create_trial(value=0.5, user_attrs={QUEUED: True}))
    assert stopped(study) is None


def test_want_of_memory_is_told_only_when_the_kernel_counted_it(study, monkeypatch, tmp_path, capsys):
    counts = tmp_path / "vmstat"
    monkeypatch.setattr(crew, "_KERNEL_COUNTS", counts)
    counts.write_text("nr_free_pages 7\noom_kill 2\n")
    deaths = Deaths(study)
    deaths.note(-9)
    assert "for want of memory" not in capsys.readouterr().out
    counts.write_text("nr_free_pages 7\noom_kill 3\n")
    deaths.note(-9)
    assert "lower data.batch_size" in capsys.readouterr().out


def test_every_is_due_once_in_its_time():
    assert [Every(1e9).is_due() for _ in range(2)] == [True, True]
    once = Every(1e9)
    assert [once.is_due() for _ in range(3)] == [True, False, False]
