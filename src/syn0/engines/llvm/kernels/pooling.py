"""Pooling: what a window holds brought down to one value for each channel, and the way back.

The parts are those of `convolution`, where a distance along B is one of numbers of taps. A few
pixels side by side go through their taps together, a vector of channels at a time, so that
their chains overlap. NaN is the largest of all, and of equals the first is taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from syn0.engines.llvm.ir import (
    BYTES,
    I64,
    PTR,
    SCALARS,
    Function,
    Module,
    Type,
    Value,
    integer,
    literal,
)
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.convolution import load_part
from syn0.engines.llvm.kernels.expressions import extreme
from syn0.engines.llvm.kernels.tile import prefetch

PIXELS = 4  # that go through their taps together

# What each kind reads at a tap and at its target, and what it writes.
KINDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "max": (("x",), (), ("y",)),
    "places": (("x",), (), ("places",)),
    "max_and_places": (("x",), (), ("y", "places")),
    "take": (("x",), ("places",), ("y",)),
    "scatter": (("x", "places"), (), ("y",)),
    "sum": (("x",), (), ("y",)),
}


def pooling_kernel(kind: str, dtype: str) -> Kernel:
    """Return a kernel of `KINDS`.

    Its parameters are addresses of what it reads at its taps, at its targets, and writes; then
    ``table, stripes, beside, channels, source_sample, target_sample, begin, end``: parts come in
    stripes, so many `beside` each other, which have the same lines. ``max``, ``places`` and
    ``max_and_places`` find the largest of the taps of each target and its number; ``take`` picks
    the tap of that number, ``scatter`` adds up the taps whose place has their number, ``sum`` all.

    Examples
    --------
    >>> pooling_kernel("max", "float32").symbol[:4]
    'pool'
    """
    symbol = symbol_of("pool", (kind, dtype))
    return Kernel(symbol, lambda: _Pooling(kind, dtype, symbol).text())


@dataclass(frozen=True)
class _Pooling:
    """Writes the kernel of one kind."""

    kind: str
    dtype: str
    symbol: str

    @cached_property
    def vector(self) -> Type:
        """As many numbers as go through their taps side by side."""
        scalar = SCALARS[self.dtype]
        return Type(scalar, 8 if BYTES[scalar] == 8 else 16)

    @property
    def finds(self) -> bool:
        """Whether the numbers of taps are looked for."""
        return self.kind in ("places", "max_and_places")

    def type_of(self, name: str) -> Type:
        """Return the type of a vector of an operand; numbers of taps are bytes."""
        return Type("i8", self.vector.lanes) if name == "places" else self.vector

    # ----- loops

    def text(self) -> str:
        """Return the module."""
        sources, beside, targets = KINDS[self.kind]
        module = Module()
        names = [f"{n}_read" for n in (*sources, *beside)] + [f"{n}_made" for n in targets]
        numbers = (
            "stripes",
            "beside",
            "channels",
            "source_sample",
            "target_sample",
            "begin",
            "end",
        )
        parameters = [(PTR, n) for n in (*names, "table")] + [(I64, n) for n in numbers]
        f = module.function(self.symbol, parameters, "i64")
        given = {name: f.argument(name) for _, name in parameters}
        with f.loop(given["begin"], given["end"]) as sample:
            source = f.binary("mul", sample.index, given["source_sample"])
            target = f.binary("mul", sample.index, given["target_sample"])
            with f.loop(0, given["stripes"]) as stripe:
                self._lines(f, given, stripe.index, source, target)
        f.line("ret i64 0")
        return module.text()

    def _lines(
        self, f: Function, given: Mapping[str, Value], stripe: Value, source: Value, target: Value
    ) -> None:
        """Write the loops over the lines of a stripe, so that memory is met in its order."""
        first = f.binary("mul", stripe, given["beside"])
        lines = load_part(f, given["table"], first, 1)["lines"]
        with f.loop(0, lines) as line, f.loop(0, given["beside"]) as beside:
            index = f.binary("add", first, beside.index)
            part = load_part(f, given["table"], index, 1)
            down = {n: f.binary("mul", line.index, part[f"{n}_line"]) for n in "ac"}
            a = f.binary("add", f.binary("add", source, part["a"]), down["a"])
            c = f.binary("add", f.binary("add", target, part["c"]), down["c"])
            whole = f.binary("and", part["rows"], integer(-PIXELS))
            for begin, end, count in ((integer(0), whole, PIXELS), (whole, part["rows"], 1)):
                with f.loop(begin, end, count) as pixel:
                    at = f.binary("add", a, f.binary("mul", pixel.index, part["a_m"]))
                    to = f.binary("add", c, f.binary("mul", pixel.index, part["c_m"]))
                    self._channels(f, given, part, at, to, count)

    def _channels(
        self, f: Function, given: Mapping[str, Value], part: Mapping[str, Value], a: Value,
        c: Value, count: int,
    ) -> None:  # fmt: skip
        """Write the loop over channels, and what a vector leaves of them."""
        channels, lanes = given["channels"], self.vector.lanes or 1
        whole = f.binary("and", channels, integer(-lanes))
        with f.loop(0, whole, lanes) as loop:
            _Vector(self, f, given, part, a, c, loop.index, None).write(count)
        with f.when(f.compare("icmp slt", whole, channels)):
            mask = f.mask(lanes, f.binary("sub", channels, whole))
            _Vector(self, f, given, part, a, c, whole, mask).write(count)


@dataclass(frozen=True)
class _Vector:
    """A vector of channels of a few pixels."""

    pooling: _Pooling
    f: Function
    given: Mapping[str, Value]
    part: Mapping[str, Value]
    a: Value
    c: Value
    channel: Value
    mask: Value | None

    def write(self, count: int) -> None:
        """Write the loops over taps, and the stores."""
        f, part, kind = self.f, self.part, self.pooling.kind
        beside = [self._targets("places", "read", i) for i in range(count if kind == "take" else 0)]
        start = self._start() * count
        with f.loop(0, part["taps"], carried=(self.a, part["b"], *start)) as outer:
            a, number, *state = outer.carried
            with f.loop(0, part["inner_taps"], carried=(a, number, *state)) as inner:
                at, tap, *state = inner.carried
                per = len(state) // count
                found = []
                for i in range(count):
                    place = f.binary("add", at, f.binary("mul", part["a_m"], integer(i)))
                    found += self._step(state[i * per :][:per], place, tap, beside[i : i + 1])
                inner.carry(
                    f.binary("add", at, part["a_inner"]),
                    f.binary("add", tap, part["b_inner"]),
                    *found,
                )
            outer.carry(
                f.binary("add", a, part["a_tap"]), f.binary("add", number, part["b_tap"]),
                *inner.carried[2:],
            )  # fmt: skip
        state = outer.carried[2:]
        for i in range(count):
            self._finish(state[i * per :][:per], i)

    def _start(self) -> list[Value]:
        """Return what the chains of a pixel begin with."""
        pooling = self.pooling
        if pooling.kind in ("take", "scatter", "sum"):
            return [literal(0, pooling.vector)]
        least = literal(-math.inf, pooling.vector)
        return [least, self._number(self.part["b"])] if pooling.finds else [least]

    def _number(self, tap: Value) -> Value:
        """Return the number of a tap in all lanes."""
        kind = self.pooling.type_of("places")
        return self.f.splat(self.f.cast("trunc", tap, Type(kind.scalar)), kind.lanes or 1)

    def _step(
        self, state: Sequence[Value], place: Value, tap: Value, beside: Sequence[Value]
    ) -> list[Value]:
        """Return the chains of a pixel with one more tap."""
        f, pooling = self.f, self.pooling
        x = self._read("x", place)
        if pooling.kind == "sum":
            return [f.binary("fadd", state[0], x)]
        if pooling.kind == "max":
            return [extreme(f, "maximum", pooling.dtype, x, state[0])]
        if pooling.finds:
            larger = f.compare("fcmp ugt", x, state[0])
            better = f.binary("and", larger, f.compare("fcmp ord", state[0], state[0]))
            return [f.select(better, x, state[0]), f.select(better, self._number(tap), state[1])]
        scatters = pooling.kind == "scatter"
        places = self._read("places", place) if scatters else beside[0]
        chosen = f.compare("icmp eq", places, self._number(tap))
        added = f.binary("fadd", state[0], x) if scatters else x
        return [f.select(chosen, added, state[0])]

    def _finish(self, state: Sequence[Value], pixel: int) -> None:
        """Store what the chains of a pixel have come to."""
        f = self.f
        *_, targets = KINDS[self.pooling.kind]
        for name in targets:
            x = state[-1] if name == "places" else state[0]
            place = self._target(name, "made", pixel)
            below = f.offset(place, self.part["c_line"], self.pooling.type_of(name).scalar)
            prefetch(f, below, write=True)  # no processor sees where such leaps go
            f.store(x, place) if self.mask is None else f.masked_store(x, place, self.mask)

    # ----- memory

    def _read(self, name: str, place: Value) -> Value:
        kind = self.pooling.type_of(name)
        at = self.f.binary("add", place, self.channel)
        return self._load(self.f.offset(self.given[f"{name}_read"], at, kind.scalar), kind)

    def _target(self, name: str, role: str, pixel: int) -> Value:
        f = self.f
        at = f.binary("add", self.c, f.binary("mul", self.part["c_m"], integer(pixel)))
        scalar = self.pooling.type_of(name).scalar
        return f.offset(self.given[f"{name}_{role}"], f.binary("add", at, self.channel), scalar)

    def _targets(self, name: str, role: str, pixel: int) -> Value:
        return self._load(self._target(name, role, pixel), self.pooling.type_of(name))

    def _load(self, place: Value, kind: Type) -> Value:
        f = self.f
        return f.load(place, kind) if self.mask is None else f.masked_load(place, kind, self.mask)
