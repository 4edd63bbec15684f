"""What a history holds, as the curves that pictures of all kinds draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import DataError, UnknownNameError, did_you_mean

Columns = Mapping[str, Sequence[float]]
Array = NDArray[Any]

_DECADES = 1000.0  # from this ratio on small numbers would lie on the axis


@dataclass(frozen=True)
class Series:
    """One figure over the epochs, for training and validation.

    Attributes
    ----------
    name : str
        ``loss`` or a metric.
    train, validation : array or None
        A number an epoch, NaN where it is not known or not finite; None if never measured.
    """

    name: str
    train: Array | None
    validation: Array | None

    def curves(self) -> list[tuple[str, Array]]:
        """Return what there is, with its name in a legend."""
        both = (("train", self.train), ("validation", self.validation))
        return [(label, values) for label, values in both if values is not None]

    def finite(self) -> Array:
        """Return all numbers that can be drawn."""
        drawn = [values for _, values in self.curves()]
        found: Array = np.concatenate(drawn) if drawn else np.empty(0)
        return found[np.isfinite(found)]

    @property
    def logarithmic(self) -> bool:
        """Whether the numbers span so much that only a logarithmic axis shows them."""
        values = self.finite()
        return bool(values.size and values.min() > 0 and values.max() / values.min() > _DECADES)


def series_of(columns: Columns, names: Sequence[str] = ()) -> list[Series]:
    """Return the loss and the metrics of a history, or those that are named.

    Raises
    ------
    UnknownNameError
        If the history does not have a name.

    Examples
    --------
    >>> [s.name for s in series_of({"loss": [2.0, 1.0], "val_loss": [2.0, 1.5], "r2": [0, 0]})]
    ['loss', 'r2']
    """
    bases = dict.fromkeys(name.removeprefix("val_") for name in columns)
    for name in names:
        if name not in bases:
            raise UnknownNameError(
                f"the history has no {name!r}.",
                mend=did_you_mean(name, bases) if bases else "it is empty: fit first",
            )
    return [
        Series(name, _column(columns, name), _column(columns, f"val_{name}"))
        for name in names or bases
    ]


def check_epochs(columns: Columns) -> None:
    """Raise `DataError` if there is no epoch to draw."""
    if not any(len(column) for column in columns.values()):
        raise DataError("the history holds no epoch.", mend="call net.fit first")


def best_epoch(columns: Columns) -> tuple[str, int] | None:
    """Return the figure that is watched and the index of the epoch where it is lowest.

    It is the loss of validation where there is one, else that of training.
    """
    for name in ("val_loss", "loss"):
        values = _column(columns, name)
        if values is not None and np.isfinite(values).any():
            return name, int(np.nanargmin(values))
    return None


def lost_epochs(series: Series) -> int:
    """Return in how many epochs some number is NaN or infinite."""
    curves = [np.isnan(values) for _, values in series.curves()]
    return int(np.any(curves, axis=0).sum()) if curves else 0


def short_number(value: float) -> str:
    """Write a number with three figures.

    Examples
    --------
    >>> short_number(0.12345), short_number(1234567.0), short_number(0.5), short_number(-0.0)
    ('0.123', '1.23e+06', '0.5', '0')
    """
    return f"{value + 0.0:.3g}"


def distinct_numbers(values: Sequence[float]) -> list[str]:
    """Write numbers with three figures, or as many as tell them apart.

    Examples
    --------
    >>> distinct_numbers([1797.5, 1797.25, 1797.0])
    ['1797.5', '1797.2', '1797']
    """
    found: list[str] = []
    for figures in range(3, 10):
        found = [f"{value + 0.0:.{figures}g}" for value in values]
        if len(set(found)) == len(set(values)):
            break
    return found


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return some round numbers between two others.

    Examples
    --------
    >>> ticks(0.07, 0.93)
    [0.2, 0.4, 0.6, 0.8]
    """
    span = high - low
    if not span > 0:
        return [low]
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def _column(columns: Columns, name: str) -> Array | None:
    if name not in columns:
        return None
    values = np.array(columns[name], dtype=float)
    values[~np.isfinite(values)] = np.nan
    return values
