"""`Table`: columns by name, whatever file or data frame they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.splitting import held_in_turn, held_out
from syn0.data.values import as_column
from syn0.errors import ArgumentError, DataError, UnknownNameError, did_you_mean

Array = NDArray[Any]
_SHOWN = 24  # columns in a table's own picture
_WIDTH = 100


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Columns of equal length, by name.

    A column is an array of one of these kinds, whatever it was made from: float64, in which
    NaN is missing; int64; bool; ``datetime64[us]``, in which NaT is missing; objects, each a
    text or None, which is missing.

    Parameters
    ----------
    columns : mapping of str to array
        The columns, in order. Lists and arrays of any common dtype are brought to the above.
    source : str, optional
        Where the rows come from, for messages.
    lines : array of int, optional
        The line of the file on which each row begins.

    Raises
    ------
    DataError
        If there is no column, or the columns differ in length.
    DTypeError
        If a column holds what is no number, text, truth value or date.

    Examples
    --------
    >>> table = Table({"age": [61, None, 47], "sex": ["f", "m", None]})
    >>> table.names, table.rows
    (['age', 'sex'], 3)
    >>> table["age"]
    array([61., nan, 47.])
    >>> table
    Table: 3 rows, 2 columns
      age  61, -, 47
      sex  f, m, -
    """

    columns: Mapping[str, Array]
    source: str | None = None
    lines: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.columns, Mapping):
            raise ArgumentError(
                f"the columns are of type {type(self.columns).__name__}.",
                expected="a mapping of names to columns",
            )
        for name in self.columns:
            if not isinstance(name, str):
                raise DataError(
                    f"a column has the name {name!r}, of type {type(name).__name__}.",
                    where=self.source,
                    expected="text",
                    mend="for a data frame: frame.columns = frame.columns.astype(str)",
                )
        # A name may be one of NumPy's own texts, which no file holds.
        own = {str(name): as_column(values, name) for name, values in self.columns.items()}
        if not own:
            raise DataError("the table has no columns.", where=self.source, expected="columns")
        lengths = {name: len(column) for name, column in own.items()}
        first = next(iter(lengths))
        for name, length in lengths.items():
            if length != lengths[first]:
                raise DataError(
                    f"the columns differ in length: {first!r} has {lengths[first]} values, "
                    f"{name!r} has {length}.",
                    where=self.source,
                    expected="one value a row in every column",
                )
        object.__setattr__(self, "columns", own)

    # ----- looking in

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.columns)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())))

    def __len__(self) -> int:
        return self.rows

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> Array:
        """Return a column."""
        self.require(name)
        return self.columns[name]

    def require(self, name: str) -> None:
        """Raise an `UnknownNameError` unless there is such a column."""
        if name not in self.columns:
            raise UnknownNameError(
                f"there is no column {name!r}.",
                where=self.source,
                expected="a column of the table",
                mend=did_you_mean(str(name), self.columns),
            )

    def place(self, row: int, column: str | None = None) -> str:
        """Name a row, and a column, as a person finds them: by file and line where known.

        Examples
        --------
        >>> Table({"age": [61, 47]}).place(1, "age")
        "row 1, column 'age'"
        """
        found = f"row {row}" if self.lines is None else f"line {self.lines[row]}"
        if self.source is not None:
            found = f"{self.source}, {found}"
        return found if column is None else f"{found}, column {column!r}"

    # ----- parts

    def take(self, rows: Any) -> Table:
        """Return some rows, given by their numbers, a mask or a slice.

        Examples
        --------
        >>> Table({"age": [61, 47, 52]}).take([2, 0])["age"]
        array([52, 61])
        """
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            rows = rows.astype(np.intp) if rows.size == 0 else rows
        lines = None if self.lines is None else self.lines[rows]
        columns = {name: column[rows] for name, column in self.columns.items()}
        return replace(self, columns=columns, lines=lines)

    def select(self, *names: str) -> Table:
        """Return these columns, in this order."""
        return replace(self, columns={name: self[name] for name in names})

    def drop(self, *names: str) -> Table:
        """Return all columns but these."""
        for name in names:
            self.require(name)
        kept = {name: column for name, column in self.columns.items() if name not in names}
        return replace(self, columns=kept)

    def split(
        self, share: float, random_state: int | None = None, stratify: str | None = None
    ) -> tuple[Table, Table]:
        """Return the table in two parts, drawn at random, the rows of each in their order.

        Parameters
        ----------
        share : float
            The share of the rows that the second part gets.
        random_state : int, optional
            Seed of the draw.
        stratify : str, optional
            A column of which each value is split alike.

        Returns
        -------
        tuple of Table
            The larger part by custom, for training, and the part held out.

        Examples
        --------
        >>> table = Table({"kind": ["a"] * 8 + ["b"] * 4})
        >>> train, held_out = table.split(0.25, random_state=0, stratify="kind")
        >>> "".join(train["kind"]), "".join(held_out["kind"])
        ('aaaaaabbb', 'aab')
        """
        labels = None if stratify is None else self[stratify]
        held = held_out(self.rows, share, random_state, labels)
        return self.take(~held), self.take(held)

    def folds(
        self, count: int, random_state: int | None = None, stratify: str | None = None
    ) -> Iterator[tuple[Table, Table]]:
        """Yield the table in two parts so many times, so that each row is held out once.

        Parameters
        ----------
        count : int
            How many times.
        random_state, stratify
            As in `split`.

        Examples
        --------
        >>> table = Table({"kind": ["a", "a", "b", "b"]})
        >>> [held.rows for _, held in table.folds(2, random_state=0, stratify="kind")]
        [2, 2]
        """
        labels = None if stratify is None else self[stratify]
        for held in held_in_turn(self.rows, count, random_state, labels):
            yield self.take(~held), self.take(held)

    # ----- pictures

    def __repr__(self) -> str:
        count = f"{self.rows} row{'s' * (self.rows != 1)}"
        kinds = f"{len(self.columns)} column{'s' * (len(self.columns) != 1)}"
        head = f"Table: {count}, {kinds}" + (f", from {self.source}" if self.source else "")
        shown = self.names[:_SHOWN]
        width = min(max(map(len, shown)), 32)
        lines = [head]
        for name in shown:
            values = ", ".join(map(_shown, self.columns[name][:12]))
            values += ", ..." * (self.rows > 12)
            line = f"  {name:{width}}  {values}"
            lines.append(line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "...")
        if len(self.columns) > _SHOWN:
            lines.append(f"  ... and {len(self.columns) - _SHOWN} more")
        return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "-"
    if isinstance(value, np.datetime64):
        return str(value).removesuffix("T00:00:00.000000")
    return " ".join(str(value).split()) if isinstance(value, str) else f"{value:.6g}"


def concatenated(values: Sequence[str], most: int = 5) -> str:
    """Return names as a list for people, the first few of them.

    Examples
    --------
    >>> concatenated(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    shown = ", ".join(map(repr, values[:most]))
    return shown + (f" and {len(values) - most} more" if len(values) > most else "")
