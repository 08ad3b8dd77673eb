"""The URL of a database in, Optuna's storage on it out, in which no two workers take the same trial."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.trial import TrialState
from sqlalchemy.engine import make_url

_LOCK_TIMEOUT_S = 30  # four SQLite workers need it; .05 s killed three of them


class SqliteStorage(optuna.storages.RDBStorage):
    """Has workers claim trials in turn.

    Optuna reads a trial's state FOR UPDATE before it claims it, which SQLite does not know: two workers that ask at
    once both find it waiting, both train it, and the second that tells of it dies.

    Args:
        url: of the database, ``sqlite:///FILE``.
        file: of the database.
    """

    def __init__(self, url: str, file: Path) -> None:
        super().__init__(url, engine_kwargs={"connect_args": {"timeout": _LOCK_TIMEOUT_S}})
        self._lock = file.with_name(f"{file.name}.lock")

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Set a state, as the only process that does."""
        with self._alone():
            return super().set_trial_state_values(trial_id, state, values)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def open_storage(url: str) -> optuna.storages.RDBStorage:
    """Open the storage of a URL."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite" and parts.database:
        return SqliteStorage(url, Path(parts.database))
    return optuna.storages.RDBStorage(url)
