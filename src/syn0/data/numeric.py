"""Columns of numbers, and of yes and no."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from syn0.data.plain import Plain
from syn0.data.table import Table
from syn0.data.values import TRUTH, is_missing, parse_number, parse_numbers
from syn0.errors import DataError, DTypeError

Array = NDArray[Any]
LIMIT = 10.0  # no feature is farther from 0, so that a slip of the pen moves no network far


@dataclass(frozen=True)
class Numeric:
    """Numbers: ``(x - center) / scale``, at most `LIMIT` from 0.

    Parameters
    ----------
    name : str
        The column.
    center, scale : float
        Mean and standard deviation of the training rows.
    fill : float
        Their median, put where a number is missing.
    gaps : bool
        Whether numbers were missing among them: then a second feature says where.
    """

    kind: ClassVar[str] = "numeric"
    name: str
    center: float
    scale: float
    fill: float
    gaps: bool = False

    @classmethod
    def learn(cls, table: Table, name: str) -> Self:
        """Measure the training rows."""
        numbers = numbers_in(table, name)
        present = numbers[~np.isnan(numbers)]
        fill = float(np.median(present))
        filled = np.where(np.isnan(numbers), fill, numbers)
        scale = spread_of(filled)
        return cls(name, float(filled.mean()), scale, fill, len(present) < len(numbers))

    @property
    def feature_names(self) -> list[str]:
        """What each feature stands for."""
        return [self.name, f"{self.name} is missing"] if self.gaps else [self.name]

    def features(self, table: Table) -> Array:
        """Return the scaled numbers, and where they were missing."""
        numbers = numbers_in(table, self.name)
        missing = np.isnan(numbers)
        scaled = scaled_by(np.where(missing, self.fill, numbers), self.center, self.scale)
        return np.column_stack([scaled, missing] if self.gaps else [scaled])

    def unseen(self, table: Table) -> Counter[str]:
        """Return gaps, where the training rows had none."""
        gaps = 0 if self.gaps else int(np.isnan(numbers_in(table, self.name)).sum())
        return Counter({"(missing)": gaps} if gaps else {})

    def to_plain(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "kind": self.kind, "name": self.name, "center": self.center, "scale": self.scale,
            "fill": self.fill, "gaps": self.gaps,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Plain) -> Self:
        """Return the column that plain data describe."""
        plain.only("kind", "name", "center", "scale", "fill", "gaps")
        return cls(
            plain.text("name"), plain.number("center"), plain.number("scale", above=0),
            plain.number("fill"), plain.truth("gaps"),
        )  # fmt: skip


def scaled_by(numbers: Array, center: float, scale: float) -> Array:
    """Return ``(numbers - center) / scale``, at most `LIMIT` from 0."""
    with np.errstate(over="ignore"):
        return np.clip((numbers - center) / scale, -LIMIT, LIMIT)


def spread_of(numbers: Array) -> float:
    """Return the standard deviation; 1 where rounding is all that varies."""
    found, mean = float(numbers.std()), float(np.abs(numbers).max(initial=0.0))
    return found if found > 10 * np.finfo(float).eps * mean else 1.0


def numbers_in(table: Table, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where they are missing, or say which row holds none."""
    column = table[name]
    if column.dtype.kind == "M":
        raise DTypeError(
            f"the column {name!r} holds dates.", where=table.source, expected="numbers",
            mend="give the column that the network was trained on",
        )  # fmt: skip
    if column.dtype != object:
        found = column.astype(np.float64)
        if np.isinf(found).any():
            row = int(np.flatnonzero(np.isinf(found))[0])
            raise DataError(
                f"{found[row]} is no number to learn from or to predict by.",
                where=table.place(row, name),
                expected="a finite number, or nothing where it is not known",
            )
        return found
    missing = is_missing(column)
    found = np.full(len(column), np.nan)
    parsed = parse_numbers(column[~missing])
    if parsed is None:
        known = np.flatnonzero(~missing).tolist()
        row = next(r for r in known if parse_number(column[r]) is None)
        raise DataError(
            f"{column[row]!r} is no number.",
            where=table.place(row, name),
            expected="a number, or nothing where it is not known",
            mend=f"correct it, or read_table(..., missing=[{column[row]!r}])",
        )
    found[~missing] = parsed
    return found


# ----- truth --------------------------------------------------------------


@dataclass(frozen=True)
class Boolean:
    """Yes or no: 0 or 1, less the share of 1.

    Parameters
    ----------
    name : str
        The column.
    share : float
        The share of yes among the training rows that have a value. A missing value counts
        as this share, so that it says neither.
    gaps : bool
        Whether values were missing among them: then a second feature says where.
    """

    kind: ClassVar[str] = "boolean"
    name: str
    share: float
    gaps: bool = False

    @classmethod
    def learn(cls, table: Table, name: str) -> Self:
        """Measure the training rows."""
        truth, _ = truth_in(table, name)
        known = ~np.isnan(truth)
        share = float(truth[known].mean()) if known.any() else 0.5
        return cls(name, share, bool(is_missing(table[name]).any()))

    @property
    def feature_names(self) -> list[str]:
        """What each feature stands for."""
        return [self.name, f"{self.name} is missing"] if self.gaps else [self.name]

    def features(self, table: Table) -> Array:
        """Return the truth, and where it was missing."""
        truth, _ = truth_in(table, self.name)
        missing = np.isnan(truth)
        centred = np.where(missing, self.share, truth) - self.share
        return np.column_stack([centred, missing] if self.gaps else [centred])

    def unseen(self, table: Table) -> Counter[str]:
        """Return words that are neither yes nor no."""
        return truth_in(table, self.name)[1]

    def to_plain(self) -> dict[str, Any]:
        """Return plain data."""
        return {"kind": self.kind, "name": self.name, "share": self.share, "gaps": self.gaps}

    @classmethod
    def from_plain(cls, plain: Plain) -> Self:
        """Return the column that plain data describe."""
        plain.only("kind", "name", "share", "gaps")
        share = plain.number("share")
        if not 0 <= share <= 1:
            raise plain.wrong("share", "a share from 0 to 1")
        return cls(plain.text("name"), share, plain.truth("gaps"))


_TRUTH = {word: float(i) for pair in TRUTH for i, word in enumerate(pair)} | {"0": 0.0, "1": 1.0}


def truth_in(table: Table, name: str) -> tuple[NDArray[np.float64], Counter[str]]:
    """Return a column as 0, 1 and NaN, and the values that are neither, with their counts."""
    column = table[name]
    if column.dtype == object:
        found = np.array([np.nan if v is None else _TRUTH.get(v.lower(), 2.0) for v in column])
    elif column.dtype.kind == "M":
        found = np.where(np.isnat(column), np.nan, 2.0)
    else:
        found = column.astype(np.float64)
    odd = ~np.isnan(found) & (found != 0) & (found != 1)
    return np.where(odd, np.nan, found), Counter(map(str, column[odd]))
