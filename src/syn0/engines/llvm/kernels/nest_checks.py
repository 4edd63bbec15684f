"""Whether a stored number was NaN or infinite: one flag for a kernel, carried by its loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from syn0.engines.llvm.ir import I64, Function, Loop, Type, Value, integer, literal


class Checks:
    """Bits that turn on where x - x is not 0, lane by lane."""

    def __init__(self, f: Function) -> None:
        self.f = f
        self._flags: dict[Type, Value] = {}

    def expect(self, kind: Type) -> None:
        """Say before the first loop that numbers of this type will be checked."""
        if kind.is_float:
            bits = _bits(kind)
            self._flags[bits] = literal(0, bits)

    def check(self, x: Value, mask: Value | None) -> None:
        """Look at numbers; those that the mask leaves out may be anything."""
        if not x.type.is_float:
            return
        kind = _bits(x.type)
        found = self.f.cast("bitcast", self.f.binary("fsub", x, x), kind)
        if mask is not None:
            found = self.f.binary("and", found, self.f.cast("sext", mask, kind))
        self._flags[kind] = self.f.binary("or", self._flags[kind], found)

    @contextmanager
    def loop(
        self, begin: Value, end: Value, step: int, carried: Sequence[Value] = ()
    ) -> Iterator[Loop]:
        """Write a loop that carries the flags besides what else it carries."""
        kinds, count = list(self._flags), len(carried)
        with self.f.loop(begin, end, step, [*carried, *self._flags.values()]) as loop:
            self._flags = dict(zip(kinds, loop.carried[count:], strict=True))
            loop.carried = loop.carried[:count]
            loop.results = list(loop.carried)
            yield loop
            loop.results = [*loop.results, *self._flags.values()]
        self._flags = dict(zip(kinds, loop.carried[count:], strict=True))
        loop.carried = loop.carried[:count]

    def result(self) -> Value:
        """Return 1 if a flag is on, else 0."""
        result = integer(0)
        for kind, flags in self._flags.items():
            scalar = Type(kind.scalar)
            bits = self.f.call(f"llvm.vector.reduce.or.{kind.suffix}", [flags], scalar)
            found = self.f.compare("icmp ne", bits, literal(0, scalar))
            result = self.f.binary("or", result, self.f.cast("zext", found, I64))
        return result


def _bits(kind: Type) -> Type:
    return kind.of("i64" if kind.scalar == "double" else "i32")
