"""The learning curves of a fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from syn0.plots.canvas import Plot, draw, fitted, quiet, whole_numbers
from syn0.plots.palette import GREY, TRAIN, VALIDATION
from syn0.plots.series import (
    Array,
    Columns,
    Series,
    best_epoch,
    check_epochs,
    lost_epochs,
    series_of,
    short_number,
)

_ACROSS = 3  # panels beside each other
_LOOK = {"train": (TRAIN, "-", "o"), "validation": (VALIDATION, "--", "s")}
_FEW = 12  # epochs that are marked one by one


def learning_curve(
    history: Columns, *names: str, ax: Any = None, first_epoch: int | None = None
) -> Plot:
    """Draw loss and metrics over the epochs, for training and validation.

    Parameters
    ----------
    history : History or mapping of lists
        What a fit returned, or ``net.history``.
    *names : str
        What to draw, each in a panel: ``"loss"`` or metrics; everything by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default. Several panels share its room.
    first_epoch : int, optional
        How many epochs came before; known of a `History`.

    Returns
    -------
    Plot
        Its values are ``best_epoch``, counted from 1 over the life of the network, None if
        no number is finite, and ``watched``, the figure that is lowest there: ``val_loss``,
        or ``loss`` where nothing was held out.

    Notes
    -----
    Numbers that span more than three decades get a logarithmic axis. An epoch whose number
    is NaN or infinite leaves a gap, and is counted in the title.

    Examples
    --------
    >>> from syn0.plots import learning_curve
    >>> plot = learning_curve({"loss": [0.7, 0.4, 0.2], "val_loss": [0.7, 0.5, 0.6]})
    >>> plot.values["best_epoch"], plot.values["watched"]
    (2, 'val_loss')
    """
    check_epochs(history)
    drawn = series_of(history, names)
    first = getattr(history, "first_epoch", 0) if first_epoch is None else first_epoch
    best = best_epoch(history)
    columns = min(len(drawn), _ACROSS)
    rows = -(-len(drawn) // columns)

    def draws(*panels: Any) -> Mapping[str, Any]:
        for series, axes in zip(drawn, panels, strict=False):
            _panel(axes, series, first, best)
        for axes in panels[len(drawn) :]:
            axes.set_axis_off()
        return {
            "best_epoch": None if best is None else first + best[1] + 1,
            "watched": None if best is None else best[0],
        }

    size = (4.4 * columns + (0.8 if columns == 1 else 0), 3.3 * rows)
    return draw(ax, size, draws, rows=rows, columns=columns)


def _panel(axes: Any, series: Series, first: int, best: tuple[str, int] | None) -> None:
    for label, values in series.curves():
        colour, line, mark = _LOOK[label]
        epochs = first + 1 + np.arange(len(values))
        style = {"color": colour, "markersize": 4}
        shown = mark if len(values) <= _FEW else ""
        axes.plot(epochs, values, line, label=label, marker=shown, **style)
        if not shown:
            # A number between two gaps is no line, so it is a mark.
            alone = _alone(values)
            axes.plot(epochs[alone], values[alone], mark, **style)
    lost = lost_epochs(series)
    note = f" ({lost} epoch{'' if lost == 1 else 's'} without a number)" if lost else ""
    axes.set_title(f"{fitted(series.name, 36)}{note}", loc="left", fontsize="medium")
    axes.set_xlabel("epoch")
    axes.set_ylabel(fitted(series.name) + (", logarithmic" if series.logarithmic else ""))
    if not series.finite().size:
        axes.text(0.5, 0.5, "no finite number", ha="center", transform=axes.transAxes)
        axes.set_yticks([])
    elif series.logarithmic:
        axes.set_yscale("log")
    if best is not None:
        watched, index = best
        told = f"best epoch {first + index + 1}"
        if watched.removeprefix("val_") == series.name:
            values = dict(series.curves())["validation" if watched == "val_loss" else "train"]
            told += f", {watched} {short_number(float(values[index]))}"
            axes.plot(
                [first + index + 1], [values[index]], "o", color=GREY, markersize=9, mfc="none"
            )
        axes.axvline(first + index + 1, color=GREY, linestyle=":", linewidth=1.2, label=told)
    whole_numbers(axes.xaxis)
    count = max(len(values) for _, values in series.curves())
    if count == 1 or not series.finite().size:
        axes.set_xlim(first + 0.5, first + count + 0.5)
    axes.legend(fontsize="small")
    quiet(axes)


def _alone(values: Array) -> Array:
    known: Array = np.isfinite(values)
    before, after = np.append(False, known[:-1]), np.append(known[1:], False)
    alone: Array = known & ~before & ~after
    return alone
