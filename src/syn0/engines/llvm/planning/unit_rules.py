"""The calls of units that are not nests: products, sums over leading axes, rows, random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from syn0.engines.llvm.kernels.indexing import gather_kernel, scatter_add_kernel
from syn0.engines.llvm.kernels.randomness import random_kernel
from syn0.engines.llvm.kernels.reduction import Reduction
from syn0.engines.llvm.kernels.total import total_kernel
from syn0.engines.llvm.planning.calls import Emitter, named
from syn0.engines.llvm.planning.convolution_rules import CONVOLUTION_RULES
from syn0.engines.llvm.planning.endings import adds_samples
from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.memory import SOLO, Call, Pointer, is_aligned
from syn0.engines.llvm.planning.pooling_rules import POOLING_RULES
from syn0.engines.llvm.planning.shards import contract_shards, paying_shards, sum_shards
from syn0.engines.llvm.planning.views import MOVES, Sizes, View, contiguous
from syn0.graph import Tensor
from syn0.ops.structure import listed_axes

Rule = Callable[[Emitter, Tensor, Rows], None]


def _matmul(e: Emitter, t: Tensor, rows: Rows) -> None:
    x, y = (e.fusion.view(i) for i in t.inputs)
    shape = e.fusion.shape(t)
    *lead, m, _ = shape
    shards = paying_shards(e, t) if adds_samples(t) else None
    if shards:
        contract_shards(e, t, x.turned(), y, shards)
        return
    own = is_aligned(x, e.buffers[id(x.base)], rows)
    if y.shape[:-2] == () or math.prod(y.shape[:-2]) == 1:
        flat = x.as_matrix()
        if flat is not None:
            y = View(y.base, y.offset, y.shape[-2:], y.strides[-2:])
            scale = (math.prod(lead) * m) // rows.count if rows.count else 1
            e.contract(flat, y, t, rows, own, scale)
            return
    x = x.broadcast((*lead, *x.shape[-2:]))
    y = y.broadcast((*lead, *y.shape[-2:]))
    e.contract(x, y, t, rows, own)


def _tensordot(e: Emitter, t: Tensor, rows: Rows) -> None:
    views = []
    for i in t.inputs:
        view = e.fusion.view(i)
        flat = view.as_matrix()
        if flat is None:
            flat = e.copied(view).as_matrix()
        assert flat is not None
        views.append(flat)
    x, y = views
    shards = paying_shards(e, t)
    if shards:
        contract_shards(e, t, x, y, shards)
        return
    e.contract(x.turned(), y, t, rows, own=False)


def _reduce(e: Emitter, t: Tensor, rows: Rows) -> None:
    (x,) = t.inputs
    view = e.fusion.view(x)
    axes = listed_axes(x, t.attributes["axis"])
    kept = [a for a in range(x.ndim) if a not in axes]
    sizes, strides = view.shape, view.strides
    if not kept and strides == (1,):
        _total(e, t, view)
        return
    flat = view.as_matrix() if kept == [x.ndim - 1] and t.op.name == "sum" else None
    shards = paying_shards(e, t)
    if flat is not None and flat.strides[1] == 1 and shards:
        sum_shards(e, t, flat, shards)
        return
    reduction = Reduction(
        t.op.name, t.dtype, tuple(sizes[a] for a in kept) or (1,), tuple(sizes[a] for a in axes),
        tuple(strides[a] for a in kept) or (0,), tuple(strides[a] for a in axes),
        id(t) in e.checked,
    )  # fmt: skip
    by_row = bool(kept) and kept[0] == 0
    rows = Rows(reduction.kept[0], by_row and rows.batched)
    source = e.pointer(view)
    e.reduce(t, reduction, source, rows, by_row and is_aligned(view, source.buffer, rows))


def _total(e: Emitter, t: Tensor, view: View) -> None:
    source, out = e.buffers[id(view.base)], e.buffers[id(t)]
    kernel = total_kernel(t.op.name, t.dtype, id(t) in e.checked)
    numbers, reads = view.shape, ((source, False),)
    pointers = (e.pointer(view), Pointer(out))
    e.calls.append(
        Call(
            kernel, pointers, numbers, SOLO, reads, (out,), label=named(t), operations=numbers[0]
        )
    )  # fmt: skip


def _whole(e: Emitter, view: View) -> View:
    return view if view.is_contiguous else e.copied(view)


def _take(e: Emitter, t: Tensor, rows: Rows) -> None:
    x, indices = (_whole(e, e.fusion.view(i)) for i in t.inputs)
    width = math.prod(x.shape[1:])
    out = e.buffers[id(t)]
    count = math.prod(indices.shape)
    scale = count // rows.count if indices.shape and rows.count else 1
    index = e.buffers[id(indices.base)]
    kernel = gather_kernel(x.base.dtype, t.dtype, indices.base.dtype, width)
    reads = ((e.buffers[id(x.base)], False), (index, is_aligned(indices, index, rows)))
    pointers = (e.pointer(x), e.pointer(indices), Pointer(out))
    if not indices.shape:
        rows = out.rows = SOLO
    e.calls.append(
        Call(kernel, pointers, (x.shape[0],), rows, reads, (out,), scale=scale, label=named(t))
    )


def _scatter_add(e: Emitter, t: Tensor, rows: Rows) -> None:
    values, indices = (_whole(e, e.fusion.view(i)) for i in t.inputs)
    shape = e.fusion.shape(t)
    width, out = math.prod(shape[1:]), e.buffers[id(t)]
    kernel = scatter_add_kernel(t.dtype, indices.base.dtype, width)
    reads = tuple((e.buffers[id(v.base)], False) for v in (values, indices))
    pointers = (e.pointer(values), e.pointer(indices), Pointer(out))
    numbers = (math.prod(indices.shape), shape[0])
    out.rows = SOLO
    e.calls.append(
        Call(kernel, pointers, numbers, SOLO, reads, (out,), scale=width, label=named(t))
    )


def _random(e: Emitter, t: Tensor, rows: Rows) -> None:
    seed, step = (e.fusion.view(i) for i in t.inputs)
    kernel = random_kernel(t.op.name.removeprefix("random_"), t.dtype)
    numbers = (t.attributes["stream"],)
    out = e.buffers[id(t)]
    reads = tuple((e.buffers[id(v.base)], False) for v in (seed, step))
    pointers = (e.pointer(seed), e.pointer(step), Pointer(out))
    e.calls.append(
        Call(kernel, pointers, numbers, out.rows, reads, (out,), scale=out.row, label=named(t))
    )


def _concat(e: Emitter, t: Tensor, rows: Rows) -> None:
    shape, axis, start = e.fusion.shape(t), t.attributes["axis"], 0
    for part in t.inputs:
        view = e.fusion.view(part)
        key = (*[slice(None)] * axis, slice(start, start + view.shape[axis]))
        _into(e, t, view, key, shape, rows)
        start += view.shape[axis]


def _pad(e: Emitter, t: Tensor, rows: Rows) -> None:
    view = e.fusion.view(t.inputs[0])
    pairs = zip(t.attributes["widths"], view.shape, strict=True)
    key = tuple(slice(before, before + n) for (before, _), n in pairs)
    e.zero(t, rows)
    _into(e, t, view, key, e.fusion.shape(t), rows)


def _unslice(e: Emitter, t: Tensor, rows: Rows) -> None:
    e.zero(t, rows)
    _into(e, t, e.fusion.view(t.inputs[0]), t.attributes["key"], e.fusion.shape(t), rows)


def _into(e: Emitter, t: Tensor, part: View, key: Any, shape: Sizes, rows: Rows) -> None:
    """Emit a copy of a part to its place in a value."""
    whole = View(t, 0, shape, contiguous(shape))
    goal = MOVES["slice"](whole, key=key)
    assert goal is not None
    if math.prod(part.shape) == 0:
        return
    if len(shape) == 1:
        part = View(part.base, part.offset, (*part.shape, 1), (*part.strides, 0))
        goal = View(t, goal.offset, (*goal.shape, 1), (*goal.strides, 0))
    same = goal.shape[0] == rows.count and goal.offset < max(math.prod(shape[1:]), 1)
    e.move(part, goal, goal.shape, rows if same else SOLO)


RULES: Mapping[str, Rule] = {
    "matmul": _matmul,
    "tensordot": _tensordot,
    "sum": _reduce,
    "max": _reduce,
    "take": _take,
    "scatter_add": _scatter_add,
    "random_uniform": _random,
    "random_normal": _random,
    "concat": _concat,
    "pad": _pad,
    "unslice": _unslice,
    **CONVOLUTION_RULES,
    **POOLING_RULES,
}
