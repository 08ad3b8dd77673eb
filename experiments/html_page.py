"""A title, HTML and figures in, one page that needs no other file out."""

import base64
import io
from collections.abc import Sequence
from html import escape

from matplotlib.figure import Figure

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 100%; height: auto; } code { font-size: .85rem; overflow-wrap: anywhere; }
.good { color: #005a3c; } .bad { color: #a33c00; } .bad li { margin-bottom: .3rem; } .wide { overflow-x: auto; }
@media print { body { margin: 0; } h2 { break-after: avoid; } img { break-inside: avoid; } }
"""


def page(title: str, body: str) -> str:
    """Return the page.

    Args:
        title: in plain words.
        body: HTML.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def items(lines: Sequence[str]) -> str:
    """Return a list's items, of plain words."""
    return "".join(f"<li>{escape(line)}</li>" for line in lines)


def image(figure: Figure, description: str) -> str:
    """Return a figure as an image within the page."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    data = base64.b64encode(content.getvalue()).decode()
    return f'<img alt="{escape(description)}" src="data:image/png;base64,{data}">'
