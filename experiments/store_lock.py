"""The store in use in, one process at a time out: where the store is a file, beside which a lock can lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from datamodules.safe_files import alone
from experiments import mlflow_store


def file_of_store() -> Path | None:
    """Return the file of the store in use; none of a server, whose clients share no folder."""
    uri = mlflow_store.address()
    file = make_url(uri).database if uri.startswith("sqlite:") else None
    return Path(file).absolute() if file else None


@contextmanager
def only_one(purpose: str) -> Iterator[None]:
    """Be the only process that does something in a store that is a file; over HTTP nobody is kept out.

    The kernel frees the lock when its holder dies.

    Args:
        purpose: others wait that do the same.
    """
    file = file_of_store()
    if file is None:
        yield
    else:
        mlflow_store.client()  # which makes the folder
        with alone(file.with_name(f"{file.name}.{purpose}.lock")):
            yield
