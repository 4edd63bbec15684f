"""Sums and maxima over leading axes, where each column is one chain in row order.

Vectors lie along the last kept axis, several side by side, so that the chains of one hide the
latency of another. They run down all rows in registers; of a large array with wide rows, a few
rows are read at a time from end to end, and the chains go on through the target. A column's
bits depend on its numbers alone: not on the way that is taken, nor on a call's range.

Sizes and strides are numbers that a kernel is called with: one serves all batches and widths.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from syn0.engines.llvm.ir import BYTES, I1, I64, PTR, SCALARS, Module, Type, Value, integer, literal
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


def reduction_kernel(reduction: Reduction) -> tuple[Kernel, tuple[int, ...]]:
    """Return the kernel of a reduction, and the numbers that it is called with.

    Its parameters are ``source, target, *numbers, begin, end``; the range is one of the first
    kept axis. A sum over nothing is 0.

    Examples
    --------
    >>> bias, numbers = reduction_kernel(Reduction("sum", "float32", (10,), (64,), (1,), (10,)))
    >>> wider, others = reduction_kernel(Reduction("sum", "float32", (20,), (32,), (1,), (20,)))
    >>> bias == wider, numbers == others
    (True, False)
    """
    if reduction.op == "max" and 0 in reduction.reduced:
        raise ValueError("the maximum of nothing does not exist")
    form, known = _form_of(reduction)
    symbol = symbol_of("reduction", form)
    kernel = Kernel(symbol, lambda: _Writer(symbol, form).text())
    return kernel, tuple(known[name] for name in form.numbers)


def place_of_rows(reduction: Reduction) -> int | None:
    """Return which of a kernel's numbers tells how many rows there are.

    None where rows are walked along several axes.

    Examples
    --------
    >>> bias = Reduction("sum", "float32", (10,), (64,), (1,), (10,))
    >>> reduction_kernel(bias)[1][place_of_rows(bias)]
    64
    """
    form, _ = _form_of(reduction)
    return form.numbers.index(f"size{form.kept}") if form.reduced == 1 else None


def place_of_resuming(reduction: Reduction) -> int | None:
    """Return which of a kernel's numbers is 1 where chains go on from what the target holds.

    None where they cannot: then the kernel is given all rows at once.
    """
    form, _ = _form_of(reduction)
    return form.numbers.index("resumes") if form.has_streams else None


def _form_of(reduction: Reduction) -> tuple[_Form, dict[str, int]]:
    """Return what a kernel's code depends on, and its numbers by name."""
    first, *inner = zip(reduction.kept, reduction.kept_strides, strict=True)
    inner = _joined(inner) or [(1, first[1])]
    rows = _joined(zip(reduction.reduced, reduction.reduced_strides, strict=True)) or [(1, 0)]
    size, stride = inner[-1]
    flat = len(inner) == 1 and first[1] == size * stride
    form = _Form(
        reduction.op, reduction.dtype, 1 + len(inner), len(rows), flat, stride == 1,
        reduction.checked,
    )  # fmt: skip
    streams = form.pays_in_streams(rows[0][0], first[0] * size if flat else size)
    known = {"streams": int(streams), "resumes": 0}
    for i, (size, stride) in enumerate([first, *inner, *rows]):
        known |= {f"size{i}": size, f"stride{i}": stride}
    return form, known


def _joined(axes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return as few axes, sizes and strides, as walk over the same elements in the same order."""
    found: list[tuple[int, int]] = []
    for size, stride in axes:
        if found and found[-1][1] == size * stride:
            found[-1] = (found[-1][0] * size, stride)
        elif size != 1:
            found.append((size, stride))
    return found


@dataclass(frozen=True)
class _Form:
    """All that a kernel's code depends on, once axes are joined where they can be."""

    op: str
    dtype: str
    kept: int  # axes
    reduced: int
    flat: bool  # whether the first kept axis and the last, with none between, are walked as one
    dense: bool  # whether columns lie side by side
    checked: bool

    @property
    def lanes(self) -> int:
        """How many columns make a vector; one if they lie apart, for memory gives one each."""
        return 1 if not self.dense else 8 if BYTES[SCALARS[self.dtype]] == 8 else 16

    @property
    def has_streams(self) -> bool:
        """Whether there may be several passes over the rows."""
        return self.dense and self.reduced == 1

    @property
    def numbers(self) -> list[str]:
        """The names of the kernel's numbers; axes are counted from the first kept one."""
        count = self.kept + self.reduced
        names = [f"{kind}{axis}" for axis in range(count) for kind in ("size", "stride")]
        known = ["size0"] + ["stride0"] * self.flat + [f"stride{self.kept - 1}"] * self.dense
        named = [name for name in names if name not in known]
        return [*named, "streams", "resumes"] if self.has_streams else named

    def pays_in_streams(self, rows: int, width: int) -> bool:
        """Tell whether rows are better read a few at a time: wide ones of a large array."""
        large = rows * width * BYTES[SCALARS[self.dtype]] >= LARGE
        return large and width > GROUP * self.lanes


# ----- the kernel ---------------------------------------------------------


@dataclass(frozen=True)
class _Axis:
    """An axis: how many elements it has, and how far they lie apart in the source."""

    size: Value
    stride: Value


@dataclass(frozen=True)
class _Pass:
    """A part of the rows, and the addresses that their columns are counted from.

    `goes_on` and `ends` tell whether a pass before began the chains, and whether they end with
    this one; None where there are no streams, and thus one pass.
    """

    source: Value
    target: Value
    rows: Sequence[_Axis]
    goes_on: Value | None = None
    ends: Value | None = None


class _Writer:
    """Writes the kernel of one form."""

    def __init__(self, symbol: str, form: _Form) -> None:
        numbers = [(I64, name) for name in (*form.numbers, "begin", "end")]
        parameters = [(PTR, "source"), (PTR, "target"), *numbers]
        self.module = Module()
        f = self.f = self.module.function(symbol, parameters, "i64")
        self.form = form
        self.kind = Type(SCALARS[form.dtype], form.lanes if form.lanes > 1 else None)
        self.scalar = self.kind.scalar
        known = {name: f.argument(name) for name in form.numbers}
        if form.dense:
            known[f"stride{form.kept - 1}"] = integer(1)
        others = range(1, form.kept + form.reduced)
        axes = [_Axis(known[f"size{i}"], known[f"stride{i}"]) for i in others]
        self.inner, self.rows = axes[: form.kept - 1], axes[form.kept - 1 :]
        self.first = self._first()
        self.result = f.value("alloca i64", PTR)
        if form.has_streams:
            several = f.compare("icmp ne", known["streams"], integer(0))
            self.step = f.select(several, integer(ROWS), self.rows[0].size)
            most = f.binary("add", self.rows[0].size, integer(ROWS - 1))
            self.passes = f.select(several, f.binary("udiv", most, integer(ROWS)), integer(1))

    def text(self) -> str:
        """Write the loops over the kept axes, around those over columns."""
        f = self.f
        f.store(integer(0), self.result)
        begin = f.argument("begin")
        count = f.binary("sub", f.argument("end"), begin)
        if self.form.flat:
            width = self._product(self.inner)
            begin, count = f.binary("mul", begin, width), f.binary("mul", count, width)
            axes = [_Axis(count, self.inner[-1].stride)]
        else:
            axes = [_Axis(count, f.argument("stride0")), *self.inner]
        source = self._moved(f.argument("source"), begin, axes[0].stride)
        target = self._moved(f.argument("target"), begin, self._product(axes[1:]))
        self._walk(axes, source, target)
        f.line(f"ret {f.load(self.result, I64)}")
        return self.module.text()

    def _walk(self, axes: Sequence[_Axis], source: Value, target: Value) -> None:
        """Write the loops over kept axes, the columns innermost."""
        f, (axis, *inner) = self.f, axes
        if not inner:
            self._columns(axis.size, source, target)
            return
        with f.loop(0, axis.size) as loop:
            there = self._moved(source, loop.index, axis.stride)
            self._walk(inner, there, self._moved(target, loop.index, self._product(inner)))

    def _product(self, axes: Sequence[_Axis]) -> Value:
        """Return how many elements there are along axes."""
        return reduce(lambda x, axis: self.f.binary("mul", x, axis.size), axes, integer(1))

    def _moved(self, place: Value, index: Value, stride: Value) -> Value:
        """Return the address so many strides on."""
        return self.f.offset(place, self.f.binary("mul", index, stride), self.scalar)

    # ----- columns

    def _columns(self, count: Value, source: Value, target: Value) -> None:
        """Write the reduction of columns, in one pass over the rows or in several."""
        f = self.f
        if not self.form.has_streams:
            self._pass(_Pass(source, target, self.rows), count)
            return
        (rows,) = self.rows
        resumes = f.compare("icmp ne", f.argument("resumes"), integer(0))
        with f.loop(0, self.passes, carried=(source, rows.size)) as loop:
            top, left = loop.carried
            part = _Axis(f.intrinsic("smin", left, self.step), rows.stride)
            goes_on = f.binary("or", resumes, f.compare("icmp sgt", loop.index, integer(0)))
            ends = f.compare("icmp sle", left, self.step)
            self._pass(_Pass(top, target, (part,), goes_on, ends), count)
            loop.carry(self._moved(top, self.step, rows.stride), f.binary("sub", left, self.step))

    def _pass(self, rows: _Pass, count: Value) -> None:
        """Write the columns of a pass: groups of vectors, smaller ones, and what is left."""
        f, lanes = self.f, self.form.lanes
        group = GROUP if self.form.op == "sum" else GROUP // 2
        with f.when(f.compare("icmp sge", count, integer(2 * lanes))):
            with f.loop(0, self._whole(count, group), group * lanes) as loop:
                self._group(rows, loop.index, group)
            while group > 2:
                group //= 2
                self._odd_group(rows, count, group)
        self._odd_group(rows, count, 1)
        if lanes > 1:
            done = self._whole(count, 1)
            with f.when(f.compare("icmp slt", done, count)):
                self._group(rows, done, 1, f.mask(lanes, f.binary("sub", count, done)))

    def _whole(self, count: Value, group: int) -> Value:
        """Return how many columns are in whole groups of so many vectors, a power of two."""
        return self.f.binary("and", count, integer(-group * self.form.lanes))

    def _odd_group(self, rows: _Pass, count: Value, group: int) -> None:
        """Write the group that is left beside those of twice as many vectors, if one is."""
        begin, end = self._whole(count, 2 * group), self._whole(count, group)
        with self.f.when(self.f.compare("icmp slt", begin, end)):
            self._group(rows, begin, group)

    def _group(self, rows: _Pass, column: Value, group: int, mask: Value | None = None) -> None:
        """Write the chains of a few vectors side by side."""
        f = self.f
        bottom = f.offset(rows.target, column, self.scalar)
        places = [f.offset(bottom, i * self.form.lanes, self.scalar) for i in range(group)]
        totals = [self.first] * group
        if rows.goes_on is not None:
            before = [self._load(place, mask) for place in places]
            totals = [f.select(rows.goes_on, total, self.first) for total in before]
        top = self._moved(rows.source, column, self.inner[-1].stride)
        totals = self._chains(rows.rows, top, totals, mask)
        for total, place in zip(totals, places, strict=True):
            f.store(total, place) if mask is None else f.masked_store(total, place, mask)
        if self.form.checked and self.kind.is_float:
            self._check(totals, rows.ends)

    def _chains(
        self, rows: Sequence[_Axis], top: Value, totals: Sequence[Value], mask: Value | None
    ) -> list[Value]:
        """Write the loops over rows, and return where the chains end."""
        f = self.f
        if rows:
            with f.loop(0, rows[0].size, carried=totals) as loop:
                place = self._moved(top, loop.index, rows[0].stride)
                loop.carry(*self._chains(rows[1:], place, loop.carried, mask))
            return loop.carried
        columns = [integer(i * self.form.lanes) for i in range(len(totals))]
        places = [self._moved(top, column, self.inner[-1].stride) for column in columns]
        loaded = [self._load(place, mask) for place in places]
        return [self._combined(total, x) for total, x in zip(totals, loaded, strict=True)]

    def _load(self, place: Value, mask: Value | None) -> Value:
        f = self.f
        return f.load(place, self.kind) if mask is None else f.masked_load(place, self.kind, mask)

    # ----- chains

    def _first(self) -> Value:
        """Return what a chain starts from: nothing that it adds to is changed by it."""
        f, form, kind = self.f, self.form, self.kind
        if form.op == "sum" and is_float(form.dtype):
            # Minus zero keeps the sign of every zero; the sum of nothing is plain 0.
            nothing = f.compare("icmp eq", self._product(self.rows), integer(0))
            return f.select(nothing, literal(0.0, kind), literal(-0.0, kind))
        if form.op == "sum":
            return literal(0, kind)
        if is_float(form.dtype):
            return literal(-math.inf, kind)
        bits = 8 * BYTES[self.scalar]
        return literal(-(2 ** (bits - 1)) if is_signed(form.dtype) else 0, kind)

    def _combined(self, total: Value, x: Value) -> Value:
        """Return a chain with one more number."""
        if self.form.op == "max":
            return extreme(self.f, "maximum", self.form.dtype, x, total)
        return self.f.binary("fadd" if is_float(self.form.dtype) else "add", total, x)

    def _check(self, totals: Sequence[Value], ends: Value | None) -> None:
        """Note in the result if a total is not finite: then the total less itself is NaN."""
        f = self.f
        differences = [f.binary("fsub", total, total) for total in totals]
        found = [f.compare("fcmp uno", d, d) for d in differences]
        some = reduce(lambda x, y: f.binary("or", x, y), found)
        if some.type.lanes:
            some = f.call(f"llvm.vector.reduce.or.{some.type.suffix}", (some,), I1)
        if ends is not None:
            some = f.binary("and", some, ends)
        with f.when(some):
            f.store(integer(1), self.result)
