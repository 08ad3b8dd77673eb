"""Facts of a run in, how it was found and how it is made again out, in HTML: the sweep, commands, config, digests."""

import shlex
from html import escape

import yaml

from experiments import html_page, plain_words
from experiments.html_table import Cell, number, table
from experiments.plain_words import percent
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
        + f"<details><summary>What was searched, in full</summary><pre>{escape(sweep.space)}</pre></details>"
    )


def reproduce(facts: Facts) -> str:
    """Say how the same numbers are got again."""
    origin, run_id = facts.origin, facts.system.run_id
    commands = []
    if origin.commit:
        commands.append(f"git checkout {origin.commit}")
    commands += ["make install", "source .venv/bin/activate"]
    if facts.sweep:
        trials = sum(facts.sweep.trials.values())
        commands.append(f"spooflab sweep --space space.yaml --name {shlex.quote(facts.sweep.name)} --trials {trials}")
    commands += [f"spooflab train --config config.yaml{_threads(facts)}", "spooflab evaluate --model RUN"]
    notes = [
        "config.yaml stands below" + ("; space.yaml above." if facts.sweep else "."),
        "RUN is printed by the training.",
    ]
    if origin.trial:
        notes.append(
            f"With this store at hand, this trial is trained again by: spooflab train --from-trial {origin.trial}"
        )
    if origin.changed:
        notes.append("The code had been changed since that commit: the numbers may not come out the same.")
    if not origin.commit:
        notes.append("Which code it was made by is not known.")
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
    config = yaml.safe_dump(facts.system.config, sort_keys=False, allow_unicode=True)
    return (
        f"<pre>{escape(chr(10).join(commands))}</pre><ul>{html_page.items(notes)}</ul>"
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


def _threads(facts: Facts) -> str:
    return f"   # with SPOOFLAB_THREADS={facts.origin.threads} for the last digits" if facts.origin.threads else ""
