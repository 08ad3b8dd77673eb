"""Cells in, an HTML table out: whatever stands in them is plain words, never markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_SAID = {"↓": "better", "↑": "worse", "?": "not tested"}  # for who hears the page


@dataclass(frozen=True)
class Cell:
    """What stands in a cell.

    Attributes:
        text: in plain words.
        numeric: set at the right.
        code: in the type of code.
        sign: behind the text: ``↓`` better, ``↑`` worse, ``?`` not tested, or nothing.
        kind: ``good``, ``bad`` or nothing: its colour.
        title: shown by who points at it.
    """

    text: str
    numeric: bool = False
    code: bool = False
    sign: str = ""
    kind: str = ""
    title: str = ""

    def html(self, tag: str = "td", head: str = "") -> str:
        """Return the cell; ``head`` is what its column is called where it stands by itself."""
        classes = " ".join(filter(None, ("number" if self.numeric else "", "code" if self.code else "", self.kind)))
        text = f"<code>{_breakable(escape(self.text))}</code>" if self.code else escape(self.text)
        if self.numeric and tag == "td":  # its column is as narrow as can be, and no number is broken
            text = text.replace(" (", " <br>(")
        sign = (
            f' <span role=img aria-label="{_SAID.get(self.sign, "")}">{escape(self.sign)}</span>' if self.sign else ""
        )
        style = f' class="{escape(classes)}"' if classes else ""
        title = f' title="{escape(self.title)}"' if self.title else ""
        label = f' data-head="{escape(head)}"' if head else ""
        return f"<{tag}{style}{title}{label}>{text}{sign}</{tag}>"


def _row(heads: Sequence[str], cells: Sequence[Cell]) -> str:
    first, *rest = cells
    return first.html() + "".join(cell.html(head=head) for head, cell in zip(heads[1:], rest, strict=True))


def _breakable(code: str) -> str:
    """Let a browser break a long name where its parts end, rather than anywhere."""
    return code.replace(".", ".<wbr>").replace("_", "_<wbr>")


def number(text: str, *, sign: str = "", kind: str = "", title: str = "") -> Cell:
    """Return a cell of a number."""
    return Cell(text, numeric=True, sign=sign, kind=kind, title=title)


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str = "", *, stacked: bool = False) -> str:
    """Return a table, which scrolls by itself where it is wider than the page.

    Args:
        heads: of the columns.
        rows: as many cells each; the first column is what a row is of.
        caption: above it, in plain words.
        stacked: on a phone the cells of a row stand below one another, instead.
    """
    numeric = [all(cell.numeric for cell in column) for column in zip(*rows, strict=True)] or [False] * len(heads)
    top = "".join(Cell(head, right).html("th") for head, right in zip(heads, numeric, strict=True))
    body = "".join(f"<tr>{_row(heads if stacked else [''] * len(heads), row)}</tr>" for row in rows)
    told = f'<p class="caption">{escape(caption)}</p>' if caption else ""
    kind = ' class="stacked"' if stacked else ""
    return f'{told}<div class="wide"><table{kind}><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
