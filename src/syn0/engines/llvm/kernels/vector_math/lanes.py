"""Arithmetic on vectors that reads as arithmetic: each operator writes one instruction.

Nothing is fused but what says `fma`, and a number may stand wherever a vector may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syn0.engines.llvm.ir import Function, Value, literal


@dataclass(frozen=True)
class Format:
    """How numbers of a floating type are laid out, and as which integers their bits are seen."""

    integer: str
    digits: int  # of the fraction, without the leading one
    bias: int  # of the exponent
    one: int  # the bits of 1.0

    @property
    def shifter(self) -> float:
        """A number so large that adding it rounds to whole ones, into the lowest bits."""
        return 1.5 * 2.0**self.digits


FORMATS = {
    "float": Format("i32", 23, 127, 0x3F800000),
    "double": Format("i64", 52, 1023, 0x3FF0000000000000),
}


@dataclass(frozen=True, eq=False)
class Lanes:
    """A vector of a function under way; its operators write to that function."""

    function: Function
    value: Value

    @property
    def format(self) -> Format:
        """The layout of its numbers."""
        return FORMATS[self.value.type.scalar]

    @property
    def is_double(self) -> bool:
        """Whether its numbers have 64 bits."""
        return self.value.type.scalar == "double"

    def like(self, number: float) -> Lanes:
        """Return this number in every lane."""
        return Lanes(self.function, literal(number, self.value.type))

    def _binary(self, op: str, left: Lanes | float, right: Lanes | float) -> Lanes:
        a = left if isinstance(left, Lanes) else self.like(left)
        b = right if isinstance(right, Lanes) else self.like(right)
        return Lanes(self.function, self.function.binary(op, a.value, b.value))

    def _compare(self, op: str, other: Lanes | float) -> Lanes:
        b = other if isinstance(other, Lanes) else self.like(other)
        return Lanes(self.function, self.function.compare(f"fcmp {op}", self.value, b.value))

    # ----- numbers

    def __add__(self, other: Lanes | float) -> Lanes:
        return self._binary("fadd", self, other)

    def __sub__(self, other: Lanes | float) -> Lanes:
        return self._binary("fsub", self, other)

    def __rsub__(self, other: float) -> Lanes:
        return self._binary("fsub", other, self)

    def __mul__(self, other: Lanes | float) -> Lanes:
        return self._binary("fmul", self, other)

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return self._binary("fdiv", self, other)

    def __rtruediv__(self, other: float) -> Lanes:
        return self._binary("fdiv", other, self)

    def __neg__(self) -> Lanes:
        return Lanes(self.function, self.function.value(f"fneg {self.value}", self.value.type))

    def __abs__(self) -> Lanes:
        return Lanes(self.function, self.function.intrinsic("fabs", self.value))

    def with_sign_of(self, other: Lanes) -> Lanes:
        """Return its magnitude with the sign of another."""
        return Lanes(self.function, self.function.intrinsic("copysign", self.value, other.value))

    # A clamp compares with the bound first, so that a NaN passes.

    def at_least(self, bound: float) -> Lanes:
        """Return the larger of it and a bound; NaN stays."""
        return where(self < bound, self.like(bound), self)

    def at_most(self, bound: float) -> Lanes:
        """Return the smaller of it and a bound; NaN stays."""
        return where(self > bound, self.like(bound), self)

    # ----- comparisons, all false for NaN

    def __lt__(self, other: Lanes | float) -> Lanes:
        return self._compare("olt", other)

    def __gt__(self, other: Lanes | float) -> Lanes:
        return self._compare("ogt", other)

    def equals(self, other: Lanes | float) -> Lanes:
        """Return where it equals another."""
        return self._compare("oeq", other)

    # ----- bits, of integers and truth values too

    def bits(self) -> Lanes:
        """Return its bits as integers."""
        kind = self.value.type.of(self.format.integer)
        return Lanes(self.function, self.function.cast("bitcast", self.value, kind))

    def as_numbers(self) -> Lanes:
        """Return the numbers that these integers are the bits of."""
        scalar = {"i32": "float", "i64": "double"}[self.value.type.scalar]
        kind = self.value.type.of(scalar)
        return Lanes(self.function, self.function.cast("bitcast", self.value, kind))

    def plus(self, other: Lanes | int) -> Lanes:
        """Return the sum of integers."""
        return self._binary("add", self, other)

    def minus(self, other: Lanes | int) -> Lanes:
        """Return the difference of integers."""
        return self._binary("sub", self, other)

    def differs(self, other: int) -> Lanes:
        """Return where integers differ from one."""
        b = self.like(other)
        return Lanes(self.function, self.function.compare("icmp ne", self.value, b.value))

    def __lshift__(self, count: int) -> Lanes:
        return self._binary("shl", self, count)

    def __rshift__(self, count: int) -> Lanes:
        return self._binary("lshr", self, count)

    def __and__(self, other: Lanes | int) -> Lanes:
        return self._binary("and", self, other)

    def __or__(self, other: Lanes | int) -> Lanes:
        return self._binary("or", self, other)

    def __xor__(self, other: Lanes | int) -> Lanes:
        return self._binary("xor", self, other)

    def __invert__(self) -> Lanes:
        return self ^ -1

    # ----- other types

    def cast(self, op: str, scalar: str) -> Lanes:
        """Return it converted, by ``fpext``, ``fptrunc``, ``trunc`` and the like."""
        kind = self.value.type.of(scalar)
        return Lanes(self.function, self.function.cast(op, self.value, kind))


def fma(x: Lanes, y: Lanes | float, z: Lanes | float) -> Lanes:
    """Return x * y + z, rounded once."""
    b = y if isinstance(y, Lanes) else x.like(y)
    c = z if isinstance(z, Lanes) else x.like(z)
    return Lanes(x.function, x.function.fma(x.value, b.value, c.value))


def where(condition: Lanes, x: Lanes, y: Lanes) -> Lanes:
    """Return x where the condition holds, else y."""
    return Lanes(x.function, x.function.select(condition.value, x.value, y.value))


def polynomial(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """Return c0 + x * (c1 + x * (c2 + ...)) (Horner)."""
    *lower, highest = coefficients
    total = x.like(highest)
    for coefficient in reversed(lower):
        total = fma(total, x, coefficient)
    return total
