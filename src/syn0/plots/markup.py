"""HTML for notebooks: tables, notes and pictures; every text in it is escaped.

Nothing here sets colours of text or paper, so that it is read in light and dark notebooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syn0.plots.svg import Drawing, escape


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table.

    Examples
    --------
    >>> table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    titles = _row("th", head)
    body = "".join(_row("td", row) for row in rows)
    return f"<table><thead>{titles}</thead><tbody>{body}</tbody></table>"


def notes(lines: Iterable[object]) -> str:
    """Return lines of text, one below the other."""
    return "".join(f"<div>{escape(line)}</div>" for line in lines)


def picture(drawing: Drawing, most: int = 480) -> str:
    """Return a drawing in a window of at most this height, which scrolls where it is larger."""
    style = f"max-height:{most}px;overflow:auto;margin:0.5em 0"
    return f'<div style="{style}">{drawing.inline}</div>'


def folded(title: object, content: str, *, is_open: bool = True) -> str:
    """Return a part of a page that people can fold away."""
    state = " open" if is_open else ""
    return f"<details{state}><summary>{escape(title)}</summary>{content}</details>"


def _row(tag: str, cells: Sequence[object]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
