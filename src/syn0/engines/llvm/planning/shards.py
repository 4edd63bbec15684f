"""Sums over samples in shards: a thread adds up the samples that it computed itself.

What one core has just written costs another one more to read than to compute. So the rows of a
batch are cut into a few shards, each sum is made for each of them by itself, and the sums are
added in the order of the shards. Their number follows from sizes alone, hence so do all bits.
"""

from __future__ import annotations

import math

from syn0.engines.llvm.kernels.reduction import (
    Reduction,
    place_of_resuming,
    place_of_rows,
    reduction_kernel,
)
from syn0.engines.llvm.planning.calls import Emitter, named
from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.memory import Buffer, Call, Pointer, Portion, Repeat, is_aligned
from syn0.engines.llvm.planning.views import View
from syn0.graph import Tensor, batch

LEAST = 64  # samples of a shard
LEAST_PICTURES = 8  # samples of a shard where each has many places that are added up
MOST = 8  # shards
MANY = 96  # samples, of which the numbers are as many as a shard's part may be
NARROW = 16  # numbers of a sample, below which reading another core's costs little


def shards_of(samples: int, least: int = LEAST) -> Rows:
    """Return the shards of a batch, of a power of two that no machine changes.

    Examples
    --------
    >>> shards_of(200), shards_of(100).count, shards_of(9000).count
    (Rows(count=2, batched=False, shard=100), 1, 8)
    """
    count = 1
    while 2 * count <= MOST and 2 * count * least <= samples:
        count *= 2
    return Rows(count, False, -(-samples // count))


def paying_shards(e: Emitter, t: Tensor) -> Rows | None:
    """Return the shards of a sum over samples, None where its parts are better made from all.

    That is where a part is more numbers than many samples are, or samples are nearly nothing.
    """
    if t.inputs[-1].shape[:1] != (batch,):
        return None
    samples = e.fusion.shape(t.inputs[-1])[0]
    shards = shards_of(samples, LEAST_PICTURES if e.has_pictures else LEAST)
    read = sum(math.prod(e.fusion.shape(x)) for x in t.inputs)
    added = math.prod(e.fusion.shape(t))
    pays = NARROW * samples <= read and added * samples <= MANY * read
    return shards if shards.count > 1 and pays else None


def contract_shards(e: Emitter, t: Tensor, x: View, y: View, shards: Rows) -> None:
    """Emit the sum over samples n of x[n, i] * y[n, j]; there may be several n a sample."""
    if y.shape[1] == 1 and x.strides[1] == 1:
        x, y = y, x  # the same numbers, along vectors
    if y.strides[1] != 1 and y.shape[1] != 1:
        y = e.copied(y)
    (count, m), n = x.shape, y.shape[1]
    portion = Portion(shards.shard * (count // e.fusion.shape(t.inputs[1])[0]), count)
    lead, length = shards.count, portion.each
    left = View(
        x.base, x.offset, (lead, m, length), (length * x.strides[0], x.strides[1], x.strides[0])
    )
    right = View(y.base, y.offset, (lead, length, n), (length * y.strides[0], *y.strides))
    own = _is_own(e, x, shards), _is_own(e, y, shards)
    parts = memory_of_parts(e, t, shards)
    e.contract_into(parts, left, right, shards, own, parts.name, depth=portion)
    add_parts(e, t, parts)


def sum_shards(e: Emitter, t: Tensor, x: View, shards: Rows) -> None:
    """Emit the sum of the rows of a matrix, as many for each sample."""
    (count, width), (source,) = x.shape, t.inputs
    portion = Portion(shards.shard * (count // e.fusion.shape(source)[0]), count)
    part = Reduction("sum", t.dtype, (width,), (portion.each,), x.strides[1:], x.strides[:1])
    kernel, numbers = reduction_kernel(part)
    place = place_of_rows(part)
    given = tuple(portion if i == place else n for i, n in enumerate(numbers))
    parts = memory_of_parts(e, t, shards)
    strides = (portion.each * x.strides[0], width)
    e.calls.append(
        Call(
            kernel, (e.pointer(x), Pointer(parts)), given, shards,
            ((e.buffers[id(x.base)], _is_own(e, x, shards)),), (parts,),
            whole=width, repeats=(Repeat(shards.count, strides),),
            label=parts.name, operations=count * width, resumes=place_of_resuming(part),
        )
    )  # fmt: skip
    add_parts(e, t, parts)


def _is_own(e: Emitter, matrix: View, shards: Rows) -> bool:
    """Tell whether a shard of a matrix's rows lies in the same shard of its memory."""
    buffer = e.buffers[id(matrix.base)]
    if not shards.split(buffer.rows):
        return False
    each = matrix.shape[0] // buffer.rows.count
    by_sample = View(
        matrix.base, matrix.offset, (buffer.rows.count, each, matrix.shape[1]),
        (each * matrix.strides[0], *matrix.strides),
    )  # fmt: skip
    return is_aligned(by_sample, buffer, buffer.rows)


def memory_of_parts(e: Emitter, t: Tensor, shards: Rows) -> Buffer:
    """Return memory for what each shard adds up."""
    size = math.prod(e.fusion.shape(t))
    return e.memory(f"{named(t)} by shard", t.dtype, shards.count * size, shards)


def add_parts(e: Emitter, t: Tensor, parts: Buffer) -> None:
    """Emit the sum of the shards' parts, in their order."""
    first, *others = e.fusion.shape(t)
    size = first * math.prod(others)
    kept, strides = ((first, size // first), (size // first, 1)) if others else ((first,), (1,))
    reduction = Reduction(
        "sum", t.dtype, kept, (parts.rows.count,), strides, (size,), id(t) in e.checked
    )
    e.reduce(t, reduction, Pointer(parts), Rows(first, False), own=False)
