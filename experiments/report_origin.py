"""Facts of a run in, how it was found and how it is made again out, in HTML: the sweep, commands, config, digests."""

import shlex
from html import escape
from pathlib import Path

import yaml

from experiments import html_page, plain_words
from experiments.html_table import Cell, number, table
from experiments.plain_words import percent
from experiments.report_corpus import place
from experiments.report_facts import Facts
from experiments.sweep_facts import Sweep

_DEV_EER = "dev/eer"
_MEASURES = {
    _DEV_EER: "the EER on dev",
    "dev/min_dcf": "the minDCF on dev",
    "dev/loss": "the loss on dev",
    "latency_ms": "the latency",
    "size_mb": "the size",
}


def search(sweep: Sweep) -> str:
    """Say what a sweep searched, what it found, and what mattered."""
    ended = ", ".join(f"{count} {outcome}" for outcome, count in sweep.trials.items() if count)
    measures = " and ".join(_MEASURES.get(measure, measure) for measure in sweep.measures)
    intro = (
        f"The sweep {sweep.name} asked which settings do best, by {measures}. It tried some, learnt from how they did, "
        f"and tried others: {ended}."
    )
    if sweep.trials.get("pruned"):
        intro += " Pruned trials were clearly behind, and ended early."
    values = [[Cell(name, code=True), number(text)] for name, text in sweep.values.items()]
    pictures = "".join(
        f"<figure>{html_page.picture(one.content, 'image/png', one.name)}"
        f"<figcaption>{escape(one.caption)}</figcaption></figure>"
        for one in sweep.pictures
    )
    return (
        f"<p>{escape(intro)}</p>{_found(sweep)}"
        + (table(("setting", "best value"), values, "What the best trial had, of what was searched.") if values else "")
        + pictures
        + f"<details><summary>What was searched, in full</summary><pre>{escape(_portable(sweep.space))}</pre></details>"
    )


def reproduce(facts: Facts) -> str:
    """Say how the same numbers are got again."""
    origin, run_id = facts.origin, facts.system.run_id
    rows = [
        [Cell(name), Cell(text, code=True)]
        for name, text in (
            ("run", run_id),
            ("commit", (origin.commit or "not known") + (", changed since" if origin.changed else "")),
            ("data judged on, SHA-256", facts.system.evaluated_on),
            ("data trained on, SHA-256", facts.system.trained_on_text),
            ("registered as", _registered(facts) or "not registered"),
            ("packages where this report was written", ", ".join(f"{n} {v}" for n, v in origin.packages.items())),
        )
    ]
    saved = "config.yaml and space.yaml have" if facts.sweep else "config.yaml has"
    config = yaml.safe_dump(facts.system.config, sort_keys=False, allow_unicode=True)
    commands = "\n".join(_commands(facts))
    return (
        f"<p>Type this in a clone of spooflab, in which {saved} been saved:</p><pre>{escape(commands)}</pre>"
        f"<ul>{html_page.items(_notes(facts))}</ul>"
        + table(("what", "which"), rows, "requirements.lock of the commit pins all packages.", stacked=True)
        + f"<details><summary>config.yaml</summary><pre>{escape(config)}</pre></details>"
    )


def _found(sweep: Sweep) -> str:
    best, first = sweep.winner.get(sweep.measures[0]), sweep.measures[0]
    if best is None or sweep.median is None:
        return "<p>No trial is complete and within its limits.</p>"
    if first != _DEV_EER:
        named = escape(_MEASURES.get(first, first))
        return f"<p>Best of {named}: {best:.4g}; median of the complete trials: {sweep.median:.4g}.</p>"
    said = (
        f"Best EER on dev: {percent(best)}; median of the complete trials: {percent(sweep.median)}. "
        f"{plain_words.eer(best)}"
    )
    return f"<p>{escape(said)}</p>"


def _registered(facts: Facts) -> str:
    return "; ".join(
        f"{version.name} version {version.number}"
        + (f" ({', '.join(version.aliases)})" if version.aliases else "")
        + (f", gate {version.gate}" if version.gate else "")
        for version in facts.versions
    )


def _commands(facts: Facts) -> list[str]:
    origin, sweep = facts.origin, facts.sweep
    threads = f"SPOOFLAB_THREADS={origin.threads} " if origin.threads else ""
    search = f"spooflab sweep --space space.yaml --name {shlex.quote(sweep.name)}" if sweep else ""
    return [
        *([f"git checkout {origin.commit}"] if origin.commit else []),
        *("make install", "source .venv/bin/activate"),
        *([origin.building] if origin.building else []),
        "spooflab corpus check --config config.yaml",
        *([f"{search} --trials {sum(sweep.trials.values())}"] if sweep else []),
        f"{threads}spooflab train --config config.yaml",
        "spooflab evaluate --model RUN",
    ]


def _notes(facts: Facts) -> list[str]:
    origin, system = facts.origin, facts.system
    notes = ["config.yaml stands below" + ("; space.yaml above." if facts.sweep else "."), _corpus_note(facts)]
    if system.trained_on and not system.evaluated_on.startswith(system.trained_on):
        notes.append("It was judged on other data than config.yaml names: give `spooflab evaluate` those, by --config.")
    if facts.sweep and _elsewhere(facts.sweep.space):
        notes.append(
            "Some configs of the space lay only on the machine that searched. In their place space.yaml names "
            "config.yaml, which says the same, but for what was searched: there it has the best values."
        )
    if origin.threads:
        notes.append("SPOOFLAB_THREADS is for the last digits: other numbers of threads round otherwise.")
    notes.append("RUN is printed by the training.")
    if origin.trial:
        notes.append(
            f"With this store at hand, this trial is trained again by: spooflab train --from-trial {origin.trial}"
        )
    if origin.changed:
        notes.append("The code had been changed since that commit: the numbers may not come out the same.")
    if not origin.commit:
        notes.append("Which code it was made by is not known.")
    return notes


def _corpus_note(facts: Facts) -> str:
    checked = "`spooflab corpus check` prints its SHA-256, which must be that of the table below"
    if facts.origin.building:
        return f"The corpus is built by the command above. {checked}: other versions of its sources give other audio."
    return f"The corpus is not made by spooflab: it must lie {place(facts.system.config)}. {checked}."


def _elsewhere(space: str) -> list[str]:
    """Return the configs of a space that lie outside of the clone, where nobody else finds them."""
    configs = (yaml.safe_load(space) or {}).get("configs") or []
    return [str(config) for config in configs if Path(str(config)).is_absolute()]


def _portable(space: str) -> str:
    """Name config.yaml in the place of configs that nobody else has."""
    for config in _elsewhere(space):
        space = space.replace(config, "config.yaml")
    return space
