"""Facts of a run in, one self-contained HTML page out, for who has never heard of an EER."""

from datetime import datetime
from html import escape

from experiments import html_page
from experiments import report_sections as sections
from experiments.glossary import GLOSSARY
from experiments.report_facts import Facts
from experiments.report_origin import reproduce, search

_STYLE = """
.answer { border-left: 4px solid var(--good); background: var(--tint); padding: .2rem 1rem; }
nav { columns: 2; font-size: .95rem; margin: 1.2rem 0; } nav a { display: block; padding: .12rem 0; }
dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0; } details summary { cursor: pointer; margin: .6rem 0; }
@media (min-width: 34rem) { td:last-child { min-width: 11rem; } }
@media (max-width: 30rem) { body { margin-top: 1rem; } h1 { font-size: 1.35rem; } }
@media print { nav { display: none; } html { font-size: 9.5pt; } body { font-size: 1rem; } dt { break-after: avoid; }
img { max-height: 80mm; } img[src^="data:image/png"] { max-height: 150mm; } details pre { font-size: .72rem; }
dl { columns: 2; }
details::details-content { content-visibility: visible; height: auto; } summary { list-style: none; } }
"""


def page(facts: Facts, written: datetime) -> str:
    """Return the page.

    Args:
        facts: that it is of.
        written: when.
    """
    name = f"sweep {facts.sweep.name}" if facts.sweep else facts.name
    parts = [("question", "Question and answer", sections.question(facts))]
    if facts.sweep:
        parts.append(("search", "The search", search(facts.sweep)))
    parts += [
        ("data", "Data", sections.data(facts)),
        ("method", "Method", sections.method(facts)),
        ("result", "Result", sections.result(facts)),
        ("attacks", "By attack", sections.by_attack(facts)),
        ("robustness", "Robustness", sections.robustness(facts)),
        ("explanations", "What it listens to", sections.explanations(facts)),
        ("limits", "Limits", sections.limits(facts)),
        ("reproduce", "How to reproduce it", reproduce(facts)),
        ("glossary", "Glossary", _glossary()),
    ]
    links = "".join(f'<a href="#{place}">{escape(title)}</a>' for place, title, _ in parts)
    body = "".join(
        f'<section id="{place}"><h2>{escape(title)}</h2>{content}</section>' for place, title, content in parts
    )
    head = f"<h1>Report: {escape(name)}</h1><p class=faint>{_subject(facts)} Written {written:%d %B %Y, %H:%M} UTC.</p>"
    return html_page.page(f"Report: {name}", f"{head}<nav>{links}</nav>{body}", _STYLE)


def _subject(facts: Facts) -> str:
    of = f"A detector of fake speech, run <code>{escape(facts.system.run_id)}</code>"
    return f"{of}, the best of the sweep." if facts.sweep else f"{of}."


def _glossary() -> str:
    return f"<dl>{''.join(f'<dt>{escape(word)}</dt><dd>{escape(said)}</dd>' for word, said in GLOSSARY.items())}</dl>"
