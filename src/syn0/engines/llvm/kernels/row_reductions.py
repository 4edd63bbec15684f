"""Sums and maxima of a row, in an order that the row's length alone decides.

The vectors of the row go to four accumulators in turn, so that four chains run side by side:
vector i to accumulator i % 4. Then ``(a0 + a1) + (a2 + a3)``, and the lanes by halves: lane i
with lane i + 8, with i + 4, i + 2, i + 1. Lanes beyond the row hold the number that changes
nothing, which is -0.0 for a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syn0.engines.llvm.ir import SCALARS, Function, Type, Value, integer, literal
from syn0.engines.llvm.kernels.expressions import compare, convert, extreme, is_float, is_signed

CHAINS = 4


@dataclass(frozen=True)
class Place:
    """A vector of a row: its first column, and a mask where the row ends inside it.

    In a loop the column is counted from that of the loop's turn, `start`.
    """

    column: int
    start: Value | None = None
    mask: Value | None = None


@dataclass(frozen=True)
class RowReduction:
    """A ``sum``, ``max`` or ``argmax`` under way."""

    op: str
    source: str
    dtype: str
    lanes: int

    def start(self) -> list[Value]:
        """Return the accumulators, the one that comes next first."""
        if self.op == "argmax":
            kind = Type("i32", self.lanes)
            return [self._nothing(self.source), columns(kind)]
        return [self._nothing(self.dtype)] * CHAINS

    def step(self, f: Function, state: Sequence[Value], x: Value, place: Place) -> list[Value]:
        """Return the accumulators with one more vector of the row."""
        if self.op == "argmax":
            return self._argmax_step(f, state, x, place)
        x = convert(f, x, self.source, self.dtype)
        nothing = self._nothing(self.dtype)
        if place.mask is not None:
            x = f.select(place.mask, x, nothing)
        return [*state[1:], self._joined(f, state[0], x)]

    def finish(self, f: Function, state: Sequence[Value], vectors: int) -> Value:
        """Return the number for the row, after so many vectors."""
        if self.op == "argmax":
            return self._argmax_finish(f, state)
        if self.op == "sum" and not vectors:
            return literal(0, Type(SCALARS[self.dtype]))
        a0, a1, a2, a3 = (state[(chain - vectors) % CHAINS] for chain in range(CHAINS))
        x = self._joined(f, self._joined(f, a0, a1), self._joined(f, a2, a3))
        while x.type.lanes != 1:
            x = self._joined(f, *halves(f, x))
        return first(f, x)

    def _nothing(self, dtype: str) -> Value:
        kind = Type(SCALARS[dtype], self.lanes)
        if self.op == "sum":
            return literal(-0.0 if is_float(dtype) else 0, kind)
        if is_float(dtype):
            return literal(float("-inf"), kind)
        return literal(-(2 ** (int(kind.scalar[1:]) - 1)) if is_signed(dtype) else 0, kind)

    def _joined(self, f: Function, x: Value, y: Value) -> Value:
        for a, b in ((x, y), (y, x)):
            if a.text == self._nothing(self.dtype).text:
                return b
        if self.op == "max":
            return extreme(f, "maximum", self.dtype, x, y)
        ops = "fadd" if is_float(self.dtype) else "or" if self.dtype == "bool" else "add"
        return f.binary(ops, x, y)

    # ----- argmax

    def _argmax_step(
        self, f: Function, state: Sequence[Value], x: Value, place: Place
    ) -> list[Value]:
        best, where = state
        here = place_columns(f, place, where.type)
        better = self._above(f, x, best)
        if place.mask is not None:
            better = f.binary("and", better, place.mask)
        return [f.select(better, x, best), f.select(better, here, where)]

    def _argmax_finish(self, f: Function, state: Sequence[Value]) -> Value:
        best, where = state
        while best.type.lanes != 1:
            (x, other), (at, other_at) = halves(f, best), halves(f, where)
            same = self._same(f, other, x)
            sooner = f.compare("icmp slt", other_at, at)
            taken = f.binary("or", self._above(f, other, x), f.binary("and", same, sooner))
            best, where = f.select(taken, other, x), f.select(taken, other_at, at)
        return f.cast("sext", first(f, where), Type("i64"))

    def _above(self, f: Function, x: Value, y: Value) -> Value:
        """Whether x is the larger; NaN is larger than any number."""
        if not is_float(self.source):
            return compare(f, "greater", self.source, x, y)
        larger = f.compare("fcmp ugt", x, y)
        return f.binary("and", larger, f.compare("fcmp ord", y, y))

    def _same(self, f: Function, x: Value, y: Value) -> Value:
        equal = compare(f, "equal", self.source, x, y)
        if not is_float(self.source):
            return equal
        neither = f.binary("and", f.compare("fcmp uno", x, x), f.compare("fcmp uno", y, y))
        return f.binary("or", equal, neither)


# ----- lanes --------------------------------------------------------------


def columns(kind: Type, begin: int = 0) -> Value:
    """Return the numbers from `begin` on, one for each lane."""
    assert kind.lanes is not None
    numbers = range(begin, begin + kind.lanes)
    return Value("<" + ", ".join(f"{kind.scalar} {i}" for i in numbers) + ">", kind)


def place_columns(f: Function, place: Place, kind: Type) -> Value:
    """Return the columns of the lanes of a vector of a row."""
    static = columns(kind, place.column)
    if place.start is None:
        return static
    assert kind.lanes is not None
    start = f.cast("trunc", place.start, Type(kind.scalar)) if kind.scalar != "i64" else place.start
    return f.binary("add", static, f.splat(start, kind.lanes))


def halves(f: Function, x: Value) -> tuple[Value, Value]:
    """Return the lower and the upper half of a vector."""
    assert x.type.lanes is not None
    half = x.type.lanes // 2
    parts = [range(half), range(half, 2 * half)]
    low, high = (
        f.value(
            f"shufflevector {x}, {x.type} poison, <{half} x i32> "
            f"<{', '.join(f'i32 {i}' for i in part)}>",
            Type(x.type.scalar, half),
        )
        for part in parts
    )
    return low, high


def first(f: Function, x: Value) -> Value:
    """Return the first lane."""
    return f.value(f"extractelement {x}, {integer(0)}", Type(x.type.scalar))
