"""An operation waits for a server that restarts, and for nothing else."""

import pytest
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.exc import IntegrityError, OperationalError

from sweeps import patience
from sweeps.patience import patient
from sweeps.storage import ServerStorage, open_storage
from sweeps.study import load_study


class Server:
    """Fails so often, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    @patient
    def ask(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def wrapped(cause: Exception) -> StorageInternalError:
    error = StorageInternalError()
    error.__cause__ = cause
    return error


GONE = OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))


def test_a_lost_connection_is_waited_for(monkeypatch):
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.01)
    assert Server(wrapped(GONE), GONE, wrapped(GONE)).ask() == "answer"


def test_patience_ends(monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_S", 0.0)
    with pytest.raises(OperationalError):
        Server(GONE).ask()


def test_what_is_wrong_by_itself_is_not_tried_again():
    server = Server(wrapped(IntegrityError("INSERT", {}, Exception("too long"))), GONE)
    with pytest.raises(StorageInternalError):
        server.ask()
    assert server.failures == [GONE]


@pytest.mark.postgres
def test_a_state_whose_answer_was_lost_is_not_set_twice(postgres, monkeypatch):
    from optuna import create_study

    study = create_study(study_name="lost", storage=open_storage(postgres.url))
    real, answers = RDBStorage.set_trial_state_values, [wrapped(GONE)]

    def set_and_lose(self, *words, **more):
        done = real(self, *words, **more)
        if answers:
            raise answers.pop()
        return done

    trial = study.ask()
    monkeypatch.setattr(RDBStorage, "set_trial_state_values", set_and_lose)
    study.tell(trial, 0.25)
    assert load_study("lost", postgres.url).trials[0].value == 0.25

    study.enqueue_trial({})
    answers.append(wrapped(GONE))
    second = study.ask()  # its claim is lost, so it is given up for `reconcile` to find, and another trial is taken
    assert [trial.state for trial in study.trials[1:]] == [TrialState.RUNNING] * 2
    assert second.number == 2


@pytest.mark.postgres
def test_the_url_of_the_readme_finds_the_driver(postgres):
    storage = open_storage(postgres.url)
    assert isinstance(storage, ServerStorage)
    assert storage.engine.driver == "psycopg2"


def test_a_server_that_is_not_there_is_told_at_once_without_the_password():
    with pytest.raises(ConnectionError, match="refused") as told:
        open_storage("postgresql://me:secret@127.0.0.1:1/postgres")
    assert "secret" not in str(told.value)


def test_a_url_that_is_none_is_told():
    with pytest.raises(ValueError, match="sqlite:///optuna"):
        open_storage("optuna.db")
