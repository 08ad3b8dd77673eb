"""Promotions in, their journal out: each is written once, in its place, and nobody can write another over it.

MLflow has no transactions, but it lets nobody give a parameter of a run a second value: of two that write the same
parameter at once, one is refused, in a database as over HTTP. So the promotions of a model are parameters of the run
that its first version came from, numbered: to promote is to write the next number. All else (aliases, tags) follows
from the journal, and is made good by whoever comes next.
"""

import getpass
import json
import os
import socket
import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Literal

from mlflow.entities.model_registry import RegisteredModel
from mlflow.exceptions import MlflowException

from experiments import mlflow_store, registry

Action = Literal["promotion", "forced", "rollback"]
JOURNAL_TAG = "promotions.journal"  # run whose parameters are the journal; on the registered model
LONGEST_TEXT = 1000  # of a reason: MLflow takes parameters of up to 6000 characters
_TAKEN = "INVALID_PARAMETER_VALUE"


def who() -> str:
    """Return who does what this process does."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def now() -> str:
    """Return the time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@dataclass(frozen=True)
class Entry:
    """An alias given to a version.

    Attributes:
        number: from 1, of each alias apart.
        alias: that was given.
        action: by a gate that let pass, in spite of one that did not, or back to a version of before.
        version: that has the alias from now on.
        replaced: that had it before; none the first time.
        gate: what the gate said, in one line.
        why: reason that a person gave.
        at: time in UTC.
        by: user and host.
        token: tells this writing of the entry from another.
    """

    number: int
    alias: str
    action: Action
    version: str
    replaced: str | None
    gate: str = ""
    why: str = ""
    at: str = field(default_factory=now)
    by: str = field(default_factory=who)
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __str__(self) -> str:
        reason = f", because: {self.why}" if self.why else ""
        return f"{self.alias} given to version {self.version} at {self.at} by {self.by} ({self.action}{reason})"


@dataclass(frozen=True)
class Journal:
    """What was done to the aliases of a registered model.

    Attributes:
        model: that it is of, as it was read.
        run_id: run that has it.
        entries: in the order that they were made in.
        refused: entries whose alias MLflow did not take: nothing followed from them, and nothing will.
    """

    model: RegisteredModel
    run_id: str
    entries: list[Entry]
    refused: list[Entry] = field(default_factory=list)

    def of(self, alias: str) -> list[Entry]:
        """Return the entries of an alias, first to last."""
        return sorted((entry for entry in self.entries if entry.alias == alias), key=lambda entry: entry.number)

    def pending(self, alias: str) -> Entry | None:
        """Return the last entry of an alias, if what follows from it was not all done."""
        done = int(self.model.tags.get(done_tag(alias), 0))
        last = self.of(alias)[-1:]
        return last[0] if last and last[0].number > done else None

    def next_number(self, alias: str) -> int:
        """Return the place of the next entry of an alias: places of refused ones stay taken."""
        return 1 + sum(entry.alias == alias for entry in (*self.entries, *self.refused))

    @property
    def aliases(self) -> list[str]:
        """Aliases that were ever given."""
        return list(dict.fromkeys(entry.alias for entry in self.entries))


def read(name: str) -> Journal:
    """Read the journal of a registered model.

    Raises:
        LookupError: there is no such model, or no version of it came from a run.
    """
    model = registry.model(name)
    if model is None:
        raise LookupError(f"no model {name!r} in {mlflow_store.address()}; {registry.there_is(name)}")
    run_id = model.tags.get(JOURNAL_TAG) or _run_of_first_version(name)
    params = mlflow_store.client().get_run(run_id).data.params
    start = _prefix(model)
    written = [Entry(**json.loads(value)) for key, value in params.items() if key.startswith(start)]
    journal = Journal(model, run_id, [])
    for entry in sorted(written, key=lambda entry: (entry.at, entry.alias, entry.number)):
        (journal.refused if refused_tag(entry) in model.tags else journal.entries).append(entry)
    return journal


def write(journal: Journal, entry: Entry) -> Entry:
    """Write an entry in its place, unless another is there; return the one that is there then.

    Raises:
        ValueError: a text is too long.
        ConnectionError: the store did not take it.
    """
    too_long = [text for text in (entry.gate, entry.why) if len(text) > LONGEST_TEXT]
    if too_long:
        raise ValueError(f"found a reason of {len(too_long[0]):,} characters, expected at most {LONGEST_TEXT:,}")
    client, name = mlflow_store.client(), str(journal.model.name)
    if JOURNAL_TAG not in journal.model.tags:  # whoever else is first writes the same
        client.set_registered_model_tag(name, JOURNAL_TAG, journal.run_id)
    place = f"{_prefix(journal.model)}{entry.alias}.{entry.number:04d}"
    try:
        client.log_param(journal.run_id, place, json.dumps(asdict(entry), ensure_ascii=False))
    except MlflowException as error:
        taken = mlflow_store.client().get_run(journal.run_id).data.params.get(place)
        if error.error_code != _TAKEN or taken is None:
            raise ConnectionError(f"{mlflow_store.address()} did not take the promotion: {error}") from error
        return Entry(**json.loads(taken))
    return entry


def done_tag(alias: str) -> str:
    """Return the tag of the registered model that holds the number of the last entry that was carried out."""
    return f"promotions.{alias}.done"


def refused_tag(entry: Entry) -> str:
    """Return the tag of the registered model that says why the alias of an entry was not given, and never will be."""
    return f"promotions.{entry.alias}.{entry.number:04d}.refused"


def _prefix(model: RegisteredModel) -> str:
    """What the journal's parameters begin with: a model made anew under an old name begins anew."""
    return f"promotion.{model.creation_timestamp}."


def _run_of_first_version(name: str) -> str:
    runs = [str(version.run_id) for version in registry.versions(name) if version.run_id]
    if not runs:
        raise LookupError(f"no version of {name} came from a run, which would hold its journal: `spooflab promote` one")
    return runs[0]
