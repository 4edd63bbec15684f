"""What a lesson is printed on: paragraphs, tables, matrices, curves."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

WIDTH = 84
_CURVE = (60, 8)  # characters across, rows
_BLOCKS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"  # from empty to full, by eighths


class Page:
    """A place to print on, in colour on a terminal and plain elsewhere.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where it goes; standard output by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, markup=False, emoji=False)
        # Only a terminal narrows the page: a file or a pipe gets the same text everywhere.
        self.width = min(WIDTH, self.console.width) if self.console.is_terminal else WIDTH
        self._last = "nothing"

    def title(self, text: str) -> None:
        """Print the name of the whole page."""
        self._begin("heading")
        self._write(Text(text, style="bold"))
        self._write(Text(self._rule() * len(text), style="bold"))

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._last = "paragraph" if self._last != "nothing" else self._last
        self._begin("heading")
        self._write(Text(text, style="bold cyan"))

    def say(self, text: str) -> None:
        """Print a paragraph."""
        self._begin("paragraph")
        self._write(Text(self._wrapped(text, 2)))

    def item(self, text: str) -> None:
        """Print a line of a list."""
        self._begin("item")
        self._write(Text(self._wrapped(text, 2)))

    def command(self, command: str, about: str) -> None:
        """Print a command to type, and what it shows."""
        self._begin("command")
        line = Text.assemble("  ", (f"{command:<33} ", "bold"), about)
        self._write(line)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table: words to the left, numbers to the right."""
        self._begin("table")
        cells = [list(map(str, row)) for row in rows]
        lines = [list(columns), *cells]
        widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
        words = [all(row[i][:1].isalpha() for row in cells) for i in range(len(columns))]

        def line_of(line: Sequence[str]) -> str:
            parts = (
                cell.ljust(width) if left else cell.rjust(width)
                for cell, width, left in zip(line, widths, words, strict=True)
            )
            return ("  " + "   ".join(parts)).rstrip()

        self._write(Text(line_of(columns), style="bold"))
        self._write(Text("  " + self._rule() * (sum(widths) + 3 * (len(widths) - 1))))
        for row in cells:
            self._write(Text(line_of(row)))

    def array(self, name: str, values: NDArray[Any]) -> None:
        """Print an array under its name, aligned."""
        self._begin("array")
        text = np.array2string(
            np.asarray(values), precision=6, suppress_small=True, max_line_width=WIDTH
        )
        margin = " " * (len(name) + 5)
        body = text.replace("\n", "\n" + margin)
        self._write(Text.assemble("  ", (name, "bold"), " = ", body))

    def statement(self, text: str, name: str, values: NDArray[Any]) -> None:
        """Print a line of a program, and below it what it made."""
        self._begin("statement")
        self._write(Text(f"  {text}", style="bold"))
        self._last = "heading"
        self.array(name, values)

    def curve(self, values: Sequence[float], *, x_label: str) -> None:
        """Print a falling or rising line over its numbers' indices, 0 at the bottom."""
        self._begin("curve")
        width, height = _CURVE
        points = np.array_split(np.asarray(values, dtype=float), min(width, len(values)))
        levels = np.array([np.nanmean(part) for part in points])
        top = float(np.nanmax(levels)) or 1.0
        blocks = (
            " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588" if self._draws() else "    ####"
        )
        steps = len(blocks) - 1
        filled = np.clip(np.round(levels / top * height * steps), 0, height * steps).astype(int)
        for row in reversed(range(height)):
            cells = "".join(blocks[c] for c in np.clip(filled - row * steps, 0, steps))
            mark = f"{top:8.3f}" if row == height - 1 else f"{0:8.3f}" if row == 0 else " " * 8
            self._write(Text.assemble(mark, " ", (cells.rstrip(), "green")))
        ends = f"1{len(values):>{max(len(points) - 1, 1)},}"
        self._write(Text(f"{'':9}{ends}  {x_label}"))

    def drawing(self, text: str) -> None:
        """Print a picture made of characters."""
        self._begin("drawing")
        for line in text.splitlines():
            self._write(Text(f"  {line}".rstrip()))

    def code(self, text: str) -> None:
        """Print a program, and nothing but the program."""
        self._begin("code")
        plain = text.rstrip("\n")
        # The theme names the terminal's own colours, so that it suits light and dark ones.
        colours = Syntax("", "python", theme="ansi_dark", background_color="default")
        coloured = colours.highlight(plain) if self.console.is_terminal else Text(plain)
        coloured.rstrip()
        self._write(coloured)

    def verdict(self, verdict: str, claim: str, evidence: str) -> None:
        """Print a claim with what became of it."""
        self._begin("verdict")
        colour = {"shown": "green", "refuted": "red"}.get(verdict, "yellow")
        lines = self._wrapped(claim, 13).lstrip()
        self._write(Text.assemble("  ", (f"{verdict:<11}", f"bold {colour}"), lines))
        self._write(Text(self._wrapped(evidence, 13), style="dim"))

    def _begin(self, kind: str) -> None:
        """Leave a line between blocks; not under headings, nor in a list of one kind."""
        listed = kind == self._last and kind in ("command", "array", "item")
        if self._last not in ("nothing", "heading") and not listed:
            self._write(Text(""))
        self._last = kind

    def _write(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)

    def _wrapped(self, text: str, margin: int) -> str:
        indent = " " * margin
        return textwrap.fill(
            " ".join(text.split()), self.width, initial_indent=indent, subsequent_indent=indent
        )

    def _draws(self) -> bool:
        return self.console.encoding.lower().startswith("utf")

    def _rule(self) -> str:
        return "\u2500" if self._draws() else "-"


def percent(share: float) -> str:
    """Write a share as a percentage with one decimal.

    Examples
    --------
    >>> percent(0.97123)
    '97.1 %'
    """
    return f"{100 * share:.1f} %"


def spread(values: Sequence[float] | NDArray[Any], digits: int = 3) -> str:
    """Write the mean of several runs with their standard deviation.

    Examples
    --------
    >>> spread([1.0, 2.0, 3.0], digits=1)
    '2.0 ± 1.0'
    """
    known = [v for v in values if math.isfinite(v)]
    if not known:
        return "-"
    if len(known) == 1:
        return f"{known[0]:.{digits}f}"
    return f"{np.mean(known):.{digits}f} ± {np.std(known, ddof=1):.{digits}f}"
