"""Sums and maxima over leading axes, where each column is one chain in row order.

Vectors lie along the last kept axis, several side by side, so that the chains of one hide the
latency of another. They run down all rows in registers; of a large array with wide rows, a few
rows are read at a time from end to end, and the chains go on through the target. A column's
bits depend on its numbers alone: not on the way that is taken, nor on a call's range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Self

from syn0.engines.llvm.ir import (
    BYTES,
    I1,
    I64,
    PTR,
    SCALARS,
    Function,
    Module,
    Type,
    Value,
    integer,
    literal,
)  # fmt: skip
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.expressions import extreme, is_float, is_signed

GROUP = 8  # vectors side by side, which fill the registers of AVX2
ROWS = 8  # read together where a row is too wide to stay with: as many streams of memory
LARGE = 2**18  # bytes, from where on streams are faster


@dataclass(frozen=True)
class Reduction:
    """A reduction of a view to a contiguous array.

    Parameters
    ----------
    op : str
        ``"sum"``, or ``"max"``, which keeps NaN.
    dtype : str
        Of the source and of the result.
    kept, reduced : tuple of int
        Sizes of the axes of either kind; the first kept axis is split by ranges.
    kept_strides, reduced_strides : tuple of int
        Strides of the source along them, in elements; fastest where the last kept one is 1.
    checked : bool
        Whether the kernel returns 1 where a result is NaN or infinite.
    """

    op: str
    dtype: str
    kept: tuple[int, ...]
    reduced: tuple[int, ...]
    kept_strides: tuple[int, ...]
    reduced_strides: tuple[int, ...]
    checked: bool = False


def reduction_kernel(reduction: Reduction) -> Kernel:
    """Return the kernel of a reduction: ``(source, target, begin, end)``.

    The range is one of the first kept axis. A sum over nothing is 0.

    Examples
    --------
    >>> bias = Reduction("sum", "float32", (10,), (64,), (1,), (10,))
    >>> reduction_kernel(bias).symbol[:9]
    'reduction'
    """
    if reduction.op == "max" and 0 in reduction.reduced:
        raise ValueError("the maximum of nothing does not exist")
    symbol = symbol_of("reduction", reduction)
    return Kernel(symbol, lambda: _Writer(symbol, reduction).text())


# ----- axes ---------------------------------------------------------------


@dataclass(frozen=True)
class _Axis:
    """An axis, with the distance between its elements in the source and in the target."""

    size: int
    source: int
    target: int = 0

    def follows(self, outer: Self) -> bool:
        """Tell whether this axis and the one outside it can be walked as one."""
        return outer.source == self.size * self.source

    def joined(self, outer: Self) -> _Axis:
        """Return the two as one."""
        return _Axis(outer.size * self.size, self.source, self.target)


def _joined(axes: Sequence[_Axis]) -> list[_Axis]:
    """Return as few axes as walk over the same elements in the same order."""
    found: list[_Axis] = []
    for axis in axes:
        if found and axis.follows(found[-1]):
            found[-1] = axis.joined(found[-1])
        elif axis.size != 1:
            found.append(axis)
    return found


def _kept_axes(reduction: Reduction) -> list[_Axis]:
    sizes = reduction.kept
    targets = [math.prod(sizes[i + 1 :]) for i in range(len(sizes))]
    return [_Axis(*axis) for axis in zip(sizes, reduction.kept_strides, targets, strict=True)]


# ----- the kernel ---------------------------------------------------------


@dataclass(frozen=True)
class _Pass:
    """A part of the rows: loops, around a few rows written out; how its chains begin and end."""

    loops: tuple[_Axis, ...] = ()
    unrolled: _Axis = _Axis(1, 0)
    starts: bool = True
    ends: bool = True


class _Writer:
    """Writes the kernel of one reduction."""

    def __init__(self, symbol: str, reduction: Reduction) -> None:
        parameters = [(PTR, "source"), (PTR, "target"), (I64, "begin"), (I64, "end")]
        self.module = Module()
        self.f: Function = self.module.function(symbol, parameters, "i64")
        self.reduction = reduction
        self.scalar = SCALARS[reduction.dtype]
        self.result = self.f.value("alloca i64", PTR)

    def text(self) -> str:
        """Write the loops over the kept axes, around those over columns."""
        f = self.f
        f.store(integer(0), self.result)
        source, target, begin, end = (f.argument(n) for n in ("source", "target", "begin", "end"))
        first, *rest = _kept_axes(self.reduction)
        *middle, last = _joined(rest) or [_Axis(1, first.source, 1)]
        if not middle and last.follows(first):
            size = integer(last.size)
            begin, end = f.binary("mul", begin, size), f.binary("mul", end, size)
            self._rows(last.joined(first), _Columns(self, source, target, last.source, begin, end))
        else:
            with f.loop(begin, end) as loop:
                places = self._moved(first, loop.index, source, target)
                self._middle(middle, last, *places)
        f.line(f"ret {f.load(self.result, I64)}")
        return self.module.text()

    def _middle(self, axes: Sequence[_Axis], last: _Axis, source: Value, target: Value) -> None:
        """Write the loops over the kept axes between the first and the last."""
        if not axes:
            self._rows(last, _Columns(self, source, target, last.source, 0, last.size))
            return
        with self.f.loop(0, axes[0].size) as loop:
            places = self._moved(axes[0], loop.index, source, target)
            self._middle(axes[1:], last, *places)

    def _moved(self, axis: _Axis, index: Value, *places: Value) -> list[Value]:
        """Return the addresses in source and target, or the former, moved along an axis."""
        f = self.f
        return [
            f.offset(place, f.binary("mul", index, integer(stride)), self.scalar)
            for place, stride in zip(places, (axis.source, axis.target), strict=False)
        ]

    def _rows(self, last: _Axis, columns: _Columns) -> None:
        """Write the reduction of columns in one pass over the rows, or in many of a few rows."""
        reduction = self.reduction
        axes = zip(reduction.reduced, reduction.reduced_strides, strict=True)
        rows = _joined([_Axis(*axis) for axis in axes])
        if not self._wide(last, rows, columns):
            columns.write(_Pass(tuple(rows)), GROUP if reduction.op == "sum" else GROUP // 2)
            return
        row, whole = rows[0], (rows[0].size - 1) // ROWS * ROWS
        few = _Pass(unrolled=_Axis(ROWS, row.source), ends=False)
        rest = _Pass(unrolled=_Axis(row.size - whole, row.source), starts=False)
        columns.write(few, 2)
        with self.f.loop(ROWS, whole, ROWS) as loop:
            (top,) = self._moved(row, loop.index, columns.source)
            replace(columns, source=top).write(replace(few, starts=False), 2)
        (top,) = self._moved(row, integer(whole), columns.source)
        replace(columns, source=top).write(rest, 2)

    def _wide(self, last: _Axis, rows: Sequence[_Axis], columns: _Columns) -> bool:
        """Tell whether a large array has rows too wide to run down them in registers."""
        if last.source != 1 or len(rows) != 1 or rows[0].size <= ROWS:
            return False
        size = last.size * rows[0].size * BYTES[self.scalar]
        return last.size > GROUP * columns.lanes and size >= LARGE

    # ----- chains

    def first(self, kind: Type) -> Value:
        """Return what a chain starts from: nothing that it adds to is changed by it."""
        reduction = self.reduction
        if reduction.op == "sum":
            # Minus zero keeps the sign of every zero; the sum of nothing is plain 0.
            signed = is_float(reduction.dtype) and 0 not in reduction.reduced
            return literal(-0.0 if signed else 0, kind)
        if is_float(reduction.dtype):
            return literal(-math.inf, kind)
        bits = 8 * BYTES[self.scalar]
        return literal(-(2 ** (bits - 1)) if is_signed(reduction.dtype) else 0, kind)

    def combined(self, total: Value, x: Value) -> Value:
        """Return a chain with one more number."""
        if self.reduction.op == "max":
            return extreme(self.f, "maximum", self.reduction.dtype, x, total)
        return self.f.binary("fadd" if is_float(self.reduction.dtype) else "add", total, x)

    def check(self, totals: Sequence[Value]) -> None:
        """Note in the result if a total is not finite: then the total less itself is NaN."""
        f = self.f
        differences = [f.binary("fsub", total, total) for total in totals]
        found = [f.compare("fcmp uno", d, d) for d in differences]
        some = reduce(lambda x, y: f.binary("or", x, y), found)
        if some.type.lanes:
            some = f.call(f"llvm.vector.reduce.or.{some.type.suffix}", (some,), I1)
        with f.when(some):
            f.store(integer(1), self.result)


@dataclass(frozen=True)
class _Columns:
    """A range of columns, their stride, and the addresses that they are counted from."""

    writer: _Writer
    source: Value
    target: Value
    stride: int
    begin: Value | int
    end: Value | int

    @property
    def lanes(self) -> int:
        """How many columns make a vector; one if they lie apart, for memory gives one each."""
        return 1 if self.stride != 1 else 8 if BYTES[self.writer.scalar] == 8 else 16

    @property
    def kind(self) -> Type:
        """The type of the numbers of as many columns."""
        return Type(self.writer.scalar, self.lanes if self.lanes > 1 else None)

    def write(self, rows: _Pass, group: int) -> None:
        """Write the loops over columns: groups of vectors, smaller ones, and what is left."""
        f, begin = self.writer.f, self.begin
        while group:
            step = group * self.lanes
            limit = _limit(f, begin, self.end, step)
            if not (isinstance(limit, int) and limit == begin):
                with f.loop(begin, limit, step) as loop:
                    self._group(rows, loop.index, group)
            begin, group = limit, group // 2
        if self.lanes > 1 and not (isinstance(begin, int) and begin == self.end):
            with f.loop(begin, self.end, self.lanes) as loop:
                end = integer(self.end) if isinstance(self.end, int) else self.end
                mask = f.mask(self.lanes, f.binary("sub", end, loop.index))
                self._group(rows, loop.index, 1, mask)

    def _group(self, rows: _Pass, column: Value, group: int, mask: Value | None = None) -> None:
        """Write the chains of a few vectors side by side."""
        w, f = self.writer, self.writer.f
        top = f.offset(self.source, f.binary("mul", column, integer(self.stride)), w.scalar)
        bottom = f.offset(self.target, column, w.scalar)
        places = [f.offset(bottom, i * self.lanes, w.scalar) for i in range(group)]
        if rows.starts:
            totals = [w.first(self.kind)] * group
        else:
            totals = [self._load(place, mask) for place in places]
        for row in range(rows.unrolled.size):
            start = f.offset(top, row * rows.unrolled.source, w.scalar)
            totals = self._chains(rows.loops, start, totals, mask)
        for total, place in zip(totals, places, strict=True):
            f.store(total, place) if mask is None else f.masked_store(total, place, mask)
        if rows.ends and w.reduction.checked and self.kind.is_float:
            w.check(totals)

    def _chains(
        self, loops: Sequence[_Axis], top: Value, totals: Sequence[Value], mask: Value | None
    ) -> list[Value]:
        """Write the loops over rows, and return where the chains end."""
        w, f = self.writer, self.writer.f
        if loops:
            with f.loop(0, loops[0].size, carried=totals) as loop:
                step = f.binary("mul", loop.index, integer(loops[0].source))
                place = f.offset(top, step, w.scalar)
                loop.carry(*self._chains(loops[1:], place, loop.carried, mask))
            return loop.carried
        width = self.lanes * self.stride
        places = [f.offset(top, i * width, w.scalar) for i in range(len(totals))]
        loaded = [self._load(place, mask) for place in places]
        return [w.combined(total, x) for total, x in zip(totals, loaded, strict=True)]

    def _load(self, place: Value, mask: Value | None) -> Value:
        f = self.writer.f
        return f.load(place, self.kind) if mask is None else f.masked_load(place, self.kind, mask)


def _limit(f: Function, begin: Value | int, end: Value | int, step: int) -> Value | int:
    """Return where steps of this length, a power of two, come to an end."""
    if isinstance(begin, int) and isinstance(end, int):
        return begin + (end - begin) // step * step
    assert isinstance(begin, Value)
    assert isinstance(end, Value)
    whole = f.binary("and", f.binary("sub", end, begin), integer(-step))
    return f.binary("add", begin, whole)
