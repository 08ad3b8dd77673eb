"""A version and an alias in, the alias moved out: undone by ``rollback``, and whole whoever is killed meanwhile.

An entry of the journal is the decision. What follows from it (the aliases and the tags) is done in steps that may be
done again, and the last notes that they are done: whatever a kill leaves, the next promotion or rollback of any alias
completes. An entry whose alias MLflow does not take is noted as refused, and counts no more.
No step lets ``champion`` and ``previous`` be the same version.
"""

import time
from dataclasses import dataclass

from experiments import mlflow_store, promotion_journal, registry
from experiments.promotion_journal import Action, Entry, Journal, done_tag, refused_tag
from experiments.registry import before
from experiments.store_lock import file_of_store, only_one

_PATIENCE_S = 5.0  # with another process, over HTTP, that has decided and not yet carried it out


class OvertakenError(RuntimeError):
    """Another process moved the alias meanwhile."""


@dataclass(frozen=True)
class Decision:
    """Why a version may have an alias.

    Attributes:
        gate: what the gate said, in one line.
        why: reason that a person gave for promoting in spite of it; empty where the gate let it pass.
    """

    gate: str
    why: str = ""


@dataclass(frozen=True)
class Promotion:
    """What became of an alias.

    Attributes:
        version: that has it now.
        replaced: that had it before; none the first time.
        changed: whether it was moved; not where it was there already.
    """

    version: str
    replaced: str | None
    changed: bool


def promote(
    version: str, decision: Decision, name: str, alias: str = registry.CHAMPION, *, instead_of: str | None
) -> Promotion:
    """Give a version the alias, and the alias ``before(alias)`` to the version that had it.

    Args:
        version: number of the version.
        decision: kept in the journal and as tags.
        name: of the registered model.
        alias: to give.
        instead_of: version that had the alias when this was decided.

    Raises:
        OvertakenError: another version has it by now.
        LookupError: there is no such model.
        ValueError: nobody may give that alias, or the store does not take it.
    """
    registry.require_free(alias)
    with only_one("promotions"):
        journal = _settled(name)
        current = registry.holder(name, alias)
        if current == version:
            return Promotion(version, _replaced_by(journal, alias, version), changed=False)
        if current != instead_of:
            raise OvertakenError(_overtaken(journal, alias, version, instead_of, current))
        action: Action = "forced" if decision.why else "promotion"
        entry = Entry(journal.next_number(alias), alias, action, version, current, decision.gate, decision.why)
        return _carry_out(journal, entry)


def rollback(name: str, alias: str = registry.CHAMPION, to: str | None = None, why: str = "") -> Promotion:
    """Undo the last promotion: the alias goes back to the version that had it before.

    A promotion that was undone is not undone again: two rollbacks, one after the other or at once, are one.

    Args:
        name: of the registered model.
        alias: to move.
        to: another version, which had the alias at any time.
        why: reason that is kept.

    Raises:
        LookupError: nothing was promoted before, or the version never had the alias.
        OvertakenError: another process moved the alias meanwhile.
        ValueError: nobody may give that alias, or the store does not take it.
    """
    registry.require_free(alias)
    with only_one("promotions"):
        journal = _settled(name)
        current, entries = registry.holder(name, alias), journal.of(alias)
        undone = bool(entries) and entries[-1].action == "rollback" and entries[-1].version == current
        target = to or (current if undone else registry.holder(name, before(alias)))
        if target is None:
            raise LookupError(
                f"{name} has no version {before(alias)!r}: fewer than two ever were {alias}, there is nothing to go "
                "back to"
            )
        _require_past(name, alias, target, entries)
        if target == current:
            return Promotion(target, _replaced_by(journal, alias, target), changed=False)
        return _carry_out(journal, Entry(journal.next_number(alias), alias, "rollback", target, current, why=why))


def _carry_out(journal: Journal, entry: Entry) -> Promotion:
    name = str(journal.model.name)
    written = promotion_journal.write(journal, entry)
    if (written.version, written.action) != (entry.version, entry.action):
        raise OvertakenError(
            f"not done, another process was first: {written}; run the same command again to decide anew"
        )
    if problem := _apply(name, written):
        raise ValueError(f"{entry.alias} was not given to version {entry.version}: {problem}; choose another --alias")
    _settled(name, patience_s=0)  # if somebody came later and was faster, their entry is the last
    return Promotion(written.version, written.replaced, changed=written == entry)


def _settled(name: str, patience_s: float = _PATIENCE_S) -> Journal:
    """Return the journal after everything that follows from the last entry of each alias was done."""
    end = time.monotonic() + (0 if file_of_store() else patience_s)  # who holds a file's lock has nobody to wait for
    while True:
        journal = promotion_journal.read(name)
        pending = [entry for alias in journal.aliases if (entry := journal.pending(alias))]
        if not pending:
            return journal
        if time.monotonic() < end:
            time.sleep(0.25)
            continue
        for entry in pending:
            _apply(name, entry)


def _apply(name: str, entry: Entry) -> str:
    """Do what follows from an entry; each step may be done again, and the last says that they are done.

    Returns nothing; or what the store has against the alias, noted on the model so that the entry counts no more.
    """
    client, former = mlflow_store.client(), before(entry.alias)
    held, there = registry.aliases(name), {str(version.version) for version in registry.versions(name)}
    client.set_registered_model_tag(name, f"promotions.{entry.alias}.{entry.number:04d}", str(entry))
    moved_by_hand = held.get(entry.alias) not in (entry.version, entry.replaced)
    if entry.version in there and not moved_by_hand:
        if held.get(former) == entry.version:
            client.delete_registered_model_alias(name, former)
        if held.get(entry.alias) != entry.version and (problem := registry.give(name, entry.alias, entry.version)):
            client.set_registered_model_tag(name, refused_tag(entry), problem)
            return problem
        if entry.replaced in there and held.get(former) != entry.replaced:
            client.set_registered_model_alias(name, former, entry.replaced)
        registry.tag(name, entry.version, _tags(entry))
    client.set_registered_model_tag(name, done_tag(entry.alias), str(entry.number))
    return ""


def _tags(entry: Entry) -> dict[str, str]:
    """Tags of the version: what its page shows of the last time that it was given an alias."""
    return {
        "promoted_to": entry.alias,
        "promoted_at": entry.at,
        "promoted_by": entry.by,
        "promoted_from": entry.replaced or "nothing",
        "promoted_gate": entry.gate or entry.action,
        "promoted_why": entry.why or "-",
    }


def _replaced_by(journal: Journal, alias: str, version: str) -> str | None:
    return next((entry.replaced for entry in reversed(journal.of(alias)) if entry.version == version), None)


def _require_past(name: str, alias: str, version: str, entries: list[Entry]) -> None:
    past = {entry.version for entry in entries} | {entry.replaced for entry in entries}
    past |= {registry.holder(name, alias), registry.holder(name, before(alias))}
    if version not in past:
        found = ", ".join(sorted((str(one) for one in past if one), key=int)) or "none"
        there = version in {str(one.version) for one in registry.versions(name)}
        mend = (
            f"promote it, with `spooflab promote --model models:/{name}/{version} --alias {alias}`"
            if there
            else f"there is no such version: {registry.there_is(name)}"
        )
        raise LookupError(f"version {version} of {name} never was {alias} ({found} were): {mend}")


def _overtaken(journal: Journal, alias: str, version: str, expected: str | None, current: str | None) -> str:
    last = journal.of(alias)[-1:]
    told = f" ({last[0]})" if last and last[0].version == current else ", by hand"
    return (
        f"version {version} was not given {alias}: it was decided while version {expected or 'none'} was {alias}, and "
        f"now version {current or 'none'} is{told}; run the same command again to decide anew"
    )
