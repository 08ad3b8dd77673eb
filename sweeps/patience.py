"""An operation on a database server in, the same that waits for a server that is being restarted out."""

import functools
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError

PATIENCE_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 5.0
_S = TypeVar("_S")
_P = ParamSpec("_P")
_R = TypeVar("_R")


def patient(method: Callable[Concatenate[_S, _P], _R]) -> Callable[Concatenate[_S, _P], _R]:
    """Try an operation again, for up to a minute, while the server cannot be reached.

    The connection may be lost after the server did what it was told and before it could say so. So this is only for
    operations that come to the same when they are done twice.
    """

    @functools.wraps(method)
    def tried(self: _S, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        end, pause_s = time.monotonic() + PATIENCE_S, _FIRST_PAUSE_S
        while True:
            try:
                return method(self, *args, **kwargs)
            except (StorageInternalError, DBAPIError) as error:
                if not lost(error) or time.monotonic() + pause_s > end:
                    raise
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    return tried


def lost(error: BaseException) -> bool:
    """Tell whether an operation failed for want of a connection, and not by what it was."""
    if isinstance(error, StorageInternalError):  # Optuna's, around the one that tells
        error = error.__cause__ or error
    return isinstance(error, OperationalError | InterfaceError | PendingRollbackError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
