"""`Preparation`: what a network must know of a table, learned from its training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.columns import KINDS, Boolean, Categorical, Column, Date, Numeric
from syn0.data.kinds import LeftOut, copies, learn_column
from syn0.data.plain import Plain, vector
from syn0.data.reading import is_table, read_table
from syn0.data.table import Table, concatenated
from syn0.data.targets import Amount, Classes, Target, check_outputs, learn_target
from syn0.data.values import is_missing
from syn0.errors import ArgumentError, DataError, UnknownNameError, did_you_mean

Array = NDArray[Any]
_FORMAT = 1


@dataclass(frozen=True, repr=False)
class Preparation:
    """From the columns of a table to the numbers that a network takes, and back.

    Made by `Preparation.learn`. Everything in it was measured on the training rows, so that
    a score on other rows is honest.

    Parameters
    ----------
    target : Classes or Amount
        What is predicted.
    columns : tuple of Numeric, Boolean, Categorical or Date
        What is read, in the order of the features.
    left_out : tuple of LeftOut
        Columns that are not read, each with the reason.
    rows : int
        How many rows it was learned from.

    Examples
    --------
    >>> table = Table({
    ...     "age": [61, 47, None, 52], "smokes": ["yes", "no", "no", "yes"],
    ...     "diagnosis": ["ill", "well", "well", "ill"],
    ... })
    >>> preparation = Preparation.learn(table, target="diagnosis")
    >>> preparation
    Preparation: 3 features of 2 columns -> diagnosis, one of 'ill', 'well'
      age     numeric, missing in some rows
      smokes  boolean
    >>> X, y = preparation.samples(table)
    >>> X.shape, X.dtype.name, y
    ((4, 3), 'float32', array([0, 1, 1, 0]))
    """

    target: Target
    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...] = ()
    rows: int = 0

    # ----- learning

    @classmethod
    def learn(
        cls,
        table: Any,
        target: str,
        *,
        task: str | None = None,
        kinds: Mapping[str, str] | None = None,
        leave_out: Iterable[str] = (),
    ) -> Preparation:
        """Learn from the training rows how to read a table.

        Parameters
        ----------
        table : Table, data frame or mapping of columns
            The training rows. Rows whose target is missing are passed over.
        target : str
            The column to predict.
        task : {"classification", "regression"}, optional
            What the target is; told from it by default, see `learn_target`.
        kinds : mapping of str to {"numeric", "boolean", "categorical", "date"}, optional
            What columns are, where it should not be told from their values; see
            `learn_column` for how that is done.
        leave_out : iterable of str
            Columns not to read.

        Raises
        ------
        UnknownNameError
            If there is no such column.
        DataError
            If nothing can be learned from the table: it names row and column.
        """
        given = read_table(table)
        given.require(target)
        target = str(target)
        chosen, ignored = dict(kinds or {}), _names(leave_out)
        for name in (*chosen, *ignored):
            given.require(name)
        wrong = next((n for n, kind in chosen.items() if kind not in KINDS), None)
        if wrong is not None:
            raise ArgumentError(
                f"the kind of {wrong!r} is {chosen[wrong]!r}.", where="kinds=",
                expected=", ".join(KINDS), mend=did_you_mean(str(chosen[wrong]), KINDS),
            )  # fmt: skip
        aim = learn_target(given, target, task)
        known = given.take(~is_missing(given[target]))
        read = [name for name in known.names if name not in (target, *ignored)]
        twins = copies(known, [target, *read])
        columns: list[Column] = []
        left_out = [LeftOut(name, "as you asked") for name in ignored]
        for name in read:
            found: Column | LeftOut
            if name in twins:
                other = f"the target {target!r}" if twins[name] == target else repr(twins[name])
                found = LeftOut(name, f"is a copy of {other}")
            else:
                found = learn_column(known, name, chosen.get(name))
            left_out.append(found) if isinstance(found, LeftOut) else columns.append(found)
        if not columns:
            why = "; ".join(f"{one.name!r} {one.reason}" for one in left_out[:5])
            raise DataError(
                f"no column is left to predict {target!r} from" + (f": {why}." if why else "."),
                where=given.source,
                expected="at least one column that varies, besides the target",
            )
        return cls(aim, tuple(columns), tuple(left_out), known.rows)

    # ----- reading tables

    def reads(self, X: Any) -> bool:
        """Tell whether X is a table, a data frame or a mapping of columns."""
        return is_table(X)

    @property
    def inputs(self) -> list[str]:
        """The columns that a table must have."""
        return [column.name for column in self.columns]

    @property
    def feature_names(self) -> list[str]:
        """What each column of the matrix of features stands for."""
        return [name for column in self.columns for name in column.feature_names]

    def features(self, table: Any) -> NDArray[np.float32]:
        """Return the matrix of features of a table, one row a row.

        Parameters
        ----------
        table : Table, data frame or mapping of columns
            Any rows; the target need not be there. Columns are found by name, in any order;
            others are not looked at.

        Returns
        -------
        array of float32, shape (rows, features)

        Raises
        ------
        UnknownNameError
            If a column is missing.
        DataError
            If a value cannot be read: it names the row.
        """
        given = self._checked(table)
        parts = [column.features(given).astype(np.float32) for column in self.columns]
        return np.concatenate(parts, axis=1)

    def samples(self, table: Any) -> tuple[NDArray[np.float32], Array]:
        """Return features and encoded target of the rows whose target is known.

        Returns
        -------
        X : array of float32, shape (samples, features)
        y : array
            Class numbers, int64 (samples,); or scaled amounts, float32 (samples, 1).
        """
        given = self._checked(table)
        given.require(self.target.name)
        missing = is_missing(given[self.target.name])
        if missing.all():
            raise DataError(
                f"the target {self.target.name!r} has no value in any row.", where=given.source,
                expected="rows whose target is known",
            )  # fmt: skip
        if missing.any():
            given = given.take(~missing)
        return self.features(given), self.target.encode(given)

    def unseen(self, table: Any) -> dict[str, Counter[str]]:
        """Return what the training rows did not have: by column, values and their counts.

        Such values are predicted from all the same: a new category counts as a rare one, or
        says nothing where none was rare; a gap is filled. Rare values, which are not kept
        one by one, are told as well.
        """
        given = self._checked(table)
        found = {column.name: column.unseen(given) for column in self.columns}
        return {name: counts for name, counts in found.items() if counts}

    def decode(self, outputs: Any) -> dict[str, Array]:
        """Return what the outputs of the network mean, as columns.

        Parameters
        ----------
        outputs : array of shape (rows, units)
            What ``net.predict`` returned.

        Returns
        -------
        dict of str to array
            Under the target's name the likeliest class, and under ``"probability of ..."``
            that of each class; or the amounts in the target's own unit.
        """
        return self.target.decode(check_outputs(self.target, outputs))

    def row(self, values: Any) -> NDArray[np.float32]:
        """Return the features of one row, given as a mapping of column to value."""
        return self.features({name: [value] for name, value in values.items()})[0]

    def _checked(self, table: Any) -> Table:
        given = read_table(table)
        absent = [name for name in self.inputs if name not in given]
        if absent:
            near = did_you_mean(absent[0], given.names)
            has = f"the table has {concatenated(given.names)}"
            raise UnknownNameError(
                f"the column {absent[0]!r} is missing"
                + (f", and {len(absent) - 1} more." if len(absent) > 1 else "."),
                where=given.source or "the table",
                expected=f"the columns {concatenated(self.inputs, 12)}",
                mend=near if near.startswith("did") else has,
            )
        if given.rows == 0:
            raise DataError("the table has no rows.", where=given.source, expected="rows")
        return given

    # ----- plain data

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the record as JSON and arrays, which `from_plain` takes back."""
        arrays: dict[str, Array] = {}
        for i, column in enumerate(self.columns):
            if isinstance(column, Categorical):
                arrays[f"column_{i}_shares"] = np.array(column.shares, np.float64)
        if isinstance(self.target, Classes):
            arrays["target_shares"] = np.array(self.target.shares, np.float64)
        return {
            "format": _FORMAT,
            "rows": self.rows,
            "target": self.target.to_plain(),
            "columns": [column.to_plain() for column in self.columns],
            "left_out": [[one.name, one.reason] for one in self.left_out],
        }, arrays

    @classmethod
    def from_plain(cls, json: Any, arrays: Mapping[str, Array]) -> Preparation:
        """Return the record that `to_plain` wrote, after checking every item of it.

        Raises
        ------
        DataError
            If an item is missing, unknown, or of another type, length or range.
        """
        plain = Plain(json, "preparation")
        plain.only("format", "rows", "target", "columns", "left_out")
        if plain.whole("format") != _FORMAT:
            raise plain.wrong("format", f"{_FORMAT}, the only one that this release reads")
        used: list[str] = []

        def shares(name: str, length: int) -> Array:
            used.append(name)
            return vector(arrays, name, length)

        def column(_: Plain, item: Any) -> Column:
            at = next(count)
            one = Plain(item, f"preparation, column {at}")
            kind = one.choice("kind", KINDS)
            if kind == "categorical":
                slots = len(one.texts("categories")) + one.truth("other") + one.truth("gaps")
                return Categorical.from_plain(one, shares(f"column_{at}_shares", slots))
            return _PLAIN_KINDS[kind].from_plain(one)

        def omission(_: Plain, item: Any) -> LeftOut:
            pair = isinstance(item, (list, tuple)) and len(item) == 2
            if not pair or not all(isinstance(text, str) for text in item):
                raise plain.wrong("left_out", "pairs of a name and a reason")
            return LeftOut(*item)

        count = iter(range(2**31))
        columns = plain.several("columns", column)
        aim = Plain(plain.get("target", "a mapping"), "preparation, target")
        target: Target
        if aim.choice("kind", ("classes", "amount")) == "classes":
            units = len(aim.several("labels", lambda _, item: item))
            target = Classes.from_plain(aim, shares("target_shares", units))
        else:
            target = Amount.from_plain(aim)
        names = [c.name for c in columns] + [target.name]
        if not columns or len(set(names)) < len(names):
            raise plain.wrong("columns", "at least one, each with a name of its own")
        extra = sorted(set(arrays) - set(used))
        if extra:
            raise DataError(
                f"there is an array {extra[0]!r} that nothing reads.", where="preparation"
            )
        return cls(target, columns, plain.several("left_out", omission), plain.whole("rows"))

    # ----- pictures

    def __repr__(self) -> str:
        n = len(self.columns)
        if isinstance(self.target, Classes):
            aim = f", one of {concatenated([str(label) for label in self.target.labels])}"
        else:
            aim = ", an amount"
        lines = [
            f"Preparation: {len(self.feature_names)} features of {n} column{'s' * (n != 1)} -> "
            f"{self.target.name}{aim}"
        ]
        names = [c.name for c in self.columns] + [one.name for one in self.left_out]
        width = min(max(map(len, names)), 32)
        for column in self.columns:
            lines.append(f"  {column.name:{width}}  {_about(column)}")
        lines += [f"  {one.name:{width}}  left out: it {one.reason}" for one in self.left_out]
        return "\n".join(lines)


_PLAIN_KINDS: Mapping[str, Any] = {"numeric": Numeric, "boolean": Boolean, "date": Date}


def _names(given: str | Iterable[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _about(column: Column) -> str:
    gaps = ", missing in some rows" * column.gaps
    if isinstance(column, Categorical):
        others = ", rare ones together" * column.other
        return f"categorical, {len(column.categories)} values{others}{gaps}"
    return column.kind + gaps
