"""Ops that cut, pad, join and look up parts, in adjoint pairs.

slice with unslice · pad with slice · concat with slice · take with scatter_add.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from syn0.errors import DTypeError, ShapeError
from syn0.graph import (
    NoDerivative,
    Op,
    Sample,
    Shape,
    Size,
    Tensor,
    bad_shape,
    batch,
    constant,
    public,
)
from syn0.ops.structure import expand_dims, normal, squeeze

# ----- slice, unslice, pad ------------------------------------------------


def _sliced_size(size: Size, key: slice) -> Size:
    if isinstance(size, int):
        return len(range(*key.indices(size)))
    start, stop, step = key.start or 0, key.stop, key.step or 1
    if (key.start, stop, step) == (None, None, -1):
        return size
    if size != batch and stop == start + 1 and (start >= 0) == (stop > 0):
        return 1
    if start < 0 and stop is None:
        return -(start // step)
    if start < 0 or step < 1 or (stop is not None and stop >= 0):
        raise ShapeError(
            f"the named dimension {size} cannot be sliced by {start}:{stop}:{step}.",
            expected="::-1, or a start from the front, a stop from the end and a positive step",
        )
    return (
        (size + ((stop or 0) - start + step - 1)) // step
        if step > 1
        else size + ((stop or 0) - start)
    )


def _slice_shape(x: Tensor, *, key: tuple[slice, ...]) -> tuple[Shape, str]:
    if len(key) > x.ndim:
        raise bad_shape("slice", f"{len(key)} indices for {x.ndim} axes", x)
    full = (*key, *[slice(None)] * (x.ndim - len(key)))
    return tuple(_sliced_size(d, k) for d, k in zip(x.shape, full, strict=True)), x.dtype


def _slice(xp: Any, x: Any, *, key: tuple[slice, ...]) -> Any:
    """Return a part along each axis."""
    return x[key]


def _slice_derivative(dy: Tensor, y: Tensor, x: Tensor, *, key: tuple[slice, ...]) -> Any:
    if y.shape == x.shape:  # nothing but turned round, as this turns it back
        return slice_op(dy, key=key)
    return unslice_op(dy, key=key, shape=x.shape)


def _slice_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 4, 5), key=(slice(1, None), slice(None, -2)))
    yield Sample(normal(rng, 7), key=(slice(None, None, 3),))
    yield Sample(normal(rng, 3, 4), key=(slice(2, 2),))
    yield Sample(normal(rng, 3, 2), key=(slice(None, None, -1),))


slice_op = Op("slice", _slice_shape, _slice, _slice_derivative, _slice_samples)


def _unslice_shape(x: Tensor, *, key: tuple[slice, ...], shape: Shape) -> tuple[Shape, str]:
    return shape, x.dtype


def _unslice(xp: Any, x: Any, *, key: tuple[slice, ...], shape: Any) -> Any:
    """Return zeros with `x` at the place that the slice was cut from."""
    whole = xp.zeros(shape, dtype=x.dtype)
    whole[key] = x
    return whole


def _unslice_derivative(dy: Tensor, y: Tensor, x: Tensor, *, key: Any, shape: Shape) -> Any:
    return slice_op(dy, key=key)


def _unslice_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3, 3), key=(slice(1, None), slice(None, -2)), shape=(4, 5))
    yield Sample(normal(rng, 3), key=(slice(None, None, 3),), shape=(7,))


unslice_op = Op("unslice", _unslice_shape, _unslice, _unslice_derivative, _unslice_samples)


@public
def getitem(x: Tensor, key: Any) -> Any:
    """Return ``x[key]`` for integers, slices, None and ``...``; an index array takes rows."""
    keys = key if isinstance(key, tuple) else (key,)
    if len(keys) == 1 and (isinstance(key, (Tensor, list, np.ndarray))):
        return take(x, key)
    if Ellipsis in [k for k in keys if k is Ellipsis]:
        place = next(i for i, k in enumerate(keys) if k is Ellipsis)
        given = [k for k in keys if k is not None and k is not Ellipsis]
        fill = [slice(None)] * (x.ndim - len(given))
        keys = (*keys[:place], *fill, *keys[place + 1 :])
    slices: list[slice] = []
    edits: list[tuple[int, str]] = []
    axis = 0
    for k in keys:
        if k is None:
            edits.append((axis, "expand"))
            axis += 1
        elif isinstance(k, (int, np.integer)):
            slices.append(_one(x, len(slices), int(k)))
            edits.append((axis, "squeeze"))
        elif isinstance(k, slice):
            slices.append(k)
            axis += 1
        else:
            raise ShapeError(f"a tensor cannot be indexed by {k!r}.", expected="ints and slices")
    if len(slices) > x.ndim:
        raise bad_shape("getitem", f"{len(slices)} indices for {x.ndim} axes", x)
    if any(s != slice(None) for s in slices):
        x = slice_op(x, key=tuple(slices))
    for where, edit in edits:
        x = expand_dims(x, where) if edit == "expand" else squeeze(x, where)
    return x


def _one(x: Tensor, axis: int, index: int) -> slice:
    size = x.shape[axis] if axis < x.ndim else 0
    if isinstance(size, int) and not -size <= index < size:
        raise bad_shape("getitem", f"index {index} lies outside axis {axis}", x)
    if isinstance(size, int):
        return slice(index % size, index % size + 1)
    return slice(index, index + 1 or None)


def _pad_shape(x: Tensor, *, widths: tuple[tuple[int, int], ...]) -> tuple[Shape, str]:
    if len(widths) != x.ndim or any(before < 0 or after < 0 for before, after in widths):
        raise bad_shape("pad", f"{widths} is not a pair of widths for each axis", x)
    return tuple(d + (a + b) for d, (a, b) in zip(x.shape, widths, strict=True)), x.dtype


def _pad(xp: Any, x: Any, *, widths: Any) -> Any:
    """Return the values with zeros around them."""
    return xp.pad(x, widths)


def _pad_derivative(dy: Tensor, y: Tensor, x: Tensor, *, widths: Any) -> Any:
    return slice_op(dy, key=tuple(slice(a, -b if b else None) for a, b in widths))


def _pad_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3), widths=((0, 1), (2, 0)))
    yield Sample(normal(rng, 2), widths=((0, 0),))


pad_op = Op("pad", _pad_shape, _pad, _pad_derivative, _pad_samples)


@public
def pad(x: Any, widths: Sequence[tuple[int, int]]) -> Any:
    """Return `x` with ``(before, after)`` zeros along each axis."""
    return pad_op(x, widths=tuple((int(a), int(b)) for a, b in widths))


# ----- concat -------------------------------------------------------------


def _concat_shape(*parts: Tensor, axis: int) -> tuple[Shape, str]:
    first = parts[0]
    for part in parts[1:]:
        rest = [d for i, d in enumerate(part.shape) if i != axis]
        if part.ndim != first.ndim or rest != [d for i, d in enumerate(first.shape) if i != axis]:
            raise bad_shape("concat", f"only axis {axis} may differ", *parts)
    if len({part.dtype for part in parts}) > 1:
        raise DTypeError(f"concat got the dtypes {', '.join(p.dtype for p in parts)}.")
    sizes = [part.shape[axis] for part in parts]
    if not all(isinstance(s, int) for s in sizes):
        raise bad_shape("concat", f"axis {axis} has no known size", *parts)
    total = math.fsum(s for s in sizes if isinstance(s, int))
    return tuple(int(total) if i == axis else d for i, d in enumerate(first.shape)), first.dtype


def _concat(xp: Any, *parts: Any, axis: int) -> Any:
    """Return the parts joined along an axis."""
    return xp.concatenate(parts, axis=axis)


def _concat_derivative(dy: Tensor, y: Tensor, *parts: Tensor, axis: int) -> Any:
    pieces, start = [], 0
    for part in parts:
        width = part.shape[axis]
        assert isinstance(width, int)
        key = (*[slice(None)] * axis, slice(start, start + width))
        pieces.append(slice_op(dy, key=key))
        start += width
    return tuple(pieces)


def _concat_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3), normal(rng, 2, 1), axis=1)
    yield Sample(normal(rng, 1, 2), normal(rng, 2, 2), normal(rng, 3, 2), axis=0)


concat_op = Op("concat", _concat_shape, _concat, _concat_derivative, _concat_samples)


@public
def concat(parts: Sequence[Any], axis: int = 0) -> Any:
    """Return the parts joined along `axis`."""
    return concat_op(*parts, axis=axis % np.ndim(parts[0]) if axis < 0 else axis)


@public
def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Return the parts, all of one shape, joined along a new `axis`."""
    return concat([expand_dims(part, axis) for part in parts], axis=axis)


# ----- take, scatter_add, one_hot -----------------------------------------


def _take_shape(x: Tensor, indices: Tensor) -> tuple[Shape, str]:
    if x.ndim < 1 or "int" not in indices.dtype:
        raise bad_shape("take", f"rows are taken by integers, not by {indices.dtype}", x, indices)
    return (*indices.shape, *x.shape[1:]), x.dtype


def _take(xp: Any, x: Any, indices: Any) -> Any:
    """Return the rows of `x` that `indices` name."""
    return x[indices]


def _take_derivative(dy: Tensor, y: Tensor, x: Tensor, indices: Tensor) -> Any:
    return scatter_add_op(dy, indices, shape=x.shape), None


def _take_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 4, 3), np.array([3, 0, 3]))
    yield Sample(normal(rng, 4), np.array([[1, 2], [0, 0]]))


take_op = Op("take", _take_shape, _take, _take_derivative, _take_samples)


def take(x: Any, indices: Any) -> Any:
    """Return the rows of `x` (its first axis) that `indices` name."""
    return take_op(x, _whole(indices, x))


def _numpy_take(a: Any, indices: Any, axis: int | None = None) -> Any:
    if axis != 0:
        raise ShapeError("np.take of a tensor takes rows only.", expected="axis=0")
    return take(a, indices)


public(_numpy_take, "take")


def _whole(indices: Any, x: Any) -> Any:
    """Keep index arrays whole numbers, whatever the dtype of `x`."""
    plain = isinstance(indices, Tensor) or not isinstance(x, Tensor)
    return indices if plain else constant(np.asarray(indices))


def _scatter_shape(values: Tensor, indices: Tensor, *, shape: Shape) -> tuple[Shape, str]:
    if values.shape != (*indices.shape, *shape[1:]):
        raise bad_shape("scatter_add", "the values do not match the indices", values, indices)
    return shape, values.dtype


def _scatter_add(xp: Any, values: Any, indices: Any, *, shape: Any) -> Any:
    """Return zeros to which each of `values` is added at the row its index names."""
    total = xp.zeros(shape, dtype=values.dtype)
    xp.add.at(total, indices, values)
    return total


def _scatter_derivative(
    dy: Tensor, y: Tensor, values: Tensor, indices: Tensor, *, shape: Shape
) -> Any:
    return take_op(dy, indices), None


def _scatter_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3, 2), np.array([3, 0, 3]), shape=(4, 2))
    yield Sample(normal(rng, 2, 2), np.array([[1, 2], [0, 0]]), shape=(3,))


scatter_add_op = Op(
    "scatter_add", _scatter_shape, _scatter_add, _scatter_derivative, _scatter_samples
)


@public
def scatter_add(values: Any, indices: Any, shape: Sequence[Size]) -> Any:
    """Return zeros of `shape` to whose rows `indices` the `values` are added."""
    return scatter_add_op(values, _whole(indices, values), shape=tuple(shape))


def _one_hot_shape(labels: Tensor, *, classes: int, dtype: str) -> tuple[Shape, str]:
    if "int" not in labels.dtype:
        raise bad_shape("one_hot", f"class numbers are integers, not {labels.dtype}", labels)
    return (*labels.shape, classes), dtype


def _one_hot(xp: Any, labels: Any, *, classes: int, dtype: str) -> Any:
    """Return a row for each label: 1 at its class, 0 elsewhere."""
    return (xp.expand_dims(labels, -1) == xp.arange(classes)).astype(dtype)


def _one_hot_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(rng.integers(0, 4, 5), classes=4, dtype="float64")


one_hot_op = Op(
    "one_hot", _one_hot_shape, _one_hot, NoDerivative("labels are data"), _one_hot_samples
)


@public
def one_hot(labels: Any, classes: int, dtype: str = "float32") -> Any:
    """Return a row for each label: 1 at its class, 0 elsewhere."""
    return one_hot_op(labels, classes=classes, dtype=dtype)
