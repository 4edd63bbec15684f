"""Ops that move values without changing them, in adjoint pairs.

reshape itself · permute_dims itself · expand_dims with squeeze · broadcast_to with sum ·
slice with unslice · pad with slice · concat with slice · take with scatter_add.
The derivative of the one is the other, so both live here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import DTypeError, ShapeError
from syn0.graph import (
    Dimension,
    NoDerivative,
    Op,
    Sample,
    Shape,
    Size,
    Tensor,
    bad_shape,
    constant,
    format_shape,
    public,
)

Axes = int | tuple[int, ...] | None


def normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float64]:
    """Draw standard normal sample inputs."""
    return rng.standard_normal(shape)


def same_shape(x: Tensor, **_: Any) -> tuple[Shape, str]:
    """Give the shape rule of ops that keep the shape and dtype of their input."""
    return x.shape, x.dtype


def normalize_axes(x: Any, axis: Axes) -> Axes:
    """Return `axis` counted from the first axis: None for all, an int for one, else a tuple."""
    if axis is None:
        return None
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in axes:
        if not -x.ndim <= a < x.ndim:
            raise ShapeError(
                f"axis {a} does not exist in the shape {format_shape(tuple(x.shape))}.",
                expected=f"an axis from {-x.ndim} to {x.ndim - 1}",
            )
    counted = tuple(sorted(a % x.ndim for a in axes))
    return counted[0] if len(counted) == 1 else counted


def reduced_shape(x: Tensor, axis: Axes, keepdims: bool) -> Shape:
    """Return the shape that is left when `axis` is reduced."""
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(x.shape))
    return tuple(d for i, d in enumerate(x.shape) if i not in axes)


def restore_axes(dy: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Put the reduced axes back with size 1, so that `dy` broadcasts against the input."""
    if keepdims or axis is None:
        return dy
    for a in (axis,) if isinstance(axis, int) else axis:
        dy = expand_dims(dy, a)
    return dy


def unbroadcast(dy: Tensor, x: Tensor) -> Tensor:
    """Sum `dy` over the axes that broadcasting repeated, so that it has the shape of `x`."""
    extra = dy.ndim - x.ndim
    if extra:
        dy = sum(dy, axis=tuple(range(extra)))
    repeated = tuple(i for i, (d, n) in enumerate(zip(dy.shape, x.shape, strict=True)) if d != n)
    return sum(dy, axis=repeated, keepdims=True) if repeated else dy


# ----- reshape ------------------------------------------------------------


def _count(shape: Sequence[Size]) -> tuple[int, list[str]]:
    numbers = math.prod(d for d in shape if isinstance(d, int))
    return numbers, sorted(repr(d) for d in shape if isinstance(d, Dimension))


def _reshape_shape(x: Tensor, *, shape: Shape) -> tuple[Shape, str]:
    if _count(x.shape) != _count(shape):
        raise bad_shape("reshape", f"{format_shape(shape)} holds another number of values", x)
    return shape, x.dtype


def _reshape(xp: Any, x: Any, *, shape: Any) -> Any:
    """Return the same values in row order under another shape."""
    return xp.reshape(x, shape)


def _reshape_derivative(dy: Tensor, y: Tensor, x: Tensor, *, shape: Shape) -> Any:
    return reshape_op(dy, shape=x.shape)


def _reshape_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 6), shape=(3, 4))
    yield Sample(normal(rng, 2, 3, 2), shape=(2, 6))
    yield Sample(normal(rng, 1), shape=())
    yield Sample(normal(rng, 0, 3), shape=(3, 0))


reshape_op = Op("reshape", _reshape_shape, _reshape, _reshape_derivative, _reshape_samples)


@public
def reshape(x: Any, shape: Sequence[Size]) -> Any:
    """Return `x` in another shape; one size may be -1 and is computed.

    Examples
    --------
    >>> import syn0
    >>> x = syn0.graph.input_tensor("x", (syn0.graph.batch, 4, 4))
    >>> syn0.ops.reshape(x, (syn0.graph.batch, -1)).shape
    (batch, 16)
    """
    if not isinstance(x, Tensor):
        return np.reshape(x, shape)
    target = list(shape)
    if target.count(-1) > 1:
        raise bad_shape("reshape", f"only one size of {tuple(shape)} may be -1", x)
    if -1 in [d for d in target if isinstance(d, int)]:
        place = next(i for i, d in enumerate(target) if isinstance(d, int) and d == -1)
        rest = target[:place] + target[place + 1 :]
        numbers, names = _count(x.shape)
        known, known_names = _count(rest)
        left = [d for d in x.shape if isinstance(d, Dimension) and repr(d) not in known_names]
        if len(left) == 1 and numbers == known:
            target[place] = left[0]
        elif not left and known and numbers % known == 0 and names == known_names:
            target[place] = numbers // known
        else:
            raise bad_shape("reshape", f"-1 in {tuple(shape)} cannot be computed", x)
    return reshape_op(x, shape=tuple(target))


# ----- permute_dims, matrix_transpose -------------------------------------


def _permute_shape(x: Tensor, *, axes: tuple[int, ...]) -> tuple[Shape, str]:
    if sorted(axes) != list(range(x.ndim)):
        raise bad_shape("permute_dims", f"{axes} does not name each axis once", x)
    return tuple(x.shape[a] for a in axes), x.dtype


def _permute_dims(xp: Any, x: Any, *, axes: tuple[int, ...]) -> Any:
    """Return the values with the axes in another order."""
    return xp.transpose(x, axes)


def _permute_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axes: tuple[int, ...]) -> Any:
    return permute_op(dy, axes=tuple(axes.index(i) for i in range(len(axes))))


def _permute_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3, 4), axes=(2, 0, 1))
    yield Sample(normal(rng, 2, 3), axes=(1, 0))


permute_op = Op(
    "permute_dims", _permute_shape, _permute_dims, _permute_derivative, _permute_samples
)


@public
def permute_dims(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Return `x` with its axes in another order; None reverses them."""
    order = tuple(range(x.ndim))[::-1] if axes is None else tuple(a % x.ndim for a in axes)
    return matrix_transpose(x) if order == (1, 0) else permute_op(x, axes=order)


def _matrix_transpose_shape(x: Tensor) -> tuple[Shape, str]:
    if x.ndim < 2:
        raise bad_shape("matrix_transpose", "a matrix has at least two axes", x)
    return (*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype


def _matrix_transpose(xp: Any, x: Any) -> Any:
    """Return the values with the last two axes swapped."""
    return x.mT


def _matrix_transpose_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return matrix_transpose(dy)


def _matrix_transpose_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3))
    yield Sample(normal(rng, 2, 3, 4))


matrix_transpose = Op(
    "matrix_transpose",
    _matrix_transpose_shape,
    _matrix_transpose,
    _matrix_transpose_derivative,
    _matrix_transpose_samples,
)
public(lambda x: matrix_transpose(x), "matrix_transpose")


# ----- expand_dims, squeeze -----------------------------------------------


def _expand_shape(x: Tensor, *, axis: int) -> tuple[Shape, str]:
    if not 0 <= axis <= x.ndim:
        raise bad_shape("expand_dims", f"axis {axis} lies outside the shape", x)
    return (*x.shape[:axis], 1, *x.shape[axis:]), x.dtype


def _expand_dims(xp: Any, x: Any, *, axis: int) -> Any:
    """Return the values with a new axis of size 1."""
    return xp.expand_dims(x, axis)


def _expand_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: int) -> Any:
    return squeeze_op(dy, axis=axis)


def _expand_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for axis in (0, 1, 2):
        yield Sample(normal(rng, 2, 3), axis=axis)


expand_op = Op("expand_dims", _expand_shape, _expand_dims, _expand_derivative, _expand_samples)


@public
def expand_dims(x: Any, axis: int) -> Any:
    """Return `x` with a new axis of size 1 at `axis`."""
    return expand_op(x, axis=axis % (x.ndim + 1))


def _squeeze_shape(x: Tensor, *, axis: int) -> tuple[Shape, str]:
    if not 0 <= axis < x.ndim or x.shape[axis] != 1:
        raise bad_shape("squeeze", f"axis {axis} is not of size 1", x)
    return (*x.shape[:axis], *x.shape[axis + 1 :]), x.dtype


def _squeeze(xp: Any, x: Any, *, axis: int) -> Any:
    """Return the values without an axis of size 1."""
    return xp.squeeze(x, axis)


def _squeeze_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: int) -> Any:
    return expand_op(dy, axis=axis)


def _squeeze_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 1, 3), axis=1)
    yield Sample(normal(rng, 1), axis=0)


squeeze_op = Op("squeeze", _squeeze_shape, _squeeze, _squeeze_derivative, _squeeze_samples)


@public
def squeeze(x: Any, axis: int) -> Any:
    """Return `x` without its axis of size 1 at `axis`."""
    return squeeze_op(x, axis=axis % x.ndim)


# ----- broadcast_to, sum --------------------------------------------------


def _broadcast_shape(x: Tensor, *, shape: Shape) -> tuple[Shape, str]:
    tail = shape[len(shape) - x.ndim :]
    if x.ndim > len(shape) or any(d != n and d != 1 for d, n in zip(x.shape, tail, strict=True)):
        raise bad_shape("broadcast_to", f"it cannot be repeated to {format_shape(shape)}", x)
    return shape, x.dtype


def _broadcast_to(xp: Any, x: Any, *, shape: Any) -> Any:
    """Return the values repeated along new axes and axes of size 1."""
    return xp.broadcast_to(x, shape)


def _broadcast_derivative(dy: Tensor, y: Tensor, x: Tensor, *, shape: Shape) -> Any:
    return unbroadcast(dy, x)


def _broadcast_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3), shape=(2, 3))
    yield Sample(normal(rng, 2, 1), shape=(2, 3))
    yield Sample(normal(rng), shape=(2, 2))


broadcast_op = Op(
    "broadcast_to", _broadcast_shape, _broadcast_to, _broadcast_derivative, _broadcast_samples
)


@public
def broadcast_to(x: Any, shape: Sequence[Size]) -> Any:
    """Return `x` repeated to `shape`, as in NumPy."""
    return broadcast_op(x, shape=tuple(shape))


def _sum_shape(x: Tensor, *, axis: Axes, keepdims: bool) -> tuple[Shape, str]:
    if x.dtype == "bool":
        raise DTypeError(
            "sum of booleans has no dtype of its own here.",
            mend="choose one: syn0.ops.astype(x, 'float32')",
        )
    return reduced_shape(x, axis, keepdims), x.dtype


def _sum(xp: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    """Return the sum over axes."""
    return xp.sum(x, axis=axis, keepdims=keepdims)


def _sum_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: Axes, keepdims: bool) -> Any:
    return broadcast_op(restore_axes(dy, axis, keepdims), shape=x.shape)


def reduction_samples(rng: np.random.Generator) -> Iterable[Sample]:
    """Give the samples of reductions over axes."""
    yield Sample(normal(rng, 3, 4), axis=0, keepdims=False)
    yield Sample(normal(rng, 3, 4), axis=1, keepdims=True)
    yield Sample(normal(rng, 2, 3, 4), axis=(0, 2), keepdims=False)
    yield Sample(normal(rng, 3, 4), axis=None, keepdims=False)


def _sum_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from reduction_samples(rng)
    yield Sample(normal(rng, 0, 3), axis=0, keepdims=False)
    yield Sample([[1.0, np.nan], [np.inf, 2.0]], axis=0, keepdims=False, smooth=False)


sum_op = Op("sum", _sum_shape, _sum, _sum_derivative, _sum_samples)


@public
def sum(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the sum over `axis`, all axes if None."""
    return sum_op(x, axis=normalize_axes(x, axis), keepdims=keepdims)


# ----- slice, unslice, pad ------------------------------------------------


def _sliced_size(size: Size, key: slice) -> Size:
    if isinstance(size, int):
        return len(range(*key.indices(size)))
    start, stop, step = key.start or 0, key.stop, key.step or 1
    if start < 0 and stop is None:
        return -(start // step)
    if start < 0 or step < 1 or (stop is not None and stop >= 0):
        raise ShapeError(
            f"the named dimension {size} cannot be sliced by {start}:{stop}:{step}.",
            expected="a start from the front, a stop counted from the end, a positive step",
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
    return unslice_op(dy, key=key, shape=x.shape)


def _slice_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 4, 5), key=(slice(1, None), slice(None, -2)))
    yield Sample(normal(rng, 7), key=(slice(None, None, 3),))
    yield Sample(normal(rng, 3, 4), key=(slice(2, 2),))


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
    return xp.eye(classes, dtype=dtype)[labels]


def _one_hot_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(rng.integers(0, 4, 5), classes=4, dtype="float64")


one_hot_op = Op(
    "one_hot", _one_hot_shape, _one_hot, NoDerivative("labels are data"), _one_hot_samples
)


@public
def one_hot(labels: Any, classes: int, dtype: str = "float32") -> Any:
    """Return a row for each label: 1 at its class, 0 elsewhere."""
    return one_hot_op(labels, classes=classes, dtype=dtype)


# ----- stop_gradient, custom_derivative -----------------------------------


def _stop_gradient(xp: Any, x: Any) -> Any:
    """Return `x`, as if it were data."""
    return x


def _stop_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3))


stop_gradient = Op(
    "stop_gradient",
    same_shape,
    _stop_gradient,
    NoDerivative("it exists to stop the gradient"),
    _stop_samples,
)


def _custom_shape(y: Tensor, x: Tensor, factor: Tensor) -> tuple[Shape, str]:
    if y.shape != x.shape or factor.shape != x.shape:
        raise bad_shape("custom_derivative", "value, input and derivative differ", y, x, factor)
    return y.shape, y.dtype


def _custom_derivative(xp: Any, y: Any, x: Any, factor: Any) -> Any:
    """Return `y` computed from `x`, with `factor` for its derivative."""
    return y


def _custom_derivative_derivative(
    dy: Tensor, out: Tensor, y: Tensor, x: Tensor, factor: Tensor
) -> Any:
    return None, dy * factor, None


def _custom_samples(rng: np.random.Generator) -> Iterable[Sample]:
    # The three inputs of a sample are independent, so only forward values are compared.
    yield Sample(normal(rng, 3), normal(rng, 3), normal(rng, 3), smooth=False)


custom_derivative = Op(
    "custom_derivative",
    _custom_shape,
    _custom_derivative,
    _custom_derivative_derivative,
    _custom_samples,
)
