"""What is to be predicted: one of several classes, or an amount."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from syn0.data.categorical import texts_in
from syn0.data.numeric import numbers_in, truth_in
from syn0.data.plain import Plain
from syn0.data.table import Table, concatenated
from syn0.data.values import date_format, is_missing, read_numbers
from syn0.errors import ArgumentError, DataError, DTypeError, ShapeError

Array = NDArray[Any]
Label = str | int | float | bool
MOST_NUMBERED = 20  # classes that are told from whole numbers alone
MOST_CLASSES = 1_000


@dataclass(frozen=True)
class Classes:
    """A target that is one of several classes.

    Parameters
    ----------
    name : str
        The column.
    labels : tuple
        The classes in order: all text, all whole numbers, all numbers, or False and True.
    shares : tuple of float
        The share of the training rows that each has.
    """

    kind: ClassVar[str] = "classes"
    name: str
    labels: tuple[Label, ...]
    shares: tuple[float, ...]

    @classmethod
    def learn(cls, table: Table, name: str) -> Self:
        """Find the classes of the rows that have one."""
        counts = Counter(label for label in labels_in(table, name) if label is not None)
        if len(counts) < 2:
            raise DataError(
                f"the target {name!r} is {next(iter(counts))!r} in every row.",
                where=table.source,
                expected="at least two classes",
                mend="give rows of another class too",
            )
        rows = sum(counts.values())
        if len(counts) > MOST_CLASSES or (len(counts) > rows / 2 and rows > 10):
            raise DataError(
                f"the target {name!r} has {len(counts):,} classes in {rows:,} rows.",
                where=table.source,
                expected="several rows of each class",
                mend="for an amount: task='regression'; else choose another target",
            )
        labels = sorted(counts)
        return cls(name, tuple(labels), tuple(counts[label] / rows for label in labels))

    def encode(self, table: Table) -> NDArray[np.int64]:
        """Return class numbers; the rows must have a class."""
        known = {label: number for number, label in enumerate(self.labels)}
        given = labels_in(table, self.name, type(self.labels[0]))
        for row, label in enumerate(given):
            if label is None or label not in known:
                value = texts_in(table[self.name][row : row + 1])[0]
                raise DataError(
                    f"the class {value!r} was not among the training rows.",
                    where=table.place(row, self.name),
                    expected=concatenated([str(label) for label in self.labels]),
                    mend="train on rows of this class too, or leave the row out",
                )
        return np.array([known[label] for label in given if label is not None], np.int64)

    def decode(self, outputs: Array) -> dict[str, Array]:
        """Return the likeliest class of each row, and the probability of each class."""
        labels = np.array(self.labels, object if isinstance(self.labels[0], str) else None)
        found: dict[str, Array] = {self.name: labels[outputs.argmax(axis=1)]}
        for number, label in enumerate(self.labels):
            found[f"probability of {label}"] = outputs[:, number]
        return found

    @property
    def units(self) -> int:
        """How many outputs the network has."""
        return len(self.labels)

    def to_plain(self) -> dict[str, Any]:
        """Return plain data; the shares are an array of their own."""
        return {"kind": self.kind, "name": self.name, "labels": list(self.labels)}

    @classmethod
    def from_plain(cls, plain: Plain, shares: Array) -> Self:
        """Return the target that plain data describe."""
        plain.only("kind", "name", "labels")

        def label(_: Plain, item: Any) -> Label:
            if not isinstance(item, (str, int, float)) or item in (inf, -inf) or item != item:
                raise plain.wrong("labels", "texts or numbers")
            return item

        labels = plain.several("labels", label)
        kinds = {str if isinstance(x, str) else type(x) for x in labels}
        if len(kinds) > 1 or not 2 <= len(set(labels)) == len(labels):
            raise plain.wrong("labels", "at least two, all of one type, each once")
        if list(labels) != sorted(labels):
            raise plain.wrong("labels", "labels in order")
        if np.any((shares < 0) | (shares > 1)):
            raise plain.wrong("labels", "shares from 0 to 1 beside them")
        return cls(plain.text("name"), labels, tuple(shares.tolist()))


@dataclass(frozen=True)
class Amount:
    """A target that is a number: learned as ``(y - center) / scale``.

    Parameters
    ----------
    name : str
        The column.
    center, scale : float
        Mean and standard deviation of the training rows.
    """

    kind: ClassVar[str] = "amount"
    name: str
    center: float
    scale: float

    @classmethod
    def learn(cls, table: Table, name: str) -> Self:
        """Measure the rows that have a number."""
        numbers = numbers_in(table, name)
        if numbers.min() == numbers.max():
            raise DataError(
                f"the target {name!r} is {numbers[0]:g} in every row.",
                where=table.source,
                expected="a target that varies",
            )
        return cls(name, float(numbers.mean()), float(numbers.std()))

    def encode(self, table: Table) -> NDArray[np.float32]:
        """Return scaled numbers (rows, 1)."""
        scaled = (numbers_in(table, self.name) - self.center) / self.scale
        return scaled.astype(np.float32)[:, None]

    def decode(self, outputs: Array) -> dict[str, Array]:
        """Return the numbers in the target's own unit."""
        return {self.name: outputs[:, 0].astype(np.float64) * self.scale + self.center}

    @property
    def units(self) -> int:
        """How many outputs the network has."""
        return 1

    def to_plain(self) -> dict[str, Any]:
        """Return plain data."""
        return {"kind": self.kind, "name": self.name, "center": self.center, "scale": self.scale}

    @classmethod
    def from_plain(cls, plain: Plain) -> Self:
        """Return the target that plain data describe."""
        plain.only("kind", "name", "center", "scale")
        return cls(plain.text("name"), plain.number("center"), plain.number("scale", above=0))


Target = Classes | Amount


def learn_target(table: Table, name: str, task: str | None) -> Target:
    """Return the target, its kind told from the column or given as `task`.

    Text and truth values are classes; so are whole numbers of at most twenty different
    values, each in five rows on average; other numbers are amounts.
    """
    if task not in (None, "classification", "regression"):
        raise ArgumentError(
            f"task is {task!r}.", where="Preparation.learn",
            expected="'classification', 'regression' or None",
        )  # fmt: skip
    column = table[name]
    if is_missing(column).all():
        raise DataError(
            f"the target {name!r} has no value in any row.", where=table.source,
            expected="rows whose target is known",
        )  # fmt: skip
    if column.dtype.kind == "M" or (column.dtype == object and _are_dates(column)):
        raise DTypeError(
            f"the target {name!r} holds dates.",
            where=table.source,
            expected="classes or numbers",
            mend="predict a number made of them, such as days until then",
        )
    known = table.take(~is_missing(column))
    if task is None:
        task = "classification" if _are_classes(known[name]) else "regression"
    return (Classes if task == "classification" else Amount).learn(known, name)


def _are_dates(column: Array) -> bool:
    return read_numbers(column) is None and date_format(column) is not None


def _are_classes(column: Array) -> bool:
    if column.dtype == object:
        found = read_numbers(column)
        if found is None:
            return True
        column = found
    if column.dtype == bool:
        return True
    values = np.unique(column)
    whole = bool(np.isfinite(values).all() and (values == np.floor(values)).all())
    return whole and len(values) <= min(MOST_NUMBERED, max(2, len(column) // 5))


def labels_in(table: Table, name: str, kind: type | None = None) -> list[Label | None]:
    """Return the label of each row, None where it is missing.

    Parameters
    ----------
    table : Table
        The rows.
    name : str
        The column.
    kind : {bool, int, float, str}, optional
        The type of the labels. Told from the column by default: text of numbers is numbers,
        whole ones where all are; text of truth stays text, so that predictions read as the
        column did.
    """
    column = table[name]
    if kind is bool or (kind is None and column.dtype == bool):
        truth, _ = truth_in(table, name)
        return [None if value != value else bool(value) for value in truth.tolist()]
    numbers = column if column.dtype != object else None
    if numbers is None and kind is not str:
        numbers = read_numbers(column)
    if numbers is None or kind is str:
        return list(texts_in(column))
    missing = is_missing(numbers)
    values = np.where(missing, 0, numbers).tolist()
    whole = kind is int or (kind is None and all(value == int(value) for value in values))
    one = int if whole else float
    return [
        None if gone or value != one(value) else one(value)
        for value, gone in zip(values, missing, strict=True)
    ]


def check_outputs(target: Target, outputs: Any) -> Array:
    """Return what a network put out as rows of so many units."""
    array = np.asarray(outputs)
    if array.ndim == 1 and array.shape == (target.units,):
        array = array[None]
    if array.ndim != 2 or array.shape[1] != target.units:
        raise ShapeError(
            f"the outputs have the shape {array.shape}.",
            where="Preparation.decode",
            expected=f"(rows, {target.units}), what the network puts out",
        )
    return array
