"""A shelf of models and some examples in, the web page out."""

import html
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported: nothing is sent anywhere

import gradio as gr
from matplotlib.figure import Figure

from datamodules.audio import AudioError
from experiments import html_page
from experiments.explain import explain_recording
from experiments.explanation_picture import DARK, LIGHT, NARROW_IN, Theme, draw
from experiments.explanation_words import SIGN, reasons, trust
from experiments.inference import Verdict
from experiments.plots import WIDTH_IN
from experiments.web.examples import Example
from experiments.web.pictures import scale, timeline
from experiments.web.shelf import Model, Shelf
from experiments.web.words import said
from lightning_modules.explanations import Explanation

THEME: Final = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
"""Of fonts that every machine has: the page loads nothing from elsewhere."""
STYLE: Final = """
.spooflab img { width: 100%; height: auto; } .spooflab h2 { margin: .2rem 0 .6rem; }
.spooflab table { display: block; overflow-x: auto; } .spooflab td { word-break: normal; overflow-wrap: normal; }
.spooflab .real h2 { color: var(--real); } .spooflab .fake h2 { color: var(--fake); }
:root { --real: #2166AC; --fake: #B2182B; } .dark { --real: #56B0FF; --fake: #FF6659; }
.dark .spooflab .day, body:not(.dark) .spooflab .night { display: none; }
.choice:not(:focus-within) .options { display: none; } .choice input { padding-right: 2rem; text-overflow: ellipsis; }
@media (max-width: 640px) { .spooflab .wide { display: none; } }
@media (min-width: 641px) { .spooflab .narrow { display: none; } }
"""
_ALONE: Final = "(no other)"
_NOTHING: Final = "There is no recording yet: drop one above the button, pick an example or speak one in."
_WAITING: Final = "Drop a recording, pick one or speak one in; then its verdict stands here."
LONGEST_EXPLAINED_S: Final = 30.0
"""Of a longer one they would take minutes that nothing can stop, and the next visitor would wait for them."""


def page(shelf: Shelf, examples: Sequence[Example], chosen: str) -> gr.Blocks:
    """Return the page.

    Args:
        shelf: of models.
        examples: to try.
        chosen: model that is used until another is picked.
    """
    offered = shelf.offered()
    with gr.Blocks(title="spooflab: a real voice, or a fake?", analytics_enabled=False) as blocks:
        gr.Markdown(
            "# A real voice, or a fake?\nA model listens for traces of synthetic speech. It can be wrong: "
            "read the doubts beside its verdict."
        )
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                audio = gr.Audio(
                    sources=["upload", "microphone"],
                    type="filepath",
                    label="Recording",
                    editable=False,
                    buttons=["download"],
                )
                button = gr.Button("Judge this recording", variant="primary")
                model = gr.Dropdown(offered, value=chosen, label="Model", elem_classes="choice")
                other = gr.Dropdown([_ALONE, *offered], value=_ALONE, label="Compare with", elem_classes="choice")
                if examples:
                    gr.Examples(
                        [[str(example.path)] for example in examples],
                        inputs=[audio],
                        example_labels=[example.label for example in examples],
                        label="Or try one of these",
                        examples_per_page=len(examples),
                        cache_examples=False,
                    )
            with gr.Column(scale=3, min_width=300):
                verdict = gr.HTML(_paragraph(_WAITING), elem_classes="spooflab", label="Verdict")
                why = gr.HTML("", elem_classes="spooflab", label="Why")
        with gr.Accordion("About this model", open=False):
            card = gr.Markdown(elem_classes="spooflab")
        explained = gr.State(False)
        nothing = _alert("Nothing to judge", _NOTHING)
        for trigger, without in ((button.click, nothing), (audio.change, _paragraph(_WAITING))):
            judged = trigger(
                partial(_judge, shelf, without),
                [audio, model, other],
                [verdict, why, explained],
                concurrency_id="verdicts",
            )
            judged.success(partial(_explain, shelf), [audio, model, explained], why, concurrency_id="reasons")
        gr.on([blocks.load, model.change], partial(_card, shelf), model, card)
    return blocks


def _judge(shelf: Shelf, without: str, audio: str | None, model: str, other: str) -> tuple[str, str, bool]:
    """Return the verdict's HTML, that of what is to come, and whether reasons are; ``without`` a recording, that."""
    if audio is None:
        return without, "", False
    try:
        taken = list({one.label: one for one in (shelf.take(uri) for uri in (model, other) if uri != _ALONE)}.values())
        verdicts = {one.label: one.countermeasure.judge(audio, "this recording") for one in taken}
    except (AudioError, ValueError, LookupError, OSError) as error:
        return _alert("This recording cannot be judged", str(error)), "", False
    duration_s = next(iter(verdicts.values())).duration_s
    if duration_s > LONGEST_EXPLAINED_S:
        return _told(taken, verdicts), _too_long(duration_s), False
    return _told(taken, verdicts), _paragraph("Looking for the reasons …"), True


def _too_long(duration_s: float) -> str:
    return (
        f"<p>Reasons are looked for in recordings of up to {LONGEST_EXPLAINED_S:.0f} s here; this one lasts "
        f"{duration_s:.0f} s. <code>spooflab explain FILE</code> tells them for any length. "
        "Or drop a shorter piece of it.</p>"
    )


def _explain(shelf: Shelf, audio: str | None, model: str, wanted: bool) -> str | dict[str, Any]:
    """Return the explanation's HTML; where none is wanted, what stands there stays."""
    if audio is None or not wanted:
        return gr.skip()
    try:
        taken = shelf.take(model)
        found = explain_recording(taken.countermeasure, audio, name="this recording")
    except (AudioError, ValueError, LookupError, OSError):  # which the verdict has told
        return ""
    words = reasons(found)
    numbered, further = words[: len(found.regions)], words[len(found.regions) :]
    described = f"What speaks for and against: {'; '.join(words)}"
    widths = {"wide": WIDTH_IN, "narrow": NARROW_IN}
    picture = "".join(
        f'<div class="{name}">{_pictures(partial(_drawn, found, width_in), described)}</div>'
        for name, width_in in widths.items()
    )
    told = "".join(map(_paragraph, further)) + (f"<ol>{html_page.items(numbered)}</ol>" if numbered else "")
    doubts = html_page.items([SIGN, *trust(found)])
    title = f"<h2>Why, by {html.escape(taken.label)}</h2>"
    return f"{title}{picture}{told}<h3>How far to trust this picture</h3><ul>{doubts}</ul>"


def _drawn(found: Explanation, width_in: float, theme: Theme) -> Figure:
    return draw(found, width_in=width_in, theme=theme)


def _card(shelf: Shelf, model: str) -> str:
    taken = shelf.take(model)
    return f"**{taken.label}**\n\n{taken.card}"


def _told(taken: Sequence[Model], verdicts: Mapping[str, Verdict]) -> str:
    parts = []
    for model in taken:
        verdict = verdicts[model.label]
        words = said(verdict, model.countermeasure.operating_point.source, model.mistakes)
        kind = "real" if verdict.decision == "bonafide" else "fake"
        named = f"<p><strong>{html.escape(model.label)}</strong></p>" if len(taken) > 1 else ""
        parts.append(
            f'<div class="{kind}">{named}<h2>{words.headline}</h2><ul>{html_page.items(words.reasons)}</ul></div>'
        )
    told = "; ".join(f"{name}: {one.score:+.2f}, threshold {one.threshold:+.2f}" for name, one in verdicts.items())
    parts.append(_pictures(partial(scale, verdicts), f"Score against the threshold. {told}"))
    scores = "; ".join(", ".join(f"{score:+.1f}" for score in one.windows) for one in verdicts.values())
    parts.append(_pictures(partial(timeline, verdicts), f"Scores of the windows in turn: {scores}"))
    return "".join(parts)


def _pictures(drawn: Callable[[Theme], Figure], description: str) -> str:
    return "".join(
        f'<div class="{name}">{html_page.image(drawn(theme), description)}</div>'
        for name, theme in (("day", LIGHT), ("night", DARK))
    )


def _alert(title: str, text: str) -> str:
    return f'<div class="fake" role="alert"><h2>{html.escape(title)}</h2>{_paragraph(text)}</div>'


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"
