"""Values that are made again where they are needed, rather than kept: sums with a row, scalings.

What a normalization makes of its input costs a few instructions an element, less than to write
it and to read it again after the whole batch has gone through the cache. The same instructions
on the same numbers: no bit depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from syn0.engines.llvm.kernels.expressions import cost
from syn0.engines.llvm.planning.views import MOVES
from syn0.graph import Tensor, bind_shape, topological_order
from syn0.simplify import ELEMENTWISE

CHEAP = frozenset("add subtract multiply divide negative square".split())
MOST = 32  # cycles that a vector may take to be made again
LARGE = 1 << 16  # elements from which on a value leaves the near caches before it is read again
SMALL = 64  # times fewer elements make the other operand a row


def recomputed(
    roots: Sequence[Tensor], sizes: Mapping[str, int]
) -> tuple[list[Tensor], frozenset[int]]:
    """Return a graph in which each user of such a value has a copy of its own.

    Parameters
    ----------
    roots : sequence of Tensor
        What is wanted; none of them is copied.
    sizes : mapping of str to int
        The named dimensions.

    Returns
    -------
    list of Tensor, frozenset of int
        The roots anew, and the ids of the copies.
    """
    order = topological_order(roots)
    cheap = _cheap(order, roots, sizes)
    new: dict[int, Tensor] = {}
    copies: set[int] = set()

    def taken(x: Tensor) -> Tensor:
        """Return an input as a user reads it."""
        if id(x) not in cheap:
            return new[id(x)]
        copy = replace(x, inputs=tuple(map(taken, x.inputs)))
        kept.append(copy)
        copies.add(id(copy))
        return copy

    kept: list[Tensor] = []  # so that no id is used twice
    for tensor in order:
        if id(tensor) not in cheap:
            inputs = tuple(map(taken, tensor.inputs))
            same = all(x is y for x, y in zip(inputs, tensor.inputs, strict=True))
            new[id(tensor)] = tensor if same else replace(tensor, inputs=inputs)
    return [new[id(root)] for root in roots], frozenset(copies)


def _cheap(
    order: Sequence[Tensor], roots: Sequence[Tensor], sizes: Mapping[str, int]
) -> Collection[int]:
    """Return the ids of values that their users may make themselves."""
    kept = {id(root) for root in roots} | {
        id(x)
        for tensor in order
        for x in tensor.inputs
        if tensor.op.name not in ELEMENTWISE or tensor.shape != x.shape
    }  # in memory anyway, or read as something else
    cycles: dict[int, int] = {}
    for tensor in order:
        if tensor.op.name in CHEAP and id(tensor) not in kept:
            source = _source(tensor, sizes)
            spent = cost(tensor.op.name) + cycles.get(id(source), 0)
            if source is not None and spent <= MOST:
                cycles[id(tensor)] = spent
    return cycles.keys()


def _source(tensor: Tensor, sizes: Mapping[str, int]) -> Tensor | None:
    """Return the one input that is as large as a value, the others being rows or numbers."""

    def count(x: Tensor) -> int:
        while x.op.name in MOVES:
            x = x.inputs[0]
        return math.prod(bind_shape(x.shape, sizes))

    whole = math.prod(bind_shape(tensor.shape, sizes))
    large = {id(x): x for x in tensor.inputs if x.shape == tensor.shape and count(x) == whole}
    rows = all(SMALL * count(x) <= whole for x in tensor.inputs if id(x) not in large)
    if len(large) != 1 or not rows or whole < LARGE:
        return None
    (source,) = large.values()
    return source if source.dtype == tensor.dtype else None
