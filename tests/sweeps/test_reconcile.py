"""Every kind of wreck is repaired, what lives is left alone, and a second look finds nothing to do."""

import io
import json
import time

import mlflow
import optuna
import pytest
from optuna.trial import TrialState

from experiments import sweep_runs, tracking
from experiments.cli import main as spooflab
from sweeps import reconcile as module
from sweeps.engine import Local
from sweeps.mirror import mirror
from sweeps.reconcile import put_back, reconcile, sign
from sweeps.signature import this_worker
from sweeps.space import Space, Subspace
from sweeps.storage import WORKER
from sweeps.study import (
    EARLIER,
    FAILURE,
    INTERRUPTED,
    PARENT,
    RETRY,
    RUN_ID,
    SEED,
    TOTAL,
    open_study,
    own_trials,
    queue,
    settled,
    waiting,
    without_replaced,
)
from sweeps.team import Team

SPACE = Space(Subspace())
DEAD = f"{this_worker().rsplit(':', 2)[0]}:1:0.00"
ELSEWHERE = "elsewhere:1:0.00"


class Wreck:
    """A sweep of one trial, and what was left of it."""

    def __init__(self, name: str, folder) -> None:
        self.name, self.storage = name, f"sqlite:///{folder / 'wrecks.db'}"
        self.study = open_study(name, self.storage, SPACE)
        with tracking.run(name, tags={sweep_runs.SWEEP_TAG: name}) as parent:
            self.parent = parent
        self.study.set_user_attr(PARENT, parent)
        self.study.set_user_attr(TOTAL, 1)
        queue(self.study, 1)

    def taken(self, worker: str | None = DEAD) -> optuna.Trial:
        """The waiting trial, taken by a worker and with values drawn."""
        trial = self.study.ask()
        if worker is not None:
            trial.set_user_attr(WORKER, worker)
        trial.suggest_float("lr", 0, 1)
        return trial

    def run(self, trial: optuna.Trial, status: str = "RUNNING", noted: bool = True) -> str:
        """A run of the trial, left in a status."""
        tags = {"optuna.trial": str(trial.number), "mlflow.parentRunId": self.parent}
        with tracking.run(f"trial {trial.number}", tags=tags) as run_id:
            pass
        tracking.correct(tracking.get(run_id), status, {})
        if noted:
            trial.set_user_attr(RUN_ID, run_id)
        return run_id

    def repaired(self) -> list[str]:
        """What a reconciliation did; done again it must do nothing."""
        found = [str(repair) for repair in reconcile(self.study, self.parent)]
        assert reconcile(self.study, self.parent) == []
        return found

    @property
    def current(self) -> optuna.trial.FrozenTrial:
        (trial,) = without_replaced(own_trials(self.study))
        return trial


@pytest.fixture
def wreck(place, tmp_path, request):
    return Wreck(request.node.name, tmp_path)


def test_a_trial_of_a_dead_worker_waits_again_with_its_values_seed_and_run(wreck):
    trial = wreck.taken()
    run_id = wreck.run(trial)
    (repair,) = wreck.repaired()
    assert "retry 1 of 2" in repair
    again, run = wreck.current, tracking.get(run_id)
    assert (again.state, again.user_attrs[RUN_ID], again.user_attrs[RETRY]) == (TrialState.WAITING, run_id, 1)
    assert again.system_attrs["fixed_params"] == trial.params
    assert SEED in again.user_attrs
    assert settled(wreck.study) == []
    assert run.info.status == "SCHEDULED"
    assert run.data.tags["failure.earlier"] == again.user_attrs[EARLIER]
    assert "died" in again.user_attrs[EARLIER]
    assert "failure" not in run.data.tags


def test_a_trial_whose_run_was_deleted_waits_again_and_gets_a_new_one(wreck):
    trial = wreck.taken()
    mlflow.MlflowClient().delete_run(wreck.run(trial))
    mirror(study_trial := wreck.study.trials[trial.number])
    assert RUN_ID in study_trial.user_attrs
    (repair,) = wreck.repaired()
    assert "retry 1 of 2" in repair
    assert RUN_ID not in wreck.current.user_attrs
    assert wreck.current.state is TrialState.WAITING


def test_after_two_retries_it_has_failed_and_says_why(wreck):
    for _ in range(3):
        trial = wreck.taken()
        run_id = trial.user_attrs.get(RUN_ID) or wreck.run(trial)
        wreck.repaired()
    assert [ended.number for ended in settled(wreck.study)] == [trial.number]
    assert waiting(wreck.study) == []
    run = tracking.get(run_id)
    assert run.info.status == "FAILED"
    assert "died" in run.data.tags["failure"]
    assert run.data.tags["optuna.state"] == "FAIL"
    assert len(tracking.children(wreck.parent)) == 1


def test_a_kill_between_telling_the_study_and_telling_mlflow(wreck):
    trial = wreck.taken()
    run_id = wreck.run(trial, "RUNNING")
    wreck.study.tell(trial, 0.25)
    (repair,) = wreck.repaired()
    assert "RUNNING, not FINISHED" in repair
    run = tracking.get(run_id)
    assert run.data.tags["optuna.state"] == "COMPLETE"
    assert run.data.params["trial.lr"] == str(trial.params["lr"])


def test_a_kill_between_the_end_of_the_training_and_telling_the_study(wreck):
    run_id = wreck.run(wreck.taken(), "FINISHED")
    wreck.repaired()
    assert wreck.current.user_attrs[RUN_ID] == run_id
    assert tracking.get(run_id).info.status == "SCHEDULED"


def test_a_kill_between_making_a_run_and_noting_it(wreck):
    run_id = wreck.run(wreck.taken(), noted=False)
    wreck.repaired()
    assert wreck.current.user_attrs[RUN_ID] == run_id
    assert tracking.get(run_id).info.status == "SCHEDULED"


def test_a_kill_between_failing_a_trial_and_queueing_it_again(wreck):
    trial = wreck.taken()
    wreck.run(trial)
    wreck.study.tell(trial, state=TrialState.FAIL)
    assert settled(wreck.study) == []
    wreck.repaired()
    assert wreck.current.state is TrialState.WAITING


def test_a_failure_of_its_own_is_final(wreck):
    trial = wreck.taken()
    run_id = wreck.run(trial)
    trial.set_user_attr(FAILURE, "ValueError: no good")
    wreck.study.tell(trial, state=TrialState.FAIL)
    wreck.repaired()
    assert settled(wreck.study)[0].number == trial.number
    assert tracking.get(run_id).data.tags["failure"] == "ValueError: no good"


def test_ctrl_c_does_not_count_as_a_try(wreck):
    for _ in range(4):
        trial = wreck.taken()
        trial.set_user_attr(INTERRUPTED, True)
        wreck.study.tell(trial, state=TrialState.FAIL)
        wreck.repaired()
    assert (wreck.current.state, wreck.current.user_attrs[RETRY]) == (TrialState.WAITING, 0)


def test_a_run_of_no_trial_is_ended(wreck):
    stray = wreck.run(wreck.taken(worker=this_worker()), noted=True)
    wreck.study._storage.set_trial_user_attr(wreck.current._trial_id, RUN_ID, wreck.parent)
    wreck.repaired()
    assert tracking.get(stray).info.status == "FAILED"
    assert "no trial" in tracking.get(stray).data.tags["failure"]


def test_the_living_are_left_alone(wreck):
    run_id = wreck.run(wreck.taken(worker=this_worker()))
    assert wreck.repaired() == []
    assert tracking.get(run_id).info.status == "RUNNING"


def test_a_trial_that_nobody_signed_is_put_back_after_a_while(wreck, monkeypatch):
    wreck.taken(worker=None)
    assert wreck.repaired() == []
    monkeypatch.setattr(module, "_UNSIGNED_S", -1)
    wreck.repaired()
    assert wreck.current.state is TrialState.WAITING


def test_a_surplus_trial_of_a_dead_worker_is_ended_and_not_queued(wreck):
    wreck.study.tell(wreck.taken(), 0.5)
    surplus = wreck.study.ask()
    surplus.set_user_attr(WORKER, DEAD)
    assert wreck.repaired() == []
    assert wreck.study.trials[surplus.number].state is TrialState.FAIL
    assert waiting(wreck.study) == []


@pytest.mark.parametrize(("worker", "state"), [(ELSEWHERE, TrialState.WAITING), ("here", TrialState.RUNNING)])
def test_silence_is_death_elsewhere_and_nothing_here(place, tmp_path, worker, state):
    wreck = Wreck(f"silence {worker[:4]}", tmp_path)
    trial = wreck.taken(worker=this_worker() if worker == "here" else worker)
    storage = wreck.study._storage
    storage.record_heartbeat(trial._trial_id)
    assert put_back(wreck.study) == []
    storage._backend.grace_period = 0.5
    time.sleep(2)  # SQLite's clock has seconds
    wreck.repaired()
    assert wreck.current.state is state


def test_two_that_repair_at_once_queue_a_trial_once(wreck):
    trial = wreck.taken()
    wreck.study.tell(trial, state=TrialState.FAIL)
    frozen = wreck.study.trials[0]
    for _ in range(2):
        module.queue_again(wreck.study, frozen, "died", frozen.user_attrs.get(RUN_ID))
    assert len(waiting(wreck.study)) == 2
    assert wreck.current.number == 1
    assert queue(wreck.study, 1) == 2  # the second is surplus: who takes it gives it up


@pytest.mark.parametrize(("done", "status"), [(True, "FINISHED"), (False, "KILLED")])
def test_the_sweep_s_run_after_its_launcher_was_killed(place, tmp_path, done, status):
    wreck = Wreck(f"left {status}", tmp_path)
    if done:
        wreck.study.tell(wreck.taken(), 0.5)
    tracking.correct(tracking.get(wreck.parent), "RUNNING", {})
    sign(wreck.study)
    assert wreck.repaired() == []  # this process says that it launches, and lives
    wreck.study.set_user_attr("launcher", {"worker": DEAD, "seen": time.time()})
    wreck.repaired()
    assert tracking.get(wreck.parent).info.status == status


def test_a_launcher_elsewhere_lives_as_long_as_it_says_so(wreck):
    for seconds_ago, lives in ((0, True), (3600, False)):
        wreck.study.set_user_attr("launcher", {"worker": ELSEWHERE, "seen": time.time() - seconds_ago})
        assert module.is_launched(wreck.study) is lives
        assert module.another_launches(wreck.study) is lives
    sign(wreck.study)
    assert not module.another_launches(wreck.study)


def test_trials_follow_a_sweep_whose_run_was_deleted(wreck, capsys):
    run_id = wreck.run(wreck.taken())
    with tracking.run("another") as parent:
        pass
    module.adopt(wreck.study, parent)  # the former is there
    assert tracking.children(parent) == []
    mlflow.MlflowClient().delete_run(wreck.parent)
    module.adopt(wreck.study, parent)
    assert [run.info.run_id for run in tracking.children(parent)] == [run_id]
    assert f"run {wreck.parent} was deleted" in capsys.readouterr().out


def test_the_higher_of_two_totals_counts_while_both_launch(wreck):
    team = Team(SPACE, [], {}, wreck.storage, Local(), "auto", io.StringIO())
    wreck.study.tell(wreck.taken(), 0.5)
    wreck.study.set_user_attr("launcher", {"worker": ELSEWHERE, "seen": time.time()})
    wreck.study.set_user_attr(TOTAL, 3)
    team.bring(wreck.study, wreck.parent, 1)
    assert wreck.study.user_attrs[TOTAL] == 3
    team.bring(wreck.study, wreck.parent, 1)  # this process has signed since
    assert wreck.study.user_attrs[TOTAL] == 1


def test_the_command_tells_what_it_repaired(wreck, capsys):
    run_id = wreck.run(wreck.taken())
    words = ["sweep", "--reconcile", "--name", wreck.name, "--storage", wreck.storage]
    assert spooflab([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [repair["trial"] for repair in told["repaired"]] == [0]
    assert tracking.get(run_id).info.status == "SCHEDULED"
    assert spooflab(words) == 0
    assert "nothing to repair" in capsys.readouterr().out


def test_a_sweep_that_is_not_there_is_told(place, tmp_path, capsys):
    Wreck("there", tmp_path)
    words = ["sweep", "--reconcile", "--name", "not there", "--storage", f"sqlite:///{tmp_path / 'wrecks.db'}"]
    assert spooflab(words) == 1
    assert "there are: there" in capsys.readouterr().err
