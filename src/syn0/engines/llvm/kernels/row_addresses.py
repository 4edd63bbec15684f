"""Addresses of equally spaced rows of a matrix, from few registers."""

from __future__ import annotations

from syn0.engines.llvm.ir import PTR, Function, Value, integer

GROUP = 5  # rows behind one pointer: x86 adds 1, 2 or 4 strides to it, and 3 are kept


class RowAddresses:
    """Rows that a loop walks along: a pointer for each group of them.

    Parameters
    ----------
    f : Function
        Where the addresses are written.
    count : int
        The rows.
    stride : Value
        Bytes from row to row.
    """

    def __init__(self, f: Function, count: int, stride: Value) -> None:
        self.f = f
        self.count = count
        self.stride = stride
        self.triple = f.binary("mul", stride, integer(3))

    def pointers(self, first: Value) -> list[Value]:
        """Return the pointers to carry through the loop, from the first row's begin."""
        f = self.f
        starts = [f.binary("mul", self.stride, integer(i)) for i in range(0, self.count, GROUP)]
        return [self._opaque(f.offset(first, start, "i8")) for start in starts]

    def places(self, pointers: list[Value]) -> list[Value]:
        """Return the addresses of all rows."""
        f, stride = self.f, self.stride
        double, fourfold = (f.binary("shl", stride, integer(i)) for i in (1, 2))
        steps = (0, stride, double, self.triple, fourfold)
        return [f.offset(pointers[i // GROUP], steps[i % GROUP], "i8") for i in range(self.count)]

    def advanced(self, pointers: list[Value], step: Value | int) -> list[Value]:
        """Return the pointers so many bytes further along the rows."""
        return [self._opaque(self.f.offset(pointer, step, "i8")) for pointer in pointers]

    def _opaque(self, pointer: Value) -> Value:
        """Hide how an address was made: LLVM would make all of one long chain of additions."""
        return self.f.value(f"freeze {pointer}", PTR)
