"""Copies of matrices in another order: the panels of a product, and transposes.

A transpose takes strips of as many rows as a vector has lanes. Pieces of 16 bytes of rows that
lie apart are joined into vectors, so that all that is left is to transpose within 16 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import I64, PTR, Function, Module, Type, Value, integer
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.gemm import panel_width
from syn0.engines.llvm.kernels.row_addresses import RowAddresses

PIECE = 16  # bytes that all machines interleave in one instruction
STRIP = "strip"


def pack_kernel(dtype: str, transposed: bool, target: Target) -> Kernel:
    """Return the kernel that copies the columns of a matrix into the panels of a product.

    Its parameters are ``source, target, stride, k, n, begin, end``: panel p in the range gets
    ``target[p, kk, j] = source[kk, p * width + j]``, or ``source[p * width + j, kk]``; the
    target is contiguous, the source's rows are `stride` apart. Lanes from column n on may
    become 0.
    """
    width = panel_width(dtype, target)
    size = np.dtype(dtype).itemsize
    lanes = target.vector_bytes // size
    write = _pack_transposed if transposed else _pack_straight
    spec = (write.__name__, size, width, lanes)
    symbol = symbol_of("pack", spec)
    return Kernel(symbol, lambda: write(symbol, size, width, lanes))


def transpose_kernel(dtype: str) -> Kernel:
    """Return the kernel of ``target[c, r] = source[r, c]`` for the columns from begin to end.

    Its parameters are ``source, target, rows, cols, source_stride, target_stride, begin, end``.
    """
    size = np.dtype(dtype).itemsize
    symbol = symbol_of("transpose", size)
    return Kernel(symbol, lambda: _transpose(symbol, size))


def _kernel(module: Module, symbol: str, numbers: str) -> tuple[Function, list[Value]]:
    """Begin a kernel with a source, a target and numbers."""
    names = numbers.split()
    parameters = [(PTR, "source"), (PTR, "target"), *((I64, name) for name in names)]
    f = module.function(symbol, parameters, "i64")
    return f, [f.argument(name) for _, name in parameters]


def _pack_straight(symbol: str, size: int, width: int, lanes: int) -> str:
    module = Module()
    f, arguments = _kernel(module, symbol, "stride k n begin end")
    source, target, stride, k, n, begin, end = arguments
    vector = Type(f"i{8 * size}", lanes)
    with f.loop(begin, end) as panel:
        column = f.binary("mul", panel.index, integer(width))
        left = f.binary("sub", n, column)
        whole = f.compare("icmp sge", left, integer(width))
        partial = f.compare("icmp slt", left, integer(width))
        first = f.offset(source, column, vector.scalar)
        panel_at = f.offset(target, f.binary("mul", column, k), vector.scalar)
        for condition in (whole, partial):
            with f.when(condition), f.loop(0, k) as row:
                row_at = f.offset(first, f.binary("mul", row.index, stride), vector.scalar)
                to = f.offset(panel_at, f.binary("mul", row.index, integer(width)), vector.scalar)
                for j in range(0, width, lanes):
                    place = f.offset(row_at, j, vector.scalar)
                    if condition is whole:
                        x = f.load(place, vector)
                    else:
                        some = f.intrinsic("smax", f.binary("sub", left, integer(j)), integer(0))
                        x = f.masked_load(place, vector, f.mask(lanes, some))
                    f.store(x, f.offset(to, j, vector.scalar))
    f.line("ret i64 0")
    return module.text()


def _pack_transposed(symbol: str, size: int, width: int, lanes: int) -> str:
    module = Module()
    f, arguments = _kernel(module, symbol, "stride k n begin end")
    source, target, stride, k, n, begin, end = arguments
    strip = _Strip(size, lanes)
    with f.loop(begin, end) as panel:
        first = f.binary("mul", panel.index, integer(width))
        last = f.intrinsic("smin", n, f.binary("add", first, integer(width)))
        panel_at = f.offset(target, f.binary("mul", first, k), strip.scalar)
        with f.loop(first, last, lanes) as loop:
            row_at = f.offset(source, f.binary("mul", loop.index, stride), strip.scalar)
            to = f.offset(panel_at, f.binary("sub", loop.index, first), strip.scalar)
            rows = f.binary("sub", last, loop.index)
            strip.call(f, row_at, to, stride, integer(width), rows, k)
    f.line("ret i64 0")
    strip.write(module)
    return module.text()


def _transpose(symbol: str, size: int) -> str:
    module = Module()
    f, arguments = _kernel(module, symbol, "rows cols source_stride target_stride begin end")
    source, target, rows, _, source_stride, target_stride, begin, end = arguments
    strip = _Strip(size, max(PIECE, 64 // size))
    columns = f.binary("sub", end, begin)
    source = f.offset(source, begin, strip.scalar)
    target = f.offset(target, f.binary("mul", begin, target_stride), strip.scalar)
    with f.loop(0, rows, strip.lanes) as loop:
        row_at = f.offset(source, f.binary("mul", loop.index, source_stride), strip.scalar)
        to = f.offset(target, loop.index, strip.scalar)
        left = f.binary("sub", rows, loop.index)
        strip.call(f, row_at, to, source_stride, target_stride, left, columns)
    f.line("ret i64 0")
    strip.write(module)
    return module.text()


@dataclass(frozen=True)
class _Strip:
    """The function that transposes a strip of at most as many rows as a vector has lanes."""

    size: int
    lanes: int

    @property
    def scalar(self) -> str:
        return f"i{8 * self.size}"

    @property
    def piece(self) -> int:
        """Numbers in a piece of a row, and vectors that a step of the loop makes."""
        return PIECE // self.size

    def call(self, f: Function, *arguments: Value) -> None:
        """Call it with source, target, their strides, rows (maybe more) and columns."""
        f.line(f"call void @{STRIP}({', '.join(map(str, arguments))})")

    def write(self, module: Module) -> None:
        """Write the function: vectors where the strip is whole, numbers one by one elsewhere."""
        numbers = ("source_stride", "target_stride", "rows", "columns")
        parameters = [(PTR, "source"), (PTR, "target"), *((I64, name) for name in numbers)]
        f = module.function(STRIP, parameters, linkage="internal")
        source, target, source_stride, target_stride, rows, columns = (
            f.argument(name) for _, name in parameters
        )
        whole = f.compare("icmp sge", rows, integer(self.lanes))
        steps = f.binary("sdiv", columns, integer(self.piece))
        steps = f.select(whole, steps, integer(0))
        self._vectors(f, source, target, source_stride, target_stride, steps)
        done = f.binary("mul", steps, integer(self.piece))
        rows = f.intrinsic("smin", rows, integer(self.lanes))
        with f.loop(done, columns) as column, f.loop(0, rows) as row:
            across = f.binary("add", f.binary("mul", row.index, source_stride), column.index)
            down = f.binary("add", f.binary("mul", column.index, target_stride), row.index)
            x = f.load(f.offset(source, across, self.scalar), Type(self.scalar))
            f.store(x, f.offset(target, down, self.scalar))

    def _vectors(
        self, f: Function, source: Value, target: Value, across: Value, down: Value, steps: Value
    ) -> None:
        rows = RowAddresses(f, self.lanes, f.binary("mul", across, integer(self.size)))
        down = f.binary("mul", down, integer(self.size))
        with f.loop(0, steps, carried=(target, *rows.pointers(source))) as loop:
            to, *pointers = loop.carried
            places = rows.places(pointers)
            vectors = [self._joined(f, places[i :: self.piece]) for i in range(self.piece)]
            for vector in self._transposed(f, vectors):
                f.store(vector, to, align=self.size)
                to = f.offset(to, down, "i8")
            loop.carry(to, *rows.advanced(pointers, PIECE))

    def _joined(self, f: Function, places: list[Value]) -> Value:
        """Load a piece at each address and return them side by side."""
        piece = Type(self.scalar, self.piece)
        parts = [f.load(place, piece) for place in places]
        while len(parts) > 1:
            lanes = 2 * (parts[0].type.lanes or 1)
            parts = [
                _shuffle(f, a, b, range(lanes))
                for a, b in zip(parts[::2], parts[1::2], strict=True)
            ]
        return parts[0]

    def _transposed(self, f: Function, vectors: list[Value]) -> list[Value]:
        """Transpose within the pieces: interleave the halves of a list again and again."""
        half = len(vectors) // 2
        low, high = self._interleaved(0), self._interleaved(half)
        for _ in range(half.bit_length()):
            pairs = zip(vectors[:half], vectors[half:], strict=True)
            vectors = [_shuffle(f, a, b, places) for a, b in pairs for places in (low, high)]
        return vectors

    def _interleaved(self, start: int) -> list[int]:
        """Return the lanes of half of each piece of two vectors, one of each in turn."""
        pieces = range(start, self.lanes, self.piece)
        lanes = [piece + i for piece in pieces for i in range(self.piece // 2)]
        return [lane for pair in lanes for lane in (pair, pair + self.lanes)]


def _shuffle(f: Function, a: Value, b: Value, places: range | list[int]) -> Value:
    """Return the lanes at these places of two vectors."""
    kind = Type(a.type.scalar, len(places))
    chosen = ", ".join(f"i32 {place}" for place in places)
    return f.value(f"shufflevector {a}, {b}, <{len(places)} x i32> <{chosen}>", kind)
