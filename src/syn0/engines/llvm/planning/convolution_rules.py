"""The calls of convolution and its adjoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from syn0.engines.llvm.kernels.convolution import (
    Part,
    convolution_kernel,
    correlation_kernel,
    table,
)
from syn0.engines.llvm.kernels.packing import transpose_kernel
from syn0.engines.llvm.planning.calls import Emitter, named, stand_in
from syn0.engines.llvm.planning.convolution import (
    Strides,
    axes_of,
    channel_sum_parts,
    is_by_channel,
    map_parts,
    sum_parts,
)
from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.memory import Call, Pointer, Portion, Repeat, is_aligned
from syn0.engines.llvm.planning.shards import add_parts, memory_of_parts, paying_shards
from syn0.engines.llvm.planning.views import View, contiguous
from syn0.engines.llvm.planning.windows import (
    Run,
    bands_of,
    picture_runs,
    tap_runs,
    window_runs,
)
from syn0.graph import Tensor

Rule = Callable[[Emitter, Tensor, Rows], None]
BANDS = 16  # of lines of a single picture, which threads share


def _strides(view: View) -> Strides:
    """Return how far apart samples, lines, pixels and channels are."""
    return Strides(*view.strides)


def _made(e: Emitter, t: Tensor) -> Strides:
    return Strides(*contiguous(e.fusion.shape(t)))


def _with_neighbours(e: Emitter, view: View) -> View:
    """Return a view whose last axis lies side by side."""
    return view if view.strides[-1] == 1 or view.shape[-1] == 1 else e.copied(view)


def _conv2d(e: Emitter, t: Tensor, rows: Rows) -> None:
    x, w = (e.fusion.view(i) for i in t.inputs)
    made = e.fusion.shape(t)
    axes = axes_of(x.shape[1:3], made[1:3], w.shape[:2], t.attributes)
    runs = [window_runs(axis) for axis in axes]
    _map(e, t, rows, x, _with_neighbours(e, w), runs, w.shape[2])


def _conv2d_dx(e: Emitter, t: Tensor, rows: Rows) -> None:
    dy, w = (e.fusion.view(i) for i in t.inputs)
    made = e.fusion.shape(t)
    axes = axes_of(made[1:3], dy.shape[1:3], w.shape[:2], t.attributes)
    runs = [picture_runs(axis) for axis in axes]
    groups = t.attributes["groups"]
    if is_by_channel(groups, made[3], dy.shape[3]):
        _map(e, t, rows, dy, _with_neighbours(e, w), runs, 1)
    else:
        _map(e, t, rows, dy, _transposed(e, w), runs, dy.shape[3] // groups)


def _map(
    e: Emitter, t: Tensor, rows: Rows, x: View, w: View, runs: Sequence[Sequence[Run]], depth: int
) -> None:
    """Emit a result made of channels of `x`, `depth` of each group, and of columns of `w`."""
    made, groups = e.fusion.shape(t), t.attributes["groups"]
    by_column = is_by_channel(groups, x.shape[3], made[3])
    if by_column:
        x, groups, depth = _with_neighbours(e, x), 1, 1
    columns = made[3] // groups
    # A group of rows of a transposed window begins `depth` rows further down, of another columns
    # to the right.
    line, pixel, row, _ = w.strides
    of_group = columns if w.shape[2] == depth or by_column else depth * row
    weights = Strides(of_group, line, pixel, row)
    target = _made(e, t)
    bands = min(made[1], BANDS) if e.is_single else 1
    parts = [
        part
        for lines in bands_of(runs[0], made[1], bands)
        for part in map_parts(
            [lines, runs[1]], _strides(x), weights, target, depth, groups, columns
        )
    ]
    ending = e.ending(t)
    kernel = convolution_kernel(t.dtype, columns, e.target, by_column=by_column)
    numbers = (len(parts), columns, x.strides[0], target.sample)
    source, out, places = e.buffers[id(x.base)], e.buffers[id(t)], e.table(table(parts))
    reads = (
        (source, is_aligned(x, source, rows)), (e.buffers[id(w.base)], False), (places, False),
        *ending.reads,
    )  # fmt: skip
    pointers = (e.pointer(x), e.pointer(w), Pointer(out), Pointer(places))
    e.calls.append(
        Call(
            kernel, pointers, numbers, rows, reads, (out, *ending.writes),
            label=named(t) + ending.label,
            operations=_operations(parts, columns) * rows.count + ending.operations,
            bands=bands if e.is_single else 0, ending=ending,
        )
    )  # fmt: skip


def _operations(parts: Sequence[Part], columns: int) -> int:
    """Return the operations of a sample."""
    products = sum(p.lines * p.rows * p.taps * p.inner_taps * p.depth for p in parts)
    return 2 * columns * products


def _transposed(e: Emitter, w: View) -> View:
    """Return a copy of a window's matrices, each transposed."""
    w = w if w.is_contiguous else e.copied(w)
    height, width, rows, columns = w.shape
    source = e.buffers[id(w.base)]
    count = math.prod(w.shape)
    taps = Rows(height, False)
    copy = e.memory(f"{source.name} transposed", source.dtype, count, taps)
    holder = stand_in(w.base)
    e.buffers[id(holder)] = copy
    size = rows * columns
    repeats = (Repeat(height, (width * size, width * size)), Repeat(width, (size, size)))
    e.calls.append(
        Call(
            transpose_kernel(source.dtype), (e.pointer(w), Pointer(copy)),
            (rows, columns, columns, rows), taps, ((source, False),), (copy,),
            whole=columns, repeats=repeats, label=copy.name,
        )
    )  # fmt: skip
    shape = (height, width, columns, rows)
    return View(holder, 0, shape, contiguous(shape))


def _conv2d_dw(e: Emitter, t: Tensor, rows: Rows) -> None:
    x, dy = (e.fusion.view(i) for i in t.inputs)
    made, groups = e.fusion.shape(t), t.attributes["groups"]
    by_column = is_by_channel(groups, x.shape[3], dy.shape[3])
    dy, channels = _with_neighbours(e, dy), made[2]
    if by_column:
        x, groups, channels = _with_neighbours(e, x), 1, 1
    axes = axes_of(x.shape[1:3], dy.shape[1:3], made[:2], t.attributes)
    columns, shards = dy.shape[3] // groups, paying_shards(e, t)
    at = _strides(x), _strides(dy)
    parts = channel_sum_parts(*axes, *at, columns) if by_column and shards else None
    if parts is None:
        runs = [tap_runs(axis) for axis in axes]
        parts = sum_parts(runs, *at, channels, groups, columns)
    kernel = correlation_kernel(t.dtype, columns, e.target, by_column=by_column)
    places, samples = e.table(table(parts)), x.shape[0]
    operations = 2 * samples * columns * sum(p.rows * p.inner_taps * p.depth for p in parts)
    if shards is None:
        out, own = e.buffers[id(t)], (False, False)
        repeats: tuple[Repeat, ...] = ()
        given: int | Portion = samples
    else:
        out, rows = memory_of_parts(e, t, shards), shards
        own = _is_own(e, x, shards), _is_own(e, dy, shards)
        distances = (shards.shard * x.strides[0], shards.shard * dy.strides[0], math.prod(made))
        repeats = (Repeat(shards.count, distances),)
        given = Portion(shards.shard, samples)
    pointers = (e.pointer(x), e.pointer(dy), Pointer(out), Pointer(places))
    e.calls.append(
        Call(
            kernel, pointers, (given, columns), rows,
            ((pointers[0].buffer, own[0]), (pointers[1].buffer, own[1]), (places, False)), (out,),
            scale=len(parts) // rows.count, whole=len(parts), repeats=repeats, label=out.name,
            operations=operations,
        )
    )  # fmt: skip
    if shards is not None:
        add_parts(e, t, out)


def _is_own(e: Emitter, view: View, shards: Rows) -> bool:
    """Tell whether a shard of samples lies in the same shard of its memory."""
    buffer = e.buffers[id(view.base)]
    return shards.split(buffer.rows) and is_aligned(view, buffer, buffer.rows)


CONVOLUTION_RULES: Mapping[str, Rule] = {
    "conv2d": _conv2d,
    "conv2d_dx": _conv2d_dx,
    "conv2d_dw": _conv2d_dw,
}
