"""Rows looked up by index, and the adjoint: rows added at an index.

Rows are cut into vectors without masks. The last vector of a copy overlaps the one before it;
what a sum has left is taken by halves, quarters... of a vector, the same for each row, so that
each load finds what one store has written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from syn0.engines.llvm.ir import BYTES, I64, PTR, SCALARS, Function, Module, Type, Value, integer
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.expressions import convert, is_float, is_signed

OUT_OF_RANGE = 2  # the result of a kernel that met such an index
AHEAD = 2048  # bytes of rows to come that are fetched while a row is copied
FETCHED = 16  # lines of a row that are fetched; the processor sees where a longer one goes
LINE = 64  # bytes of a cache line
UNROLLED = 8  # vectors of a row that are written out, rather than looped over


# ----- rows by index ------------------------------------------------------


@dataclass(frozen=True)
class _Rows:
    """Rows that lie together, and the indices that name some of them."""

    f: Function
    base: Value
    row_bytes: int
    indices: Value
    index_dtype: str
    count: Value

    @contextmanager
    def each(self, begin: Value, end: Value) -> Iterator[tuple[Value, Value]]:
        """Write a loop over places in the indices, and end the function with its result.

        Gives the place and the address of the row; places with an index out of range are
        left out.
        """
        f = self.f
        distance = integer(max(1, AHEAD // max(1, self.row_bytes)))
        last = f.binary("sub", end, integer(1))
        with f.loop(begin, end, carried=[integer(0)]) as loop:
            coming, _ = self._named(
                f.intrinsic("smin", f.binary("add", loop.index, distance), last)
            )
            self._fetch(coming)
            row, fits = self._named(loop.index)
            with f.when(fits):
                yield loop.index, row
            missed = f.select(fits, integer(0), integer(OUT_OF_RANGE))
            loop.carry(f.binary("or", loop.carried[0], missed))
        f.line(f"ret {loop.carried[0]}")

    def _named(self, place: Value) -> tuple[Value, Value]:
        """Return the address of the row that an index names, and whether there is one."""
        f, scalar = self.f, SCALARS[self.index_dtype]
        index = f.load(f.offset(self.indices, place, scalar), Type(scalar))
        index = convert(f, index, self.index_dtype, "int64")
        if is_signed(self.index_dtype):
            from_end = f.binary("add", index, self.count)
            index = f.select(f.compare("icmp slt", index, integer(0)), from_end, index)
        distance = f.binary("mul", index, integer(self.row_bytes))
        return f.offset(self.base, distance, "i8"), f.compare("icmp ult", index, self.count)

    def _fetch(self, row: Value) -> None:
        """Ask for a row's first lines; an address that holds nothing does no harm."""
        f = self.f
        f.module.declare("void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        for line in range(min(FETCHED, -(-self.row_bytes // LINE))):
            place = f.offset(row, line * LINE, "i8")
            f.line(f"call void @llvm.prefetch.p0({place}, i32 0, i32 3, i32 1)")


def _power(count: int) -> int:
    """Return the largest power of two that is not above a count."""
    return 1 << count.bit_length() - 1


# ----- gather -------------------------------------------------------------


def gather_kernel(source_dtype: str, target_dtype: str, index_dtype: str, width: int) -> Kernel:
    """Return ``target[i] = source[indices[i]]``, converted, for the rows of a range.

    Its parameters are ``source, indices, target, rows_in_source, begin, end``. Rows lie
    together, `width` elements each. An index may be negative, as in NumPy; for one that is
    out of range no row is copied and the result is 2.

    Examples
    --------
    >>> gather_kernel("uint8", "float32", "int64", 784).symbol[:6]
    'gather'
    """
    spec = (source_dtype, target_dtype, index_dtype, width)
    symbol = symbol_of("gather", spec)
    return Kernel(symbol, lambda: _gather(symbol, *spec))


def _gather(symbol: str, source_dtype: str, target_dtype: str, index_dtype: str, width: int) -> str:
    module = Module()
    names = ("source", "indices", "target", "rows_in_source", "begin", "end")
    parameters = [(PTR if i < 3 else I64, name) for i, name in enumerate(names)]
    f = module.function(symbol, parameters, "i64")
    source, indices, target, rows, begin, end = map(f.argument, names)
    read, written = SCALARS[source_dtype], SCALARS[target_dtype]
    found = _Rows(f, source, width * BYTES[read], indices, index_dtype, rows)
    with found.each(begin, end) as (place, row):
        to_row = f.offset(target, f.binary("mul", place, integer(width)), written)
        _copy(f, row, to_row, source_dtype, target_dtype, width)
    return module.text()


def _copy(
    f: Function, source: Value, target: Value, source_dtype: str, target_dtype: str, width: int
) -> None:
    """Write the copy of one row."""
    if not width:
        return
    if source_dtype == target_dtype == "bool":
        source_dtype = target_dtype = "uint8"
    read, written = SCALARS[source_dtype], SCALARS[target_dtype]
    lanes = _power(min(width, LINE // max(BYTES[read], BYTES[written])))

    def move(place: Value | int) -> None:
        kind = Type(read, lanes if lanes > 1 else None)
        x = f.load(f.offset(source, place, read), kind)
        x = convert(f, x, source_dtype, target_dtype)
        f.store(x, f.offset(target, place, written))

    step, looped = UNROLLED // 2 * lanes, 0
    if width > UNROLLED * lanes:
        looped = width // step * step
        with f.loop(0, looped, step) as loop:
            for part in range(0, step, lanes):
                move(f.binary("add", loop.index, integer(part)))
    for place in range(looped, width, lanes):
        move(min(place, width - lanes))


# ----- scatter_add --------------------------------------------------------


def scatter_add_kernel(dtype: str, index_dtype: str, width: int) -> Kernel:
    """Return zeros to which each row of values is added at its index, the first row first.

    Its parameters are ``values, indices, target, count, rows_in_target, begin, end``: the
    range is one of columns, since rows may meet. An index may be negative; for one that is
    out of range nothing is added and the result is 2.

    Examples
    --------
    >>> scatter_add_kernel("float32", "int64", 64).symbol[:11]
    'scatter_add'
    """
    spec = (dtype, index_dtype, width)
    symbol = symbol_of("scatter_add", spec)
    return Kernel(symbol, lambda: _scatter_add(symbol, *spec))


def _scatter_add(symbol: str, dtype: str, index_dtype: str, width: int) -> str:
    module = Module()
    names = ("values", "indices", "target", "count", "rows_in_target", "begin", "end")
    parameters = [(PTR if i < 3 else I64, name) for i, name in enumerate(names)]
    f = module.function(symbol, parameters, "i64")
    values, indices, target, count, rows, begin, end = map(f.argument, names)
    scalar, stride = SCALARS[dtype], integer(width)
    with f.loop(integer(0), rows) as loop:
        row = f.offset(target, f.binary("mul", loop.index, stride), scalar)
        for kind, column in _pieces(f, scalar, width, begin, end):
            f.store(Value("zeroinitializer", kind), f.offset(row, column, scalar))
    found = _Rows(f, target, width * BYTES[scalar], indices, index_dtype, rows)
    with found.each(integer(0), count) as (place, row):
        added = f.offset(values, f.binary("mul", place, stride), scalar)
        for kind, column in _pieces(f, scalar, width, begin, end):
            total = f.offset(row, column, scalar)
            x = f.load(f.offset(added, column, scalar), kind)
            add = "fadd" if is_float(dtype) else "add"
            f.store(f.binary(add, f.load(total, kind), x), total)
    return module.text()


def _pieces(
    f: Function, scalar: str, width: int, begin: Value, end: Value
) -> Iterator[tuple[Type, Value]]:
    """Cut a range of columns into vectors and halves, quarters... of one, down to a number.

    Gives the type of each piece and the column where it begins.
    """
    if not width:
        return
    lanes = _power(min(width, LINE // max(4, BYTES[scalar])))
    size = f.binary("sub", end, begin)
    with f.loop(begin, f.binary("add", begin, _multiple(f, size, lanes)), lanes) as loop:
        yield Type(scalar, lanes if lanes > 1 else None), loop.index
    while lanes > 1:
        column = f.binary("add", begin, _multiple(f, size, lanes))
        lanes //= 2
        left = f.binary("and", size, integer(lanes))
        with f.when(f.compare("icmp ne", left, integer(0))):
            yield Type(scalar, lanes if lanes > 1 else None), column


def _multiple(f: Function, size: Value, step: int) -> Value:
    """Return the largest multiple of a power of two that is not above a size."""
    return f.binary("and", size, integer(-step))
