"""Columns of dates."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from syn0.data.numeric import scaled_by, spread_of
from syn0.data.plain import Plain
from syn0.data.table import Table
from syn0.data.values import FORMATS, is_missing, parse_date, read_dates
from syn0.errors import DataError, DTypeError

Array = NDArray[Any]
_DAY = np.timedelta64(24, "h")

PARTS = ("days", "year", "month", "weekday", "hour")
_CYCLES = {"month": 12.0, "weekday": 7.0, "hour": 24.0}


@dataclass(frozen=True)
class Date:
    """Moments: days since the first one, the year, and where in year, week and day they lie.

    Parameters
    ----------
    name : str
        The column.
    form : str
        How text writes the dates: ``"ISO 8601"`` or a format of Python.
    fill : str
        The median of the training rows, in ISO 8601, put where a date is missing.
    parts : tuple of (str, float, float)
        The parts that vary, each with center and scale. Month, weekday and hour are cycles:
        they give a sine and a cosine, so that December lies beside January.
    gaps : bool
        Whether dates were missing: then one more feature says where.
    """

    kind: ClassVar[str] = "date"
    name: str
    form: str
    fill: str
    parts: tuple[tuple[str, float, float], ...]
    gaps: bool = False

    @classmethod
    def learn(cls, table: Table, name: str, form: str) -> Self:
        """Measure the training rows."""
        moments = dates_in(table, name, form)
        missing = np.isnat(moments)
        present = np.sort(moments[~missing])
        fill = present[len(present) // 2]
        filled = np.where(missing, fill, moments)
        parts = []
        for part in PARTS:
            values = _part(filled, part)
            if values.min() < values.max():
                center = 0.0 if part in _CYCLES else float(values.mean())
                parts.append((part, center, _CYCLES.get(part) or spread_of(values)))
        return cls(name, form, str(fill), tuple(parts), bool(missing.any()))

    @property
    def feature_names(self) -> list[str]:
        """What each feature stands for."""
        names = []
        for part, _, _ in self.parts:
            ways = (f"{part}, sine", f"{part}, cosine") if part in _CYCLES else (part,)
            names += [f"{self.name}: {way}" for way in ways]
        return names + [f"{self.name} is missing"] * self.gaps

    def features(self, table: Table) -> Array:
        """Return the parts, scaled, and where dates were missing."""
        moments = dates_in(table, self.name, self.form)
        missing = np.isnat(moments)
        filled = np.where(missing, np.datetime64(self.fill), moments)
        found: list[Array] = []
        for part, center, scale in self.parts:
            values = _part(filled, part)
            if part in _CYCLES:
                angle = 2 * np.pi * values / _CYCLES[part]
                found += [np.sin(angle), np.cos(angle)]
            else:
                found.append(scaled_by(values, center, scale))
        if self.gaps:
            found.append(missing.astype(np.float64))
        return np.column_stack(found) if found else np.zeros((len(moments), 0))

    def unseen(self, table: Table) -> Counter[str]:
        """Return gaps, where the training rows had none."""
        gaps = 0 if self.gaps else int(np.isnat(dates_in(table, self.name, self.form)).sum())
        return Counter({"(missing)": gaps} if gaps else {})

    def to_plain(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "kind": self.kind, "name": self.name, "form": self.form, "fill": self.fill,
            "parts": [list(part) for part in self.parts], "gaps": self.gaps,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Plain) -> Self:
        """Return the column that plain data describe."""
        plain.only("kind", "name", "form", "fill", "parts", "gaps")
        fill = parse_date(plain.text("fill", 40), "ISO 8601")
        if fill is None:
            raise plain.wrong("fill", "a date in ISO 8601")

        def part(_: Plain, item: Any) -> tuple[str, float, float]:
            if not isinstance(item, (list, tuple)) or len(item) != 3:
                raise plain.wrong("parts", "a name, a center and a scale each")
            one = Plain(dict(zip(("part", "center", "scale"), item, strict=True)), plain.where)
            return one.choice("part", PARTS), one.number("center"), one.number("scale", above=0)

        return cls(
            plain.text("name"), plain.choice("form", FORMATS), str(fill),
            plain.several("parts", part), plain.truth("gaps"),
        )  # fmt: skip


def dates_in(table: Table, name: str, form: str) -> Array:
    """Return a column as moments, or say which row holds none."""
    column = table[name]
    if column.dtype.kind == "M":
        return column
    if column.dtype != object:
        if is_missing(column).all():
            return np.full(len(column), np.datetime64("NaT"), "datetime64[us]")
        raise DTypeError(
            f"the column {name!r} holds numbers.", where=table.source, expected="dates",
            mend="give the column that the network was trained on",
        )  # fmt: skip
    found, wrong = read_dates(column, form)
    if wrong is not None:
        raise DataError(
            f"{column[wrong]!r} is no date.",
            where=table.place(wrong, name),
            expected=f"a date, written like {_example(form)}",
            mend="correct it, or leave nothing where it is not known",
        )
    return found


def _example(form: str) -> str:
    day = datetime(2026, 1, 31, 18, 30)
    return day.date().isoformat() if form == "ISO 8601" else day.strftime(form)


def _part(moments: Array, part: str) -> Array:
    day = moments.astype("datetime64[D]")
    if part == "days":
        return _ratio(moments - np.datetime64("1970-01-01", "us"), _DAY)
    if part == "year":
        return moments.astype("datetime64[Y]").astype(np.float64) + 1970
    if part == "month":
        return moments.astype("datetime64[M]").astype(np.int64) % 12 * 1.0
    if part == "weekday":
        return (day.astype(np.int64) + 3) % 7 * 1.0  # 1970-01-01 was a Thursday; Monday is 0
    return _ratio(moments - day, _DAY / 24)


def _ratio(spans: Array, one: np.timedelta64) -> Array:
    return np.asarray(spans / one, np.float64)
