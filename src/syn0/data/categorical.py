"""Columns of categories: one of some values, text as a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from syn0.data.plain import Plain
from syn0.data.table import Table
from syn0.data.values import is_missing, parse_number

Array = NDArray[Any]


@dataclass(frozen=True)
class Categorical:
    """One of some values: a feature each, 1 where it holds, less its share.

    Parameters
    ----------
    name : str
        The column.
    categories : tuple of str
        The values that are told apart.
    shares : tuple of float
        The share of the training rows that each slot has: the categories; then "other",
        if some values were too rare to be told apart; then "missing", if some were missing.
    other, gaps : bool
        Whether there are these two slots.

    Notes
    -----
    A value that the training rows did not have goes to "other". Where there is no such slot
    it says nothing: all its features are 0, which is the average row.
    """

    kind: ClassVar[str] = "categorical"
    name: str
    categories: tuple[str, ...]
    shares: tuple[float, ...] = field(repr=False)
    other: bool = False
    gaps: bool = False

    @classmethod
    def learn(cls, table: Table, name: str, fewest: int, most: int) -> Self:
        """Keep the values of at least so many rows, and of these at most so many."""
        column = table[name]
        counts = Counter(text for text in texts_in(column) if text is not None)
        gaps = int(is_missing(column).sum())
        kept = [value for value, n in counts.most_common(most) if n >= fewest]
        kept.sort(key=_natural)
        sizes = [counts[value] for value in kept]
        rest = sum(counts.values()) - sum(sizes)
        sizes += [rest] * (rest > 0) + [gaps] * (gaps > 0)
        shares = tuple(size / len(column) for size in sizes)
        return cls(name, tuple(kept), shares, rest > 0, gaps > 0)

    @property
    def slots(self) -> list[str]:
        """What each feature stands for."""
        return [*self.categories, *["(other)"] * self.other, *["(missing)"] * self.gaps]

    @property
    def feature_names(self) -> list[str]:
        """What each feature stands for."""
        return [f"{self.name} = {slot}" for slot in self.slots]

    @cached_property
    def _index(self) -> Mapping[Any, int]:
        """Where each category is, by its text and by the number it stands for."""
        found: dict[Any, int] = {}
        for index, value in enumerate(self.categories):
            number = parse_number(value)
            if number is not None:
                found.setdefault(number, index)
        return found | {value: index for index, value in enumerate(self.categories)}

    def codes(self, table: Table) -> NDArray[np.intp]:
        """Return the slot of each row: -1 for a value without one, -2 for one missing."""
        texts = texts_in(table[self.name])
        known = {text: -2 if text is None else self._slot(text) for text in set(texts)}
        return np.fromiter((known[text] for text in texts), np.intp, len(texts))

    def _slot(self, text: str) -> int:
        found = self._index.get(text)
        return self._index.get(parse_number(text), -1) if found is None else found

    def features(self, table: Table) -> Array:
        """Return the slots, centred."""
        codes, known = self.codes(table), len(self.categories)
        if self.other:
            codes = np.where(codes == -1, known, codes)
        if self.gaps:
            codes = np.where(codes == -2, known + self.other, codes)
        found = np.zeros((len(codes), len(self.shares)))
        told = codes >= 0
        found[told] -= self.shares
        found[told, codes[told]] += 1
        return found

    def unseen(self, table: Table) -> Counter[str]:
        """Return values without a slot, and gaps where the training rows had none."""
        codes, texts = self.codes(table), texts_in(table[self.name])
        found = Counter(t for t, code in zip(texts, codes, strict=True) if code == -1 and t)
        if not self.gaps and (codes == -2).any():
            found["(missing)"] = int((codes == -2).sum())
        return found

    def to_plain(self) -> dict[str, Any]:
        """Return plain data; the shares are an array of their own."""
        return {
            "kind": self.kind, "name": self.name, "categories": list(self.categories),
            "other": self.other, "gaps": self.gaps,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Plain, shares: Array) -> Self:
        """Return the column that plain data describe."""
        plain.only("kind", "name", "categories", "other", "gaps")
        categories = plain.texts("categories")
        other, gaps = plain.truth("other"), plain.truth("gaps")
        if np.any((shares < 0) | (shares > 1)):
            raise plain.wrong("categories", "shares from 0 to 1 beside them")
        return cls(plain.text("name"), categories, tuple(shares.tolist()), other, gaps)


def texts_in(column: Array) -> list[str | None]:
    """Return the values as text, None where one is missing; 3.0 is "3".

    Examples
    --------
    >>> texts_in(np.array([3.0, 0.5, np.nan]))
    ['3', '0.5', None]
    """
    if column.dtype == object:
        return list(column)
    missing = is_missing(column)
    if column.dtype.kind == "f":
        numbers = np.where(missing, 0, column).tolist()
        texts = [str(int(v)) if v.is_integer() else repr(v) for v in numbers]
    elif column.dtype.kind == "b":
        texts = ["true" if value else "false" for value in column.tolist()]
    else:
        texts = list(map(str, column.tolist()))
    return [None if gone else text for text, gone in zip(texts, missing, strict=True)]


def _natural(text: str) -> tuple[float, str]:
    number = parse_number(text)
    return (np.inf if number is None else number, text)
