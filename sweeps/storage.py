"""The URL of a database in, Optuna's storage on it out: no two workers take the same trial, none dies of a restart."""

import os
import warnings
from collections.abc import Container, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError

from datamodules.safe_files import alone
from sweeps.patience import lost, patient
from sweeps.signature import gone
from sweeps.trial_reader import read_rows

HEARTBEAT_VARIABLE = "SPOOFLAB_HEARTBEAT_S"
WORKER = "worker"  # user attribute of a trial: who runs it
_HEARTBEAT_S, _MISSED_BEATS = 60, 5
_MOST_INCLUDED = 10_000  # ids in a query: databases have a limit of it
_LOCK_TIMEOUT_S = 30  # four SQLite workers need it; .05 s killed three of them
_TABLES = 3  # groups of them that Optuna makes in turn: its own, their version, Alembic's
_LIBPQ = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

# What comes to the same when it is done twice, because a lost connection hid that it was done. Reads; attributes,
# intermediate values and heartbeats, which are overwritten by the same; a parameter, of which Optuna ignores the
# duplicate; a queued trial, whose copy carries the same ticket (`study.own_trials` knows it once). The names with an
# underscore are those that Optuna's cache calls, which stands before every such storage.
_REPEATABLE = (
    "get_study_id_from_name",
    "get_study_name_from_id",
    "get_study_directions",
    "get_study_user_attrs",
    "get_study_system_attrs",
    "set_study_user_attr",
    "set_study_system_attr",
    "get_trial",
    "get_trial_user_attrs",
    "get_trial_id_from_study_id_trial_number",
    "set_trial_user_attr",
    "set_trial_system_attr",
    "set_trial_intermediate_value",
    "record_heartbeat",
    "_get_trials",
    "_set_trial_param",
    "_create_new_trial",
    "_get_stale_trial_ids",
)


class Storage(RDBStorage):
    """Knows the dead of this machine exactly, and those of other machines by their heartbeat.

    Args:
        url: of the database.
        engine_kwargs: of SQLAlchemy's engine.
    """

    def __init__(self, url: str, engine_kwargs: dict[str, Any]) -> None:
        beat_s = heartbeat_s()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            super().__init__(url, engine_kwargs, heartbeat_interval=beat_s, grace_period=_MISSED_BEATS * beat_s)

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        """Leave out the trials of this machine's workers: a laptop that slept has missed beats, and nobody is dead."""
        stale = super()._get_stale_trial_ids(study_id)
        return [trial_id for trial_id in stale if self._elsewhere(self.get_trial_user_attrs(trial_id).get(WORKER))]

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        """Read trials as Optuna does, but fast."""
        if len(included_trial_ids) > _MOST_INCLUDED:
            return super()._get_trials(study_id, states, included_trial_ids, trial_id_greater_than)
        among = None if states is None else [state for state in TrialState if state in states]
        with _create_scoped_session(self.scoped_session) as session:
            rows = read_rows(session.connection(), study_id, among, included_trial_ids, trial_id_greater_than)
            if not rows:
                models.StudyModel.find_or_raise_by_id(study_id, session)
        return [self._build_frozen_trial_from_trial_model(row) for row in rows]  # type: ignore[arg-type]

    def _elsewhere(self, worker: str | None) -> bool:
        return worker is not None and gone(worker) is None


class SqliteStorage(Storage):
    """Has processes make tables and claim trials in turn, and commits without waiting for the disk.

    Optuna reads a trial's state FOR UPDATE before it claims it, which SQLite does not know: two workers that ask at
    once both find it waiting, both train it, and the second that tells of it dies.

    Args:
        url: of the database, ``sqlite:///FILE``.
        file: of the database.
    """

    def __init__(self, url: str, file: Path) -> None:
        self._lock = file.with_name(f"{file.name}.lock")
        with alone(self._lock):  # else two that look at once both make the tables, and the second fails
            super().__init__(url, {"connect_args": {"timeout": _LOCK_TIMEOUT_S}})
        event.listen(self.engine, "connect", _write_ahead)
        self.engine.dispose()  # connections from before knew nothing of it

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Set a state, as the only process that does."""
        with alone(self._lock):
            return super().set_trial_state_values(trial_id, state, values)


class ServerStorage(Storage):
    """Survives a restart of the database server: what fails for want of a connection is tried again for a minute.

    Args:
        url: of the database.
    """

    def __init__(self, url: str) -> None:
        connect = _LIBPQ if make_url(url).get_backend_name() == "postgresql" else {}
        options = {"pool_pre_ping": True, "connect_args": connect}
        for _ in range(_TABLES):  # another may make each of them between our look and our own making
            with suppress(ProgrammingError, IntegrityError):
                super().__init__(url, options)
                return
        super().__init__(url, options)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Set a state; where the answer was lost, look first whether it was set."""
        try:
            return super().set_trial_state_values(trial_id, state, values)
        except StorageInternalError as error:
            if not lost(error):
                raise
        return self._set_again(trial_id, state, values)

    @patient
    def _set_again(self, trial_id: int, state: TrialState, values: Sequence[float] | None) -> bool:
        """Set a state unless it is set; a claim whose answer was lost is given up, and ``reconcile`` finds it."""
        found = super().get_trial(trial_id)
        if found.state is state and state.is_finished():
            return True
        return super().set_trial_state_values(trial_id, state, values)


for _name in _REPEATABLE:
    setattr(ServerStorage, _name, patient(getattr(Storage, _name)))


def heartbeat_s() -> int:
    """Return the seconds between two signs of life; a worker of another machine that misses five is dead.

    Raises:
        ValueError: the environment variable ``SPOOFLAB_HEARTBEAT_S`` is no number above 0.
    """
    told = os.environ.get(HEARTBEAT_VARIABLE, str(_HEARTBEAT_S))
    if not told.isdecimal() or int(told) < 1:
        raise ValueError(f"{HEARTBEAT_VARIABLE}: found {told!r}, expected whole seconds above 0")
    return int(told)


def grace_s() -> int:
    """Return after how many seconds without a sign of life a process of another machine is dead."""
    return _MISSED_BEATS * heartbeat_s()


def open_storage(url: str, wait: bool = False, create: bool = True) -> Storage:
    """Open the storage of a URL.

    Args:
        url: of the database.
        wait: for a server that is being restarted, instead of an error at once.
        create: a file that is not there; whoever only reads would find nothing in it, and leave it behind.

    Raises:
        ValueError: the URL is none, its driver is not installed, or no other process could open it.
        FileNotFoundError: the file is not there, and not to be created.
        ConnectionError: the server cannot be reached.
    """
    try:
        parts = _with_driver(make_url(url))
        if parts.get_backend_name() == "sqlite":
            return SqliteStorage(url, _file(parts, create))
        whole = parts.render_as_string(hide_password=False)
        return _when_it_is_up(whole) if wait else ServerStorage(whole)
    except ImportError as error:
        raise ValueError(
            f"--storage: {parts.drivername} needs a driver that is not installed: for PostgreSQL "
            "`pip install 'spooflab[postgres]'`, which is psycopg2"
        ) from error
    except ArgumentError as error:
        raise ValueError(
            f"--storage: found {url!r}, expected a URL such as sqlite:///optuna.db or postgresql://USER@HOST/DATABASE"
        ) from error
    except DBAPIError as error:
        shown = parts.render_as_string(hide_password=True)
        raise ConnectionError(
            f"--storage: no answer from {shown}: {str(error.orig).strip().splitlines()[0]}"
        ) from error


def _file(parts: URL, create: bool) -> Path:
    if not parts.database or ":memory:" in parts.database:
        raise ValueError(
            f"--storage: found {parts}, a database in the memory of one process, which its workers would not see: "
            "expected a file, such as sqlite:///optuna.db"
        )
    file = Path(parts.database)
    if not create and not file.is_file():
        raise FileNotFoundError(f"--storage: no such file: {file}; give the URL that the sweep was launched with")
    if not file.parent.is_dir():
        raise FileNotFoundError(f"--storage: no such folder: {file.parent}; make it first, or give another --storage")
    return file


_when_it_is_up = patient(ServerStorage)


def _with_driver(parts: URL) -> URL:
    """Name psycopg2 where `postgresql://` leaves the driver open and SQLAlchemy would look for another."""
    open_and_there = parts.drivername == "postgresql" and find_spec("psycopg2") is not None
    return parts.set(drivername="postgresql+psycopg2") if open_and_there else parts


def _write_ahead(connection: Any, _: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    """Let readers read while one writes, and leave the disk's pace to the system: kill -9 loses nothing that way."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
