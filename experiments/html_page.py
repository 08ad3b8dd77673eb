"""A title, HTML and figures in, one page out that needs no other file and no network, for screen, phone and paper."""

import base64
import io
from collections.abc import Sequence
from html import escape

import matplotlib as mpl
from matplotlib.figure import Figure

# The right edge of a table that goes on beyond it lies in a shade, so that a cut number is not taken for a whole one.
# In the dark, drawings are turned from light to dark; blue stays blue, and orange orange.
# Orange and blue are told apart with every common form of colour vision; signs and words say the same as colours.
_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --faint: #5c5c5c; --line: #d8d8d8; --tint: #f3f5f7;
--good: #005a8c; --bad: #a33c00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #16181b; --faint: #a5a8ad; --line: #3a3e44;
--tint: #22262b; --good: #7cc4f2; --bad: #ffab70; } }
@media screen and (prefers-color-scheme: dark) { img[src^="data:image/svg"] { filter: invert(.9) hue-rotate(180deg); } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 52rem;
margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin-bottom: 0; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
a { color: var(--good); }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
.caption { color: var(--faint); font-size: .9rem; margin: .8rem 0 .3rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; } td.number { white-space: nowrap; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; } figure { margin: 1rem 0; }
figcaption, small, .faint { color: var(--faint); } figcaption, small { font-size: .85rem; }
code { font-size: .85rem; overflow-wrap: anywhere; } td.code code { display: block; min-width: 7.5rem; }
tbody td:first-child { min-width: 6.5rem; }
pre { background: var(--tint); padding: .6rem .8rem; border-radius: 4px; font-size: .85rem;
white-space: pre-wrap; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); } .bad li { margin-bottom: .3rem; } .wide { overflow-x: auto;
background: linear-gradient(to left, var(--paper) 50%, transparent) right / 3rem 100% no-repeat local,
linear-gradient(to left, var(--faint), transparent) right / .8rem 100% no-repeat scroll; }
@media screen and (max-width: 46rem) { .stacked, .stacked tbody, .stacked tr, .stacked td { display: block; }
.stacked thead { display: none; } .stacked tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
.stacked td, .stacked td.number { border: 0; text-align: left; white-space: normal; padding: .1rem 0; }
.stacked td:first-child { font-weight: 600; } .stacked td.number br, .stacked td:empty { display: none; }
.stacked td[data-head]::before { content: attr(data-head) ": "; color: var(--faint); }
.stacked td.code code { display: inline; } }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --faint: #444; --line: #bbb; --tint: #f3f5f7;
--good: #005a8c; --bad: #a33c00; } @page { margin: 16mm 14mm; } body { margin: 0; max-width: none; font-size: 10.5pt; }
h2, h3, .caption { break-after: avoid; } img, figure, tr, dt { break-inside: avoid; } .wide { overflow: visible;
background: none; } }
"""
# The browser itself refuses whatever a page would load from elsewhere, or send there.
_INLINE = "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; media-src data:"
_POLICY = f"default-src 'none'; {_INLINE}"


def page(title: str, body: str, style: str = "") -> str:
    """Return the page.

    Args:
        title: in plain words.
        body: HTML.
        style: CSS that this page needs beside what all share.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def items(lines: Sequence[str]) -> str:
    """Return a list's items, of plain words."""
    return "".join(f"<li>{escape(line)}</li>" for line in lines)


def image(figure: Figure, description: str) -> str:
    """Return a figure as an image within the page."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return picture(content.getvalue(), "image/png", description)


def drawing(figure: Figure, description: str, caption: str = "") -> str:
    """Return a figure within the page as lines that stay sharp on any screen and on paper, above its caption."""
    content = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "spooflab"}):  # or each writing of a page would differ
        figure.savefig(content, format="svg", metadata={"Date": None})
    told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{picture(content.getvalue().encode(), 'image/svg+xml', description)}{told}</figure>"


def picture(content: bytes, kind: str, description: str) -> str:
    """Return a picture within the page.

    Args:
        content: of its file.
        kind: media type, such as ``image/png``.
        description: for who cannot see it.
    """
    data = base64.b64encode(content).decode()
    return f'<img alt="{escape(description)}" src="data:{escape(kind)};base64,{data}">'
