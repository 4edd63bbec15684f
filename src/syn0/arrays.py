"""Checks of the arrays that people give: each error says what, where, expected, mend.

An array may be larger than the memory, so checks look at one block of rows after the other
and leave it where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import DataError, DTypeError, ShapeError
from syn0.graph import Dimension, Shape, format_shape

Array = NDArray[Any]
BLOCK = 2**24  # bytes that a check looks at at a time


def to_array(value: Any, what: str) -> Array:
    """Return numbers as an array, in their own dtype.

    Raises
    ------
    DataError
        If the value is missing, empty, ragged or holds no numbers.
    """
    if value is None:
        raise DataError(f"{what} is None.", expected="an array of numbers, one row a sample")
    if type(value).__module__.startswith("scipy.sparse"):
        raise DataError(
            f"{what} is a sparse matrix.", expected="a dense array", mend=f"{what}.toarray()"
        )
    if isinstance(value, np.ma.MaskedArray):
        raise DataError(
            f"{what} is a masked array, whose mask would be lost.",
            expected="an array with a number in every place",
            mend=f"fill what is masked: {what}.filled({what}.mean()), or leave those rows out",
        )
    try:
        array = np.asarray(value)
    except ValueError:
        raise _ragged(value, what) from None
    if array.dtype == object:
        array = _numbers_from_objects(array, value, what)
    if array.dtype.kind == "c":
        raise DTypeError(f"{what} holds complex numbers.", mend="use the real part: X.real")
    if array.dtype.kind not in "fiub":
        raise DTypeError(
            f"{what} holds {_kind(array)}, not numbers.",
            expected="numbers",
            mend="encode text as numbers: sklearn.preprocessing.OneHotEncoder or OrdinalEncoder",
        )
    return array


def _kind(array: Array) -> str:
    return {"U": "text", "S": "bytes", "M": "dates", "m": "time spans"}.get(
        array.dtype.kind, str(array.dtype)
    )


def _ragged(value: Any, what: str) -> DataError:
    lengths = [np.size(row) for row in value]
    odd = next((i for i, n in enumerate(lengths) if n != lengths[0]), 0)
    return DataError(
        f"the rows of {what} differ in length: row 0 has {lengths[0]} values, "
        f"row {odd} has {lengths[odd]}.",
        expected="rows of one length",
        mend="fill short rows up, or leave odd ones out",
    )


def _numbers_from_objects(array: Array, value: Any, what: str) -> Array:
    for place, item in np.ndenumerate(array):
        if isinstance(item, (list, tuple, np.ndarray)):
            raise _ragged(value, what)
        if isinstance(item, (str, bytes)) or not hasattr(item, "__float__"):
            raise DTypeError(
                f"{what} holds {item!r} at {_place(place)}.",
                expected="numbers",
                mend="encode text as numbers, fill in or leave out what is missing",
            )
    return array.astype(np.float64)


def _place(index: Sequence[int], start: int = 0) -> str:
    """Name a position, given within a block that begins at row `start`."""
    if len(index):
        index = (start + index[0], *index[1:])
    if len(index) == 2:
        return f"row {index[0]}, column {index[1]}"
    return f"sample {index[0]}" if len(index) == 1 else f"position {tuple(map(int, index))}"


def is_mapped(array: Any) -> bool:
    """Tell whether an array lies in a file that is mapped into memory."""
    while array is not None and not isinstance(array, mmap):
        array = array.obj if isinstance(array, memoryview) else getattr(array, "base", None)
    return array is not None


def blocks(array: Array) -> Iterator[tuple[int, Array]]:
    """Yield an array in blocks of rows, each with the number of its first row."""
    if array.nbytes <= BLOCK or array.ndim == 0:
        yield 0, array
        return
    rows = max(1, BLOCK * len(array) // array.nbytes)
    for start in range(0, len(array), rows):
        yield start, array[start : start + rows]


def check_numbers(array: Array, what: str, dtype: str) -> None:
    """Refuse what is not finite in `dtype`, looking at each block once."""
    if array.dtype.kind != "f" or not array.size:
        return
    limit = min(float(np.finfo(kind).max) for kind in (dtype, array.dtype))
    for _, part in blocks(array):
        if not -limit <= part.min() <= part.max() <= limit:  # NaN is neither
            check_finite(array, what)
            check_range(array, what, dtype)


def check_finite(array: Array, what: str) -> None:
    """Raise a `DataError` that names the first NaN or infinity."""
    if array.dtype.kind != "f":
        return
    count, first = 0, ""
    for start, part in blocks(array):
        # A sum may overflow though all its terms are finite; in float16 it easily does.
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.sum(part, dtype=np.float64 if part.itemsize < 4 else None)
        if np.isfinite(total):
            continue
        bad = np.argwhere(~np.isfinite(part))
        if len(bad) and not count:
            first = f"{part[tuple(bad[0])]} at {_place(bad[0], start)}"
        count += len(bad)
    if count:
        raise DataError(
            f"{what} holds {first}" + (f" and {count - 1} more such values." if count > 1 else "."),
            expected="finite numbers, neither NaN nor infinity (inf)",
            mend="fill them in (sklearn.impute.SimpleImputer) or leave those rows out",
        )


def check_range(array: Array, what: str, dtype: str) -> None:
    """Raise a `DataError` that names the first finite number that is infinite in `dtype`.

    Parameters
    ----------
    array : array
        Finite numbers in a dtype of their own.
    what : str
        How errors call them.
    dtype : {"float32", "float64"}
        What the network computes in.
    """
    limit = float(np.finfo(dtype).max)
    if array.dtype.kind != "f" or not array.size or float(np.finfo(array.dtype).max) <= limit:
        return
    for start, part in blocks(array):
        if part.max() <= limit and part.min() >= -limit:
            continue
        bad = np.argwhere(np.abs(part) > limit)[0]
        place = _place(bad, start)
        raise DataError(
            f"{what} holds {part[tuple(bad)]} at {place}, which is infinite in {dtype}.",
            expected=f"numbers between {-limit:.3g} and {limit:.3g}",
            mend=f"scale {what} down, or build the network with dtype='float64'",
        )


def check_rows(array: Array, shape: Shape, what: str, one: str = "net.predict_one(x)") -> Array:
    """Return the array if each row has this shape, adding a channel axis where it is clear."""
    if array.ndim and len(array) == 0:
        raise DataError(f"{what} is empty: its shape is {array.shape}.", expected="samples")
    row = array.shape[1:]
    if _fits(row, shape):
        return array
    if shape and shape[-1] == 1 and _fits((*row, 1), shape):
        return array[..., None]
    expected = "(samples, " + ", ".join(map(str, shape)) + ")"
    mend = None
    if array.ndim == len(shape) and _fits(array.shape, shape):
        mend = f"for a single sample call {one}, or give it as a row: {what}[None]"
    elif array.ndim == 1 and len(shape) == 1:
        mend = f"one feature: {what}.reshape(-1, 1); one sample: {what}.reshape(1, -1)"
    elif array.ndim == len(shape) + 1:
        order = _matching_order(row, shape)
        if order is not None:
            mend = f"{what}.transpose(0, {', '.join(str(i + 1) for i in order)})"
    raise ShapeError(
        f"{what} has the shape {array.shape}.", expected=expected,
        mend=mend or f"give {what} with the features that the network was built for",
    )  # fmt: skip


def _fits(row: Sequence[int], shape: Shape) -> bool:
    return len(row) == len(shape) and all(
        isinstance(n, Dimension) or d == n for d, n in zip(row, shape, strict=True)
    )


def _matching_order(row: Sequence[int], shape: Shape) -> tuple[int, ...] | None:
    if len(shape) == 3 and _fits((row[1], row[2], row[0]), shape):
        return (1, 2, 0)
    if len(shape) == 2 and _fits((row[1], row[0]), shape):
        return (1, 0)
    return None


def check_integers(array: Array, what: str) -> Array:
    """Return whole numbers; those of another kind as int64 where that is small.

    Engines cast what they take, so that a large array need not be copied here.
    """
    if array.dtype.kind == "f" and any(np.any(x != np.floor(x)) for _, x in blocks(array)):
        raise DTypeError(
            f"{what} holds {array.dtype} values that are not whole.", expected="whole numbers"
        )
    if array.dtype.kind in "iu" or array.nbytes > BLOCK:
        return array
    return array.astype(np.int64)


def check_sample_weight(
    weights: Any, samples: int, what: str = "sample_weight", *, some: bool = True
) -> Array:
    """Return one finite weight, not negative, for each sample, and above 0 for some."""
    array = to_array(weights, what)
    if array.shape != (samples,):
        raise ShapeError(
            f"{what} has the shape {array.shape}.", expected=f"one weight a sample: ({samples},)"
        )
    check_finite(array, what)
    if (array < 0).any():
        raise DataError(
            f"{what} holds {array.min()} at sample {int(array.argmin())}.",
            expected="weights that are not negative",
        )
    if some and not array.any():
        raise DataError(f"{what} is zero for every sample.", expected="at least one above 0")
    return array.astype(np.float64, copy=False)


def check_same_length(parts: Mapping[str, Array]) -> int:
    """Return the number of samples, the same in all parts."""
    lengths = {name: len(array) for name, array in parts.items()}
    if len(set(lengths.values())) > 1:
        counts = " and ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DataError(
            f"the numbers of samples differ: {counts}.", expected="one row of each for a sample"
        )
    return next(iter(lengths.values()))


# ----- targets ------------------------------------------------------------


def check_targets(
    y: Any, shape: Shape, kind: str, name: str = "y", dtype: str = "float64"
) -> Array:
    """Return targets that fit an output of this shape.

    Parameters
    ----------
    y : array
        Numbers; for classes their numbers or one-hot rows.
    shape : tuple
        The shape of the output for one sample.
    kind : {"values", "classes", "questions"}
        What the loss compares with: numbers, classes that exclude each other, or a yes or
        no for each output.
    name : str
        How errors call them.
    dtype : {"float32", "float64"}
        What the network computes in.
    """
    array = to_text_checked(y, name)
    check_numbers(array, name, dtype)
    if array.ndim == 0:
        raise ShapeError(f"{name} is a single number.", expected="a target for each sample")
    if len(array) == 0:
        raise DataError(f"{name} is empty.", expected="a target for each sample")
    if kind == "classes" and shape and shape[-1] != 1:
        return _check_classes(array, shape, name)
    if _fits(array.shape[1:], shape):
        checked = array
    elif shape and shape[-1] == 1 and _fits((*array.shape[1:], 1), shape):
        checked = array[..., None]
    else:
        raise _wrong_targets(array, shape, name)
    if kind != "values" and (checked.min() < 0 or checked.max() > 1):
        raise DataError(
            f"{name} holds values from {checked.min()} to {checked.max()}.",
            expected="0 or 1 for each output unit",
            mend="for several classes end with Dense(classes, activation='softmax')",
        )
    return checked


def to_text_checked(y: Any, name: str) -> Array:
    """Return targets as an array; text is answered with how to learn labels."""
    if not isinstance(y, np.ndarray) and y is not None:
        try:
            y = np.asarray(y)
        except ValueError:
            raise _ragged(y, name) from None
    text = isinstance(y, np.ndarray) and (
        y.dtype.kind in "US" or (y.dtype == object and y.size and isinstance(y.flat[0], str))
    )
    if text:
        raise DTypeError(
            f"{name} holds text such as {str(y.flat[0])!r}.",
            expected="class numbers 0, 1, 2, ... or one-hot rows",
            mend="classes, y = np.unique(y, return_inverse=True); or give the network to "
            "syn0.neural_network.NetworkClassifier(net).fit(X, y), which takes labels",
        )
    return to_array(y, name)


def _check_classes(array: Array, shape: Shape, name: str) -> Array:
    units = shape[-1]
    assert isinstance(units, int)
    if array.ndim == len(shape) + 1 and array.shape[-1] == units and _fits(array.shape[1:], shape):
        _check_probabilities(array, name)
        return array
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1 and array.shape[-1] != units:
        array = array[..., 0]
    if array.ndim != len(shape):
        raise _wrong_targets(array, shape, name, classes=True)
    numbers = check_integers(array, name)
    if numbers.min() < 0 or numbers.max() >= units:
        found = len(np.unique(numbers))
        raise DataError(
            f"{name} has {found} classes, numbered {numbers.min()} to {numbers.max()}, "
            f"the last layer {units} units.",
            expected=f"class numbers from 0 to {units - 1}",
            mend=f"end with Dense({int(numbers.max()) + 1}, activation='softmax')"
            if numbers.min() >= 0
            else "classes, y = np.unique(y, return_inverse=True)",
        )
    return numbers


def _check_probabilities(array: Array, name: str) -> None:
    for _, part in blocks(array):
        sums = part.sum(axis=-1)
        wrong = np.flatnonzero(np.abs(sums - 1) > 1e-3)
        if wrong.size or part.min() < 0:
            worst = f"one sums to {sums.flat[wrong[0]]:g}" if wrong.size else "one is below 0"
            raise DataError(
                f"the rows of {name} are not probabilities: {worst}.",
                expected="one-hot rows, or class numbers",
                mend="where several classes may be true: activation='sigmoid', "
                "loss='binary_cross_entropy'",
            )


def _wrong_targets(array: Array, shape: Shape, name: str, classes: bool = False) -> ShapeError:
    expected = format_shape(("samples", *shape))  # type: ignore[arg-type]
    if classes:
        expected += f", or class numbers {format_shape(('samples', *shape[:-1]))}"  # type: ignore[arg-type]
    width = array.shape[-1] if array.ndim > 1 else 1
    return ShapeError(
        f"{name} has the shape {array.shape}, the network puts out {format_shape(shape)} a sample.",
        expected=expected,
        mend=f"end with {width} unit{'s' * (width != 1)}, or give {name} in that shape; "
        "targets are never broadcast",
    )
