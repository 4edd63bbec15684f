"""How a value is read through moves: transposing, slicing and repeating cost nothing.

A view is a buffer's values under another shape, by an offset and a stride for each axis.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from syn0.graph import Tensor, bind

Sizes = tuple[int, ...]


def contiguous(shape: Sizes) -> Sizes:
    """Return the strides of an array in row order.

    Examples
    --------
    >>> contiguous((2, 3, 4))
    (12, 4, 1)
    """
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return tuple(strides)


def in_row_order(shape: Sizes, strides: Sizes) -> bool:
    """Tell whether elements follow each other row by row, without gaps."""
    pairs = zip(shape, strides, contiguous(shape), strict=True)
    return all(n == 1 or stride == wanted for n, stride, wanted in pairs)


@dataclass(frozen=True)
class View:
    """Values of a tensor that has memory of its own, seen under another shape."""

    base: Tensor
    offset: int
    shape: Sizes
    strides: Sizes

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def is_contiguous(self) -> bool:
        """Whether the values lie in row order without gaps."""
        return in_row_order(self.shape, self.strides)

    def turned(self) -> View:
        """Return a matrix transposed."""
        return replace(self, shape=self.shape[::-1], strides=self.strides[::-1])

    def as_matrix(self) -> View | None:
        """Return the view with its leading axes taken as rows, None if these are not even."""
        if len(self.shape) == 2:
            return self
        return self.reshaped((math.prod(self.shape[:-1]), self.shape[-1]))

    def broadcast(self, shape: Sizes) -> View:
        """Return the view repeated to a shape."""
        extra = len(shape) - len(self.shape)
        pairs = zip(self.shape, self.strides, shape[extra:], strict=True)
        strides = tuple(0 if n == 1 and wanted != 1 else stride for n, stride, wanted in pairs)
        return replace(self, shape=shape, strides=(0,) * extra + strides)

    def reshaped(self, shape: Sizes) -> View | None:
        """Return the view under another shape, None where the values would have to move."""
        if math.prod(shape) == 0 or self.is_contiguous:
            return replace(self, shape=shape, strides=contiguous(shape))
        old = [(n, s) for n, s in zip(self.shape, self.strides, strict=True) if n != 1]
        strides: list[int] = []
        place = 0
        for group in _groups([n for n, _ in old], [n for n in shape if n != 1]):
            taken, made = group
            part = old[place : place + taken]
            place += taken
            if any(s != t * m for (_, s), (m, t) in itertools.pairwise(part)):
                return None
            last = part[-1][1]
            strides += [last * s for s in contiguous(tuple(made))]
        found = iter(strides)
        placed = tuple(1 if n == 1 else next(found) for n in shape)
        return replace(self, shape=shape, strides=placed)


def _groups(old: list[int], new: list[int]) -> list[tuple[int, list[int]]]:
    """Return how many old axes make up which new axes, each group as small as can be."""
    groups: list[tuple[int, list[int]]] = []
    i = j = 0
    while i < len(old):
        first_i, first_j = i, j
        a, b = old[i], new[j]
        i, j = i + 1, j + 1
        while a != b:
            if a < b:
                a, i = a * old[i], i + 1
            else:
                b, j = b * new[j], j + 1
        groups.append((i - first_i, new[first_j:j]))
    return groups


# ----- the ops that only move --------------------------------------------


def _expand(view: View, *, axis: int) -> View:
    return replace(
        view,
        shape=(*view.shape[:axis], 1, *view.shape[axis:]),
        strides=(*view.strides[:axis], 0, *view.strides[axis:]),
    )


def _squeeze(view: View, *, axis: int) -> View:
    return replace(
        view,
        shape=(*view.shape[:axis], *view.shape[axis + 1 :]),
        strides=(*view.strides[:axis], *view.strides[axis + 1 :]),
    )


def _permute(view: View, *, axes: Sizes) -> View:
    shape = tuple(view.shape[a] for a in axes)
    return replace(view, shape=shape, strides=tuple(view.strides[a] for a in axes))


def _transpose(view: View) -> View:
    last = len(view.shape) - 1
    return _permute(view, axes=(*range(last - 1), last, last - 1))


def _broadcast(view: View, *, shape: Sizes) -> View:
    return view.broadcast(shape)


def _slice(view: View, *, key: Sequence[slice]) -> View:
    offset, shape, strides = view.offset, list(view.shape), list(view.strides)
    for axis, part in enumerate(key):
        start, stop, step = part.indices(view.shape[axis])
        offset += start * strides[axis]
        shape[axis] = len(range(start, stop, step))
        strides[axis] *= step
    return replace(view, offset=offset, shape=tuple(shape), strides=tuple(strides))


def _reshape(view: View, *, shape: Sizes) -> View | None:
    return view.reshaped(shape)


MOVES: Mapping[str, Callable[..., View | None]] = {
    "expand_dims": _expand,
    "squeeze": _squeeze,
    "permute_dims": _permute,
    "matrix_transpose": _transpose,
    "broadcast_to": _broadcast,
    "slice": _slice,
    "reshape": _reshape,
}


def moved(tensor: Tensor, view: View, sizes: Mapping[str, int]) -> View | None:
    """Return a tensor that only moves as a view of its input's base; None if it must copy."""
    attributes: dict[str, Any] = bind(tensor.attributes, sizes)
    return MOVES[tensor.op.name](view, **attributes)
