"""A registered model in, its versions, aliases and history out: ``spooflab registry``; torch is not imported for it."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.markup import escape
from rich.table import Table

from experiments import mlflow_store, promotion_journal, registry
from experiments.console import console
from experiments.plain_words import percent
from experiments.promotion_journal import Entry, Journal


@dataclass(frozen=True)
class Row:
    """What is known of a version. Rates are fractions; what is not known is none.

    Attributes:
        version: its number.
        aliases: that it has now.
        run: that it came from.
        eer: legacy, on eval.
        eer_low: lower end of its 95 % bootstrap interval.
        eer_high: upper end.
        worst_attack: name of the attack with the highest EER.
        worst_attack_eer: its EER.
        size_mb: of all files of the model.
        gate: what the last gate said.
        promoted_to: alias that it was given last.
        promoted_at: when, in UTC.
        promoted_by: by whom.
        promoted_from: version that had the alias then.
    """

    version: str
    aliases: list[str]
    run: str | None
    eer: float | None
    eer_low: float | None
    eer_high: float | None
    worst_attack: str | None
    worst_attack_eer: float | None
    size_mb: float | None
    gate: str | None
    promoted_to: str | None
    promoted_at: str | None
    promoted_by: str | None
    promoted_from: str | None


def rows(name: str) -> list[Row]:
    """Return a row for each version, oldest first."""
    held = registry.aliases(name)
    found = []
    for version in registry.versions(name):
        tags = version.tags
        numbers = {
            key.rpartition(".")[2]: float(tags[key])
            for key in ("eval.eer", "eval.eer_low", "eval.eer_high", "eval.worst_attack_eer", "size_mb")
            if key in tags
        }
        found.append(
            Row(
                version=str(version.version),
                aliases=sorted(alias for alias, number in held.items() if number == str(version.version)),
                run=version.run_id,
                eer=numbers.get("eer"),
                eer_low=numbers.get("eer_low"),
                eer_high=numbers.get("eer_high"),
                worst_attack=tags.get("eval.worst_attack"),
                worst_attack_eer=numbers.get("worst_attack_eer"),
                size_mb=numbers.get("size_mb"),
                gate=tags.get("gate.state"),
                promoted_to=tags.get("promoted_to"),
                promoted_at=tags.get("promoted_at"),
                promoted_by=tags.get("promoted_by"),
                promoted_from=tags.get("promoted_from"),
            )
        )
    return found


def notices(journal: Journal, held: dict[str, str]) -> list[str]:
    """Return what a reader should know: promotions that were cut off, and aliases that were moved by hand."""
    said = []
    for alias in journal.aliases:
        last, pending = journal.of(alias)[-1], journal.pending(alias)
        if pending is not None:
            said.append(f"{pending}, and cut off: the next promotion or rollback completes it")
        elif held.get(alias) != last.version:
            said.append(
                f"{alias} is version {held.get(alias, 'none')}, by hand: the history says version {last.version}"
            )
    return said


def main(arguments: list[str]) -> int:
    """Show the registry on the command line."""
    parser = argparse.ArgumentParser(prog="spooflab registry", description="Versions, aliases and history of a model.")
    parser.add_argument("--name", default=registry.MODEL_NAME, help="of the registered model")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if registry.model(options.name) is None:
        raise LookupError(f"no model {options.name!r} in {mlflow_store.address()}; {registry.there_is(options.name)}")
    found, journal = rows(options.name), promotion_journal.read(options.name)
    said = notices(journal, registry.aliases(options.name))
    if options.json:
        history = [asdict(entry) for entry in journal.entries]
        versions = [asdict(row) for row in found]
        print(json.dumps({"name": options.name, "versions": versions, "history": history, "notices": said}))
    else:
        show(options.name, found, journal.entries, said)
    return 0


def show(name: str, versions: Sequence[Row], history: Sequence[Entry], said: Sequence[str]) -> None:
    """Print the tables."""
    out = console()
    table = Table(title=escape(name), title_justify="left", caption="EER: legacy, on eval, with its 95 % interval")
    for heading in ("version", "aliases", "EER", "worst attack", "MB", "gate", "promoted", "by", "from", "run"):
        table.add_column(heading, overflow="fold")
    for row in versions:
        worst = "" if row.worst_attack_eer is None else f"{row.worst_attack} {percent(row.worst_attack_eer)}"
        size = "" if row.size_mb is None else f"{row.size_mb:.2f}"
        cells = (", ".join(row.aliases), _eer(row), worst, size, row.gate, row.promoted_at, row.promoted_by)
        table.add_row(row.version, *(escape(cell or "") for cell in (*cells, row.promoted_from, (row.run or "")[:8])))
    out.print(table)
    if history:
        past = Table(title="history, oldest first", title_justify="left")
        for heading in ("when", "alias", "to", "from", "what", "by", "gate", "why"):
            past.add_column(heading, overflow="fold")
        for entry in history:
            moved = (entry.alias, entry.version, entry.replaced or "nothing", entry.action)
            past.add_row(entry.at, *(escape(cell) for cell in (*moved, entry.by, entry.gate, entry.why)))
        out.print(past)
    for notice in said:
        out.print(f"[yellow]note:[/] {escape(notice)}", highlight=False, soft_wrap=True)


def _eer(row: Row) -> str:
    if row.eer is None:
        return ""
    interval = (
        "" if row.eer_low is None or row.eer_high is None else f" ({100 * row.eer_low:.2f}–{100 * row.eer_high:.2f})"
    )
    return f"{percent(row.eer)}{interval}"
