"""Learning curves in characters, for a terminal of any kind."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence

import numpy as np

from syn0.errors import ArgumentError
from syn0.plots.series import (
    Array,
    Columns,
    Series,
    best_epoch,
    check_epochs,
    distinct_numbers,
    lost_epochs,
    series_of,
    short_number,
)

_LEAST = (32, 6)

# The characters of a line by where they lead, the dot of validation, and the axes.
_WORDS = "along up from_below to_above from_above to_below dot axis foot corner mark".split()
_LINES = dict(zip(_WORDS, "─│╭╯╰╮•│─└┤", strict=True))
_ASCII = dict(zip(_WORDS, "-|.'`.o|-++", strict=True))


def terminal_curve(
    history: Columns, width: int = 72, height: int = 12, *, name: str = "loss",
    encoding: str | None = None, first_epoch: int | None = None,
) -> str:  # fmt: skip
    """Return a learning curve as lines of characters, without colour.

    Parameters
    ----------
    history : History or mapping of lists
        What a fit returned.
    width, height : int
        Characters across, and lines, of the whole with axes; a long legend takes more lines.
    name : str
        What to draw: ``loss`` or a metric, with its ``val_`` where there is one.
    encoding : str, optional
        What the characters must be part of, that of standard output by default; where it
        has no strokes of boxes, ``-|.'`` and ``o`` stand for them.
    first_epoch : int, optional
        How many epochs came before; known of a `History`.

    Returns
    -------
    str
        Training as a line, validation as dots. An epoch whose number is NaN or infinite
        leaves a gap, and is counted below.

    Examples
    --------
    >>> from syn0.plots import terminal_curve
    >>> loss = [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125]
    >>> print(terminal_curve({"loss": loss}, width=36, height=9, encoding="ascii"))
    loss
          1 +--.
            |  `-.
      0.516 +    `---.
            |        `------.
     0.0312 +               `-----------
            +---------------------------
             1          epoch          6
             - train 0.0312
             lowest 0.0312 at epoch 6
    """
    if width < _LEAST[0] or height < _LEAST[1]:
        raise ArgumentError(
            f"{width} characters and {height} lines are too few for a curve.",
            expected=f"at least {_LEAST[0]} and {_LEAST[1]}",
        )
    check_epochs(history)
    (series,) = series_of(history, [name])
    first = getattr(history, "first_epoch", 0) if first_epoch is None else first_epoch
    known = encoding or getattr(sys.stdout, "encoding", None) or "ascii"
    strokes = _strokes(known)
    title = _writable(name, known)
    finite = series.finite()
    if not finite.size:
        count = _epochs(history)
        return f"{title}: no finite number in {count} epoch" + ("" if count == 1 else "s")
    levels = _levels(series, height - 4)
    labels = _labels(series, levels)
    margin = max(map(len, labels)) + 2
    across = width - margin - 1
    lines = [title + (" (logarithmic)" if series.logarithmic else "")]
    for label, cells in zip(labels, _grid(series, levels, across, strokes), strict=True):
        axis = f" {label} {strokes['mark']}" if label else " " * margin + strokes["axis"]
        lines.append((axis + "".join(cells)).rstrip())
    lines += _foot(history, series, first, margin, across, strokes)
    return "\n".join(lines)


def _levels(series: Series, rows: int) -> Array:
    """Return what each row stands for, from the highest down; of a logarithmic axis, the powers."""
    finite = series.finite()
    change = np.log10 if series.logarithmic else np.asarray
    high, low = float(change(finite.max())), float(change(finite.min()))
    return np.linspace(high, low, rows)


def _labels(series: Series, levels: Array) -> list[str]:
    """Return the numbers beside the axis: of the highest row, the middle one and the lowest."""
    texts = distinct_numbers([10**v if series.logarithmic else v for v in levels.tolist()])
    wide, last = max(map(len, texts)), len(texts) - 1
    marked = (0, len(texts) // 2, last) if levels[0] > levels[last] else (0,)
    return [text.rjust(wide) if i in marked else "" for i, text in enumerate(texts)]


def _grid(
    series: Series, levels: Array, across: int, strokes: Mapping[str, str]
) -> list[list[str]]:
    """Return the rows with the line and the dots in them."""
    grid = [[" "] * across for _ in levels]
    change = np.log10 if series.logarithmic else np.asarray
    high, low = float(levels[0]), float(levels[-1])
    for label, values in series.curves():
        share = (high - change(_resampled(values, across))) / ((high - low) or 1.0)
        at = np.where(np.isnan(share), -1, np.round(share * (len(grid) - 1)))
        draws = _draw_line if label == "train" else _draw_dots
        draws(grid, [int(row) for row in at.clip(-1, len(grid) - 1)], strokes)
    return grid


def _writable(text: str, encoding: str) -> str:
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return ascii(text)[1:-1]


def _epochs(columns: Columns) -> int:
    return max(len(column) for column in columns.values())


def _strokes(encoding: str) -> dict[str, str]:
    try:
        "".join(_LINES.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _ASCII
    return _LINES


def _resampled(values: Array, across: int) -> Array:
    """Return a number for each column: the mean of its epochs, or between two of them."""
    if len(values) > across:
        parts = (part[~np.isnan(part)] for part in np.array_split(values, across))
        return np.array([part.mean() if part.size else math.nan for part in parts])
    if len(values) == 1:
        return np.array([values[0], *[math.nan] * (across - 1)])
    places = np.linspace(0, len(values) - 1, across)
    # Beside a gap there is nothing between, but the epoch itself stands.
    drawn = np.interp(places, np.arange(len(values)), values)
    own = np.round(np.linspace(0, across - 1, len(values))).astype(int)
    drawn[own] = values
    return np.asarray(drawn)


def _draw_line(grid: list[list[str]], at: Sequence[int], strokes: Mapping[str, str]) -> None:
    for column, row in enumerate(at):  # row -1: no number
        before = at[column - 1] if column else row
        if row < 0:
            continue
        if before < 0 or before == row:
            grid[row][column] = strokes["along"]
            continue
        falls = row > before
        grid[before][column] = strokes["to_below" if falls else "to_above"]
        grid[row][column] = strokes["from_above" if falls else "from_below"]
        for between in range(min(row, before) + 1, max(row, before)):
            grid[between][column] = strokes["up"]


def _draw_dots(grid: list[list[str]], at: Sequence[int], strokes: Mapping[str, str]) -> None:
    corners = [strokes[word] for word in ("to_below", "to_above", "from_above", "from_below")]
    # Every second column has a dot, so that the line shows between; none breaks its corners.
    for first in range(1, len(at), 2):
        for column in (first, first - 1):
            if at[column] >= 0 and grid[at[column]][column] not in corners:
                grid[at[column]][column] = strokes["dot"]
                break


def _foot(
    columns: Columns, series: Series, first: int, margin: int, across: int,
    strokes: Mapping[str, str],
) -> list[str]:  # fmt: skip
    """Return the axis of epochs and the legend."""
    count = _epochs(columns)
    begin, end = str(first + 1), str(first + count) if count > 1 else ""
    axis = " " * margin + strokes["corner"] + strokes["foot"] * across
    middle = "epoch"
    room = across - len(begin) - len(end)
    numbers = " " * (margin + 1) + begin + middle.center(room) + end
    legend = []
    for label, values in series.curves():
        sign = strokes["along"] if label == "train" else strokes["dot"]
        known = values[~np.isnan(values)]
        legend.append(f"{sign} {label} {short_number(known[-1]) if known.size else 'unknown'}")
    best = best_epoch(columns)
    if best is not None and best[0].removeprefix("val_") == series.name:
        value = dict(series.curves())["validation" if best[0] != series.name else "train"][best[1]]
        legend.append(f"lowest {short_number(value)} at epoch {first + best[1] + 1}")
    lost = lost_epochs(series)
    if lost:
        legend.append(f"{lost} epoch{'' if lost == 1 else 's'} without a number")
    lines, width = [axis, numbers.rstrip()], margin + 1 + across
    begin = " " * min(margin + 1, width - max(map(len, legend)))
    for part in legend:
        if len(lines) > 2 and len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += "   " + part
        else:
            lines.append(begin + part)
    return lines
