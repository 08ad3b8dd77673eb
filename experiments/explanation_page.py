"""An explanation in, one self-contained HTML page out: players, and a cursor that moves over the picture."""

import base64
import io
from collections.abc import Mapping
from html import escape
from typing import Final

import numpy as np
import soundfile
from matplotlib.figure import Figure
from numpy.typing import NDArray

from experiments import html_page
from experiments.explanation_audio import BOOST_DB, boosted, removed
from experiments.explanation_picture import DARK, LIGHT, NARROW_IN, draw, map_box
from experiments.explanation_words import SIGN, deciding, place, reasons, trust, verdict
from experiments.plots import WIDTH_IN
from lightning_modules.explanations import Explanation

NARROW_PX: Final = 600

_STYLE: Final = """
.player { display: grid; grid-template-columns: 13rem 1fr; gap: .3rem 1rem; align-items: center; margin: .4rem 0; }
.player audio { width: 100%; }
.picture { position: relative; cursor: crosshair; margin: 1rem 0; }
.picture img { display: block; width: 100%; }
.cursor { position: absolute; width: 2px; background: currentColor; opacity: .7;
  top: calc(100% * var(--top)); height: calc(100% * var(--height));
  left: calc(100% * (var(--left) + var(--part, 0) * var(--width))); pointer-events: none; }
button { font: inherit; padding: .1rem .7rem; border: 1px solid currentColor; border-radius: .4rem; background: none;
  color: inherit; cursor: pointer; }
@media (max-width: 600px) { .player { grid-template-columns: 1fr; } body { margin-top: 1rem; } }
@media (prefers-color-scheme: dark) {
  body { background: #17191d; color: #e6e6e6; } th, td { border-color: #444; }
  .good { color: #5fd0a5; } .bad { color: #ff9a66; } audio { color-scheme: dark; }
}
"""
_SCRIPT: Final = """
const picture = document.querySelector(".picture"), players = [...document.querySelectorAll("audio")];
let current = players[0], until = Infinity;
function show() {
  picture.style.setProperty("--part", current.duration ? current.currentTime / current.duration : 0);
  if (current.currentTime >= until) { current.pause(); until = Infinity; }
  if (!current.paused) requestAnimationFrame(show);
}
players.forEach(player => {
  player.addEventListener("play", () => {
    players.forEach(other => { if (other !== player) other.pause(); });
    current = player; requestAnimationFrame(show);
  });
  player.addEventListener("seeked", () => { current = player; show(); });
});
picture.addEventListener("click", event => {
  const box = picture.getBoundingClientRect(), style = getComputedStyle(picture);
  const left = +style.getPropertyValue("--left"), width = +style.getPropertyValue("--width");
  const part = ((event.clientX - box.left) / box.width - left) / width;
  if (part >= 0 && part <= 1) { until = Infinity; current.currentTime = part * current.duration; }
});
document.querySelectorAll("button[data-start]").forEach(button => button.addEventListener("click", async () => {
  until = Infinity; current.currentTime = +button.dataset.start; await current.play(); until = +button.dataset.end;
}));
"""


def page(name: str, explanation: Explanation, model: str) -> str:
    """Return the page.

    Args:
        name: of the recording.
        explanation: of its score.
        model: that gave it.
    """
    colour = "good" if explanation.decision == "bonafide" else "bad"
    facts = f"{model} · {explanation.method} · {len(explanation.waveform) / explanation.sample_rate_hz:.1f} s"
    body = "\n".join(
        (
            f"<h1>{escape(name)}</h1><p><code>{escape(facts)}</code></p>",
            f'<p class="{colour}"><strong>{escape(verdict(explanation))}</strong></p>',
            _players(explanation),
            _pictures(explanation),
            f"<p>{escape(SIGN)} A click on the picture moves the player there.</p>",
            f"<h2>What it went by</h2>{_regions(explanation)}",
            f"<h2>How far to trust this</h2><ul>{html_page.items(trust(explanation))}</ul>",
            f"<script>{_SCRIPT}</script>",
        )
    )
    return html_page.page(f"Why: {name}", f"<style>{_STYLE}</style>{body}")


def _players(explanation: Explanation) -> str:
    where = "; ".join(map(place, deciding(explanation))) or "none"
    sounds = {"as recorded": explanation.waveform}
    if deciding(explanation):
        sounds[f"deciding regions louder ({BOOST_DB:+g} dB)"] = boosted(explanation)
        sounds["deciding regions removed"] = removed(explanation)
    rows = "".join(
        f'<div class=player><span>{escape(label)}</span><audio controls preload="auto" aria-label="{escape(label)}" '
        f'src="{_flac(sound, explanation.sample_rate_hz)}"></audio></div>'
        for label, sound in sounds.items()
    )
    return f"{rows}<p>Deciding regions: {escape(where)}.</p>"


def _pictures(explanation: Explanation) -> str:
    """Return the picture four times, for light and dark, wide and narrow, of which a browser takes one."""
    sizes = {"narrow": NARROW_IN, "wide": WIDTH_IN}
    drawn = {
        (size, theme.paper): draw(explanation, width_in=width_in, theme=theme)
        for size, width_in in sizes.items()
        for theme in (LIGHT, DARK)
    }
    axes = {size: map_box(drawn[size, LIGHT.paper]) for size in sizes}
    small, dark = f"(max-width: {NARROW_PX}px)", "(prefers-color-scheme: dark)"
    sources = (
        (f"{small} and {dark}", drawn["narrow", DARK.paper]),
        (small, drawn["narrow", LIGHT.paper]),
        (dark, drawn["wide", DARK.paper]),
    )
    listed = "".join(f'<source media="{media}" srcset="{_png(figure)}">' for media, figure in sources)
    style = _place(axes["wide"]) + f"@media {small} {{ {_place(axes['narrow'])} }}"
    last = _png(drawn["wide", LIGHT.paper])
    return (
        f"<style>{style}</style><div class=picture><picture>{listed}"
        f'<img alt="Spectrogram with what speaks for spoof and for bona fide" src="{last}"></picture>'
        "<div class=cursor></div></div>"
    )


def _place(box: Mapping[str, float]) -> str:
    """Return the style that tells the cursor where the map is."""
    return f".picture {{ {' '.join(f'--{name}: {share:.5f};' for name, share in box.items())} }}"


def _regions(explanation: Explanation) -> str:
    words, regions = reasons(explanation), explanation.regions
    rows = "".join(
        f"<tr><td class=number>{number}</td><td>{escape(word)}</td>"
        f'<td><button data-start="{region.start_s:.3f}" data-end="{region.end_s:.3f}">play</button></td></tr>'
        for number, (word, region) in enumerate(zip(words, regions, strict=False), start=1)
    )
    table = f'<div class="wide"><table>{rows}</table></div>' if rows else ""
    return table + "".join(f"<p>{escape(word)}</p>" for word in words[len(regions) :])


def _flac(waveform: NDArray[np.float32], rate_hz: int) -> str:
    """Return audio as a data address; FLAC is half as long as WAV, and every browser plays it."""
    content = io.BytesIO()
    soundfile.write(content, waveform, rate_hz, format="FLAC", subtype="PCM_16")
    return f"data:audio/flac;base64,{base64.b64encode(content.getvalue()).decode()}"


def _png(figure: Figure) -> str:
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
