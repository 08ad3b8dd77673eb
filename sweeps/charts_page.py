"""The charts of a sweep in, one HTML page out that needs no network: plotly stands in it once."""

from collections.abc import Sequence
from html import escape

import plotly.io
from plotly.offline import get_plotlyjs

from sweeps.charts import Chart, Section

_PANEL_PX, _SCALE_PX = 240, 110  # below that much its ticks run into each other: a chart scrolls sideways instead
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 76rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-top: 1px solid #ddd;
padding-top: 1rem; } h3 { font-size: 1rem; margin: 1.5rem 0 0; } nav a { margin-right: 1rem; }
.chart { overflow-x: auto; } .left-out { color: #555; font-size: .9rem; }
table { border-collapse: collapse; font-size: .9rem; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #ddd; white-space: nowrap; }
"""


def page(title: str, answer: Sequence[str], sections: Sequence[Section], table: str) -> str:
    """Write the page.

    Args:
        title: of it.
        answer: what the sweep found, sentence by sentence.
        sections: of charts.
        table: of all trials, in HTML.
    """
    told = "".join(f"<li>{escape(line)}</li>" for line in answer)
    links = "".join(f'<a href="#s{number}">{escape(made.title)}</a>' for number, made in enumerate(sections))
    body = "".join(_section(number, made) for number, made in enumerate(sections))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f'<body><h1>{escape(title)}</h1><ul>{told}</ul><nav>{links}<a href="#trials">Trials</a></nav>{body}'
        f'<h2 id="trials">Trials</h2>{table}</body></html>\n'
    )


def _section(number: int, section: Section) -> str:
    left_out = "; ".join(section.left_out)
    return (
        f'<h2 id="s{number}">{escape(section.title)}</h2>'
        + "".join(_chart(chart) for chart in section.charts)
        + (f'<p class="left-out">Not drawn: {escape(left_out)}.</p>' if left_out else "")
    )


def _chart(chart: Chart) -> str:
    panels = (chart.interactive.layout.meta or {}).get("across", 1)
    drawn = plotly.io.to_html(
        chart.interactive,
        full_html=False,
        include_plotlyjs=False,
        config={"responsive": True, "displaylogo": False},
    )
    width = f"min-width:{_PANEL_PX * panels + _SCALE_PX}px" if panels > 1 else ""
    return f'<h3>{escape(chart.title)}</h3><div class="chart"><div style="{width}">{drawn}</div></div>'
