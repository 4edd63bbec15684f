"""The record of a fit: one list a name, one number an epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import did_you_mean
from syn0.plots import markup
from syn0.plots.canvas import Plot
from syn0.plots.curves import learning_curve
from syn0.plots.inline import curves_drawing

_MOST_ROWS = 20


def format_number(value: float) -> str:
    """Write a loss or a score with four figures that matter.

    Examples
    --------
    >>> format_number(0.97125), format_number(0.0000314159), format_number(1797.0)
    ('0.9712', '3.142e-05', '1797.0000')
    """
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.3e}"


class History(Mapping[str, list[float]]):
    """A mapping of lists: what each epoch of a fit ended with.

    Parameters
    ----------
    first_epoch : int
        The number of the epoch that the first row tells of, counted from 0 over the life
        of the network.

    Examples
    --------
    >>> history = History()
    >>> history.append({"loss": 0.5, "accuracy": 0.8})
    >>> history.append({"loss": 0.25, "accuracy": 0.9})
    >>> history["loss"]
    [0.5, 0.25]
    >>> history
    History(2 epochs: loss 0.5000 -> 0.2500, accuracy 0.8000 -> 0.9000)
    """

    def __init__(self, first_epoch: int = 0) -> None:
        self.first_epoch = first_epoch
        self.epochs = 0
        self._columns: dict[str, list[float]] = {}
        self._arrays: list[tuple[int, Mapping[str, NDArray[np.float64]]]] = []  # not lists yet

    def append(self, row: Mapping[str, float]) -> None:
        """Add an epoch; a name that it lacks, or that is new, is NaN where it is not known."""
        self._to_lists()
        for name in row:
            self._columns.setdefault(name, [math.nan] * self.epochs)
        for name, column in self._columns.items():
            column.append(float(row.get(name, math.nan)))
        self.epochs += 1

    def append_several(self, columns: Mapping[str, NDArray[np.float64]]) -> None:
        """Add epochs by their columns, of which each has a number an epoch.

        They become lists when somebody looks: of a step that takes a tenth of a microsecond
        that is the larger part.
        """
        count = max((len(column) for column in columns.values()), default=0)
        self._arrays.append((count, columns))
        self.epochs += count

    def extend(self, other: History) -> None:
        """Add all epochs of another history."""
        settled = {name: np.array(column) for name, column in other._columns.items()}
        if settled:
            self.append_several(settled)
        self._arrays += other._arrays
        self.epochs += sum(count for count, _ in other._arrays)

    def _to_lists(self) -> None:
        done = self.epochs - sum(count for count, _ in self._arrays)
        for count, columns in self._arrays:
            for name in columns:
                self._columns.setdefault(name, [math.nan] * done)
            for name, column in self._columns.items():
                column += columns[name].tolist() if name in columns else [math.nan] * count
            done += count
        self._arrays.clear()

    def __getitem__(self, name: str) -> list[float]:
        self._to_lists()
        if name not in self._columns:
            known = did_you_mean(name, self._columns) if self._columns else "it is empty"
            raise KeyError(f"the history has no {name!r}: {known}")
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        self._to_lists()
        return iter(self._columns)

    def __len__(self) -> int:
        return len({*self._columns, *(name for _, columns in self._arrays for name in columns)})

    def plot(self, *names: str, ax: Any = None) -> Plot:
        """Draw loss and metrics over the epochs; needs the `plots` extra.

        Parameters
        ----------
        *names : str
            What to draw, each in a panel; everything by default.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Plot
            The figure, which marks the best epoch; see `plots.learning_curve`.
        """
        return learning_curve(self, *names, ax=ax)

    def __repr__(self) -> str:
        count = f"{self.epochs} epoch" + ("" if self.epochs == 1 else "s")
        spans = [
            f"{name} {format_number(column[0])} -> {format_number(column[-1])}"
            for name, column in self.items()
        ]
        return f"History({count}{': ' if spans else ''}{', '.join(spans)})"

    def _repr_html_(self) -> str:
        """Show the curves, and some twenty epochs as a table, the first and the last too."""
        stride = max(1, math.ceil((self.epochs - 1) / (_MOST_ROWS - 1)))
        shown = sorted({*range(0, self.epochs, stride), max(self.epochs - 1, 0)})[: self.epochs]
        rows = [
            [self.first_epoch + i + 1, *(format_number(column[i]) for column in self.values())]
            for i in shown
        ]
        drawing = curves_drawing(self, self.first_epoch)
        curves = markup.picture(drawing) if drawing is not None else ""
        return curves + markup.table(["epoch", *self], rows)
