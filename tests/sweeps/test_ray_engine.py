"""Tasks are hired as trials wait, and lost ones are known by name; the cluster here is played by a list."""

import argparse
import socket

import pytest
from optuna.trial import TrialState

from experiments.ray_cluster import Loss, Needs, Task
from sweeps.engine import Local
from sweeps.engine_arguments import add_engine_arguments, engine_of
from sweeps.ray_engine import OnRay, Tasks
from sweeps.reconcile import put_back
from sweeps.space import Space, Subspace
from sweeps.storage import WORKER
from sweeps.study import EARLIER, RETRY_OF, TASK, TOTAL, open_study, queue, waiting
from sweeps.worker import Job


class PlayedCluster:
    """Starts nothing; what has ended, and how, is put into `over`."""

    def __init__(self):
        self.jobs, self.over, self.cancelled = [], {}, []
        self.hosts = {socket.gethostname()}

    def start(self, name, function, job, needs):
        self.jobs.append(job)
        return Task(name, name)

    def ended(self, tasks):
        return {task: self.over[task.name] for task in tasks if task.name in self.over}

    def cancel(self, tasks):
        self.cancelled = [task.name for task in tasks]
        return {task: Loss("it hangs") for task in tasks if task.name in self.over}


@pytest.fixture
def study(tmp_path):
    study = open_study("s", f"sqlite:///{tmp_path / 'optuna.db'}", Space(Subspace()))
    study.set_user_attr(TOTAL, 5)
    queue(study, 5)
    return study


def tasks(study, most=None):
    cluster = PlayedCluster()
    return Tasks(cluster, study, Job("s", "sqlite:///optuna.db", 1, most=1), OnRay(most=most)), cluster


def take(study, job):
    """Take a trial as the task of a job does, on a machine that this one cannot look at."""
    trial = study.ask()
    trial.set_user_attr(TASK, job.task)
    trial.set_user_attr(WORKER, "elsewhere:1:1.00")
    return trial


def test_all_that_wait_are_asked_for_at_once_and_once(study):
    crew, cluster = tasks(study)
    crew.hire(len(waiting(study)))
    assert len(crew) == 5
    crew.hire(len(waiting(study)))  # none has taken its trial yet
    take(study, cluster.jobs[0])
    crew.hire(len(waiting(study)))
    assert len(crew) == 5
    assert len({job.task for job in cluster.jobs}) == len({job.index for job in cluster.jobs}) == 5


def test_so_many_at_a_time(study):
    crew, cluster = tasks(study, most=2)
    crew.hire(len(waiting(study)))
    assert len(crew) == 2
    study.tell(take(study, cluster.jobs[0]), 0.5)
    cluster.over = {cluster.jobs[0].task: None}
    assert crew.dead() == []
    crew.hire(len(waiting(study)))
    assert len(crew) == 2
    assert len(cluster.jobs) == 3


def test_no_more_than_the_total_lacks(study):
    study.set_user_attr(TOTAL, 2)
    crew, _ = tasks(study)
    crew.hire(len(waiting(study)))
    assert len(crew) == 2


def test_files_are_refused_once_another_machine_joins(study):
    crew, cluster = tasks(study, most=2)
    crew.hire(1)
    cluster.hosts.add("elsewhere")
    with pytest.raises(ValueError, match="the machines elsewhere beside"):
        crew.hire(1)
    assert len(crew) == 1


@pytest.mark.parametrize("with_node", [True, False])
def test_a_lost_task_s_trial_is_queued_again(study, with_node):
    crew, cluster = tasks(study, most=2)
    crew.hire(len(waiting(study)))
    lost, alive = (take(study, job) for job in cluster.jobs)
    assert put_back(study) == []  # nobody can tell by looking
    cluster.over = {cluster.jobs[0].task: Loss("its node went away", with_node)}
    (death,) = crew.dead()
    assert death.alone is not with_node
    put_back(study, death.why, [death.task])
    states = [trial.state for trial in study.trials]
    assert (states[lost.number], states[alive.number]) == (TrialState.FAIL, TrialState.RUNNING)
    (again,) = (trial for trial in study.trials if trial.user_attrs.get(RETRY_OF) == lost.number)
    assert "its node went away" in again.user_attrs[EARLIER]


def test_all_are_told_to_stop_and_what_does_not_is_told(study, capsys):
    crew, cluster = tasks(study, most=3)
    crew.hire(5)
    cluster.over = {cluster.jobs[1].task: None}
    crew.stop()
    assert cluster.cancelled == [job.task for job in cluster.jobs]
    assert (
        capsys.readouterr().err == f"task {cluster.jobs[1].task}: it hangs; its trial is put back by the next launch\n"
    )


def engine(*words):
    parser = argparse.ArgumentParser()
    add_engine_arguments(parser)
    return engine_of(parser.parse_args(words))


def test_words_make_an_engine():
    assert engine() == Local()
    assert engine("--workers", "3") == Local(3)
    assert engine("--engine", "ray") == OnRay()
    words = "--engine ray --address auto --workers 8 --cpus-per-trial 4 --gpus-per-trial 0.25"
    assert engine(*words.split()) == OnRay("auto", Needs(4, 0.25), 8)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--gpus-per-trial 0.25", "add --engine ray"),
        ("--engine ray --cpus-per-trial -1", "found -1"),
        ("--engine ray --gpus-per-trial 1.5", "found 1.5, expected a whole number"),
    ],
)
def test_words_that_make_none(words, complaint):
    with pytest.raises(ValueError, match=complaint):
        engine(*words.split())
