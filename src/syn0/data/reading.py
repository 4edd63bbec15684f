"""`read_table`: a table from a file, a data frame or a mapping of columns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from syn0.data.delimited import read_delimited
from syn0.data.table import Table
from syn0.errors import ArgumentError, DataError, did_you_mean

_PARQUET = (".parquet", ".pq")


def read_table(
    source: Any,
    *,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    header: bool = True,
    decimal: str = ".",
    missing: str | Iterable[str] = (),
) -> Table:
    """Return the table that a file, a data frame or a mapping of columns holds.

    Parameters
    ----------
    source : str, Path, data frame, mapping or Table
        A file: Parquet by its name, all else is delimited text. A data frame of pandas,
        polars, pyarrow or any library that narwhals knows. Columns by name.
    delimiter : str, optional
        What stands between fields; told from the text: comma, tab, semicolon or bar.
    encoding : str
        Of text; UTF-8 with or without a mark of byte order by default.
    header : bool
        Whether the first line holds names; else they are ``column_1``, ``column_2``, ...
    decimal : {".", ","}
        What stands before the decimals of a number.
    missing : str or iterable of str
        More words for what is not known. Nothing at all, ``NA``, ``N/A``, ``NaN``, ``null``,
        ``None`` and ``?`` always are.

    Returns
    -------
    Table
        A column of text whose values all are numbers is a column of numbers.

    Raises
    ------
    DataError
        If the text is no table; it names file, line and column.

    Notes
    -----
    Text is read by the rules of RFC 4180: a field may be quoted, and may then hold
    delimiters, line ends and, written twice, quotation marks. Empty lines are passed over.
    A row with more or fewer fields than the header is an error, never filled up.

    Examples
    --------
    >>> read_table({"age": [61, 47], "sex": ["f", "m"]}).names
    ['age', 'sex']
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        _check_file(path)
        try:
            if path.suffix.lower() in _PARQUET:
                return _read_parquet(path)
            return read_delimited(
                path, delimiter=delimiter, encoding=encoding, header=header, decimal=decimal,
                missing=missing,
            )  # fmt: skip
        except OSError as error:
            raise _unreadable(path, error) from None
    if isinstance(source, Mapping):
        return Table(source)
    return _from_frame(source)


def is_table(value: Any) -> bool:
    """Tell whether a value is a table, a data frame or a mapping of columns, not an array."""
    return isinstance(value, (Table, Mapping)) or hasattr(type(value), "columns")


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{os.fspath(path)!r} is a folder.", expected="a file: CSV, TSV or Parquet")
    if not path.exists():
        folder = path.parent
        names = [p.name for p in folder.iterdir() if p.is_file()] if folder.is_dir() else []
        near = did_you_mean(path.name, names) if names else "choose"
        mend = None if near.startswith("choose") else near
        raise DataError(
            f"there is no file {os.fspath(path)!r}.",
            where=f"the folder {os.fspath(folder.absolute())}",
            expected="a file: CSV, TSV or Parquet",
            mend=mend,
        )


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{os.fspath(path)!r} cannot be read: {error.strerror or error}.",
        mend="look at the rights of the file and of its folder",
    )


def _read_parquet(path: Path) -> Table:
    import narwhals as nw

    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise DataError(
                "the file does not begin as Parquet does.",
                where=path.name,
                expected="a Parquet file",
                mend="name a text .csv, or write the file again",
            )
    for backend in ("pyarrow", "polars", "pandas"):
        try:
            frame = nw.read_parquet(os.fspath(path), backend=backend)
        except ImportError:
            continue
        except Exception as error:
            raise DataError(
                f"{backend} cannot read the file: {str(error).splitlines()[0].rstrip('.')}.",
                where=path.name,
                mend="write it again, or as CSV",
            ) from None
        return _columns(frame, path.name)
    raise DataError(
        "Parquet needs pyarrow or polars, and neither is installed.",
        where=path.name,
        mend="pip install pyarrow, or save the table as CSV",
    )


def _from_frame(source: Any) -> Table:
    import narwhals as nw

    try:
        frame = nw.from_native(source)
    except TypeError:
        raise ArgumentError(
            f"what is given is of type {type(source).__name__}, no table.",
            where="read_table",
            expected="a path, a data frame, a mapping of columns or a Table",
            mend="for an array: dict(zip(names, X.T))",
        ) from None
    except nw.exceptions.NarwhalsError as error:
        raise DataError(
            f"the data frame cannot be read: {' '.join(str(error).split())}.",
            where=f"a {type(source).__name__} of {type(source).__module__.partition('.')[0]}",
            expected="a name of its own for each column",
            mend="rename the columns",
        ) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    return _columns(frame, None)


def _columns(frame: Any, source: str | None) -> Table:
    names = map(str, frame.columns)
    return Table(dict(zip(names, map(_values, frame.iter_columns()), strict=True)), source)


def _values(series: Any) -> Any:
    """Return the values of a column, as an array where nothing is lost by it."""
    kind = series.dtype
    if kind.is_numeric() and not kind.is_decimal():
        if series.null_count() == 0:
            return series.to_numpy()
        return series.cast(type(kind)() if kind.is_float() else _float()).to_numpy()
    return np.array([*series.to_list(), None], object)[:-1]


def _float() -> Any:
    import narwhals as nw

    return nw.Float64()
