"""Cells in, an HTML table out: whatever stands in them is plain words, never markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_SAID = {"↓": "better", "↑": "worse"}  # for who hears the page


@dataclass(frozen=True)
class Cell:
    """What stands in a cell.

    Attributes:
        text: in plain words.
        numeric: set at the right.
        code: in the type of code.
        sign: behind the text: ``↓`` better, ``↑`` worse, or nothing.
        kind: ``good``, ``bad`` or nothing: its colour.
        title: shown by who points at it.
    """

    text: str
    numeric: bool = False
    code: bool = False
    sign: str = ""
    kind: str = ""
    title: str = ""

    def html(self, tag: str = "td") -> str:
        """Return the cell."""
        classes = " ".join(filter(None, ("number" if self.numeric else "", self.kind)))
        text = f"<code>{escape(self.text)}</code>" if self.code else escape(self.text)
        sign = (
            f' <span role=img aria-label="{_SAID.get(self.sign, "")}">{escape(self.sign)}</span>' if self.sign else ""
        )
        style = f' class="{escape(classes)}"' if classes else ""
        title = f' title="{escape(self.title)}"' if self.title else ""
        return f"<{tag}{style}{title}>{text}{sign}</{tag}>"


def number(text: str, *, sign: str = "", kind: str = "", title: str = "") -> Cell:
    """Return a cell of a number."""
    return Cell(text, numeric=True, sign=sign, kind=kind, title=title)


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], caption: str = "") -> str:
    """Return a table, which scrolls by itself where it is wider than the page.

    Args:
        heads: of the columns.
        rows: as many cells each; the first column is what a row is of.
        caption: above it, in plain words.
    """
    numeric = [all(cell.numeric for cell in column) for column in zip(*rows, strict=True)] or [False] * len(heads)
    top = "".join(Cell(head, right).html("th") for head, right in zip(heads, numeric, strict=True))
    body = "".join(f"<tr>{''.join(cell.html() for cell in row)}</tr>" for row in rows)
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{told}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
