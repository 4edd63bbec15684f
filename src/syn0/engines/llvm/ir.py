"""Text of LLVM's intermediate representation, written line by line.

Text is ten times faster to make than llvmlite's objects, and may say all that LLVM can.
A `Module` collects functions and the intrinsics that they call; a `Function` is written
from its entry to its end, each value once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from syn0.engines.llvm.compiling import checked

SCALARS = {
    "float32": "float", "float64": "double", "int8": "i8", "uint8": "i8", "int16": "i16",
    "uint16": "i16", "int32": "i32", "uint32": "i32", "int64": "i64", "uint64": "i64",
    "bool": "i1",
}  # fmt: skip
BYTES = {"float": 4, "double": 8, "i1": 1, "i8": 1, "i16": 2, "i32": 4, "i64": 8, "ptr": 8}


@dataclass(frozen=True)
class Type:
    """A number, or as many of them as there are lanes.

    Examples
    --------
    >>> str(Type("float", 16))
    '<16 x float>'
    """

    scalar: str
    lanes: int | None = None

    def __str__(self) -> str:
        return self.scalar if self.lanes is None else f"<{self.lanes} x {self.scalar}>"

    def of(self, scalar: str) -> Type:
        """Return the type with as many lanes of another scalar."""
        return Type(scalar, self.lanes)

    @property
    def is_float(self) -> bool:
        """Whether its numbers have a floating point."""
        return self.scalar in ("float", "double")

    @property
    def suffix(self) -> str:
        """The type as it stands in the name of an intrinsic: ``v16f32``."""
        word = {"float": "f32", "double": "f64", "ptr": "p0"}.get(self.scalar, self.scalar)
        return word if self.lanes is None else f"v{self.lanes}{word}"


PTR, I64, I32, I1 = Type("ptr"), Type("i64"), Type("i32"), Type("i1")
FLOAT, DOUBLE = Type("float"), Type("double")


@dataclass(frozen=True)
class Value:
    """A name or constant of the text, with its type."""

    text: str
    type: Type

    def __str__(self) -> str:
        return f"{self.type} {self.text}"


NULL = Value("null", PTR)


def literal(value: float | int | bool, kind: Type) -> Value:
    """Return a constant; a vector type has it in every lane.

    Examples
    --------
    >>> str(literal(0.5, Type("float", 16)))
    '<16 x float> splat (float 0x3FE0000000000000)'
    """
    if kind.is_float:
        number = np.float32(value) if kind.scalar == "float" else np.float64(value)
        text = "0x" + struct.pack(">d", float(number)).hex().upper()
    elif kind.scalar == "i1":
        text = "true" if value else "false"
    else:
        text = str(int(value))
    return Value(text if kind.lanes is None else f"splat ({kind.scalar} {text})", kind)


def integer(value: int) -> Value:
    """Return a 64-bit number."""
    return literal(value, I64)


class Module:
    """Functions, constants, and the declarations of what they call."""

    def __init__(self) -> None:
        self.functions: list[Function] = []
        self.globals: list[str] = []
        self.declared: set[str] = set()

    def function(
        self,
        name: str,
        parameters: Sequence[tuple[Type, str]],
        returns: str = "void",
        *,
        linkage: str = "",
    ) -> Function:
        """Begin a function; `linkage` is ``internal`` for one that only this module calls."""
        made = Function(self, name, tuple(parameters), returns, linkage)
        self.functions.append(made)
        return made

    def declare(self, text: str) -> None:
        """Declare a function that is defined elsewhere, once."""
        self.declared.add(f"declare {text}")

    def text(self) -> str:
        """Return the module."""
        bodies = [f.text() for f in self.functions]
        return "\n".join([*sorted(self.declared), *self.globals, *bodies]) + "\n"


@dataclass(eq=False)
class Loop:
    """A loop under way: its index, what it carries, and what it hands on."""

    index: Value
    carried: list[Value]
    results: list[Value] = field(default_factory=list)

    def carry(self, *values: Value) -> None:
        """Set what the next turn starts from."""
        self.results = list(values)


class Function:
    """One function, written from the top."""

    def __init__(
        self,
        module: Module,
        name: str,
        parameters: tuple[tuple[Type, str], ...],
        returns: str,
        linkage: str,
    ) -> None:
        self.module = module
        self.name = name
        self.parameters = parameters
        self.returns = returns
        self.linkage = linkage
        self.lines: list[str] = []
        self.block = "entry"
        self._count = 0
        self._labels = 0

    def text(self) -> str:
        """Return the function; one that returns nothing ends itself."""
        inside = ", ".join(f"{kind} %{name}" for kind, name in self.parameters)
        ending = ["  ret void"] if self.returns == "void" else []
        head = f"define {self.linkage + ' ' if self.linkage else ''}{self.returns} @{self.name}"
        lines = [f"{head}({inside}) nounwind {{", "entry:", *self.lines, *ending, "}"]
        return "\n".join(lines)

    def argument(self, name: str) -> Value:
        """Return a parameter."""
        return next(Value(f"%{n}", kind) for kind, n in self.parameters if n == name)

    # ----- lines

    def line(self, text: str) -> None:
        """Write a line that gives no value."""
        self.lines.append(f"  {text}")

    def value(self, text: str, kind: Type) -> Value:
        """Write a line and return its value."""
        self._count += 1
        self.lines.append(f"  %v{self._count} = {text}")
        return Value(f"%v{self._count}", kind)

    def label(self, name: str) -> str:
        """Return a name for a block."""
        self._labels += 1
        return f"{name}{self._labels}"

    def begin(self, block: str) -> None:
        """Begin a block; the one before must have ended in a branch."""
        self.lines.append(f"{block}:")
        self.block = block

    # ----- arithmetic

    def binary(self, op: str, x: Value, y: Value) -> Value:
        """Write ``op x, y``, such as ``fadd``, ``mul``, ``and``, ``lshr``."""
        return self.value(f"{op} {x}, {y.text}", x.type)

    def compare(self, op: str, x: Value, y: Value) -> Value:
        """Write a comparison such as ``fcmp olt`` or ``icmp eq``."""
        return self.value(f"{op} {x}, {y.text}", x.type.of("i1"))

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """Return x where the condition holds, else y."""
        return self.value(f"select {condition}, {x}, {y}", x.type)

    def cast(self, op: str, x: Value, kind: Type) -> Value:
        """Write a conversion such as ``fpext``, ``sitofp``, ``bitcast``, ``zext``."""
        return x if x.type == kind else self.value(f"{op} {x} to {kind}", kind)

    def call(self, name: str, arguments: Sequence[Value], returns: Type) -> Value:
        """Call a function or intrinsic that gives a value, and declare it."""
        self.module.declare(f"{returns} @{name}({', '.join(str(a.type) for a in arguments)})")
        return self.value(f"call {returns} @{name}({', '.join(map(str, arguments))})", returns)

    def run(self, name: str, arguments: Sequence[Value]) -> None:
        """Call a function or intrinsic that gives no value, and declare it."""
        self.module.declare(f"void @{name}({', '.join(str(a.type) for a in arguments)})")
        self.line(f"call void @{name}({', '.join(map(str, arguments))})")

    def intrinsic(self, name: str, *arguments: Value) -> Value:
        """Call ``llvm.<name>.<type>``, whose result has the type of its first argument."""
        kind = arguments[0].type
        return self.call(f"llvm.{name}.{kind.suffix}", arguments, kind)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """Return x * y + z, rounded once."""
        return self.intrinsic("fma", x, y, z)

    def splat(self, x: Value, lanes: int) -> Value:
        """Return a vector with a number in every lane."""
        kind = Type(x.type.scalar, lanes)
        first = self.value(f"insertelement {kind} poison, {x}, i64 0", kind)
        zeros = f"<{lanes} x i32> zeroinitializer"
        return self.value(f"shufflevector {first}, {kind} poison, {zeros}", kind)

    def resized(self, x: Value, lanes: int, others: float | int = 0) -> Value:
        """Return a vector with fewer lanes, or with more, which have another number."""
        assert x.type.lanes is not None
        kind, old = Type(x.type.scalar, lanes), x.type.lanes
        places = ", ".join(f"i32 {min(i, old)}" for i in range(lanes))
        rest = literal(others, x.type)
        return self.value(f"shufflevector {x}, {rest}, <{lanes} x i32> <{places}>", kind)

    # ----- memory

    def offset(self, pointer: Value, index: Value | int, scalar: str) -> Value:
        """Return the address of an element, counted in elements of this scalar."""
        index = integer(index) if isinstance(index, int) else index
        stored = "i8" if scalar == "i1" else scalar
        return self.value(f"getelementptr {stored}, {pointer}, {index}", PTR)

    def load(self, pointer: Value, kind: Type, align: int | None = None) -> Value:
        """Load from an address; truth values are bytes in memory."""
        if kind.scalar == "i1":
            bits = self.load(pointer, kind.of("i8"), align)
            return self.compare("icmp ne", bits, literal(0, bits.type))
        self._check(pointer, kind)
        return self.value(f"load {kind}, {pointer}, align {align or BYTES[kind.scalar]}", kind)

    def store(self, x: Value, pointer: Value, align: int | None = None) -> None:
        """Store to an address; truth values are bytes in memory."""
        if x.type.scalar == "i1":
            x = self.cast("zext", x, x.type.of("i8"))
        self._check(pointer, x.type)
        self.line(f"store {x}, {pointer}, align {align or BYTES[x.type.scalar]}")

    def masked_load(self, pointer: Value, kind: Type, mask: Value, others: int = 0) -> Value:
        """Load the lanes that the mask names; the others are not touched, and have a number."""
        if kind.scalar == "i1":
            bits = self.masked_load(pointer, kind.of("i8"), mask, others)
            return self.compare("icmp ne", bits, literal(0, bits.type))
        name = f"llvm.masked.load.{kind.suffix}.p0"
        align = literal(BYTES[kind.scalar], I32)
        rest = literal(others, kind) if others else Value("zeroinitializer", kind)
        self._check(pointer, kind, mask)
        return self.call(name, (pointer, align, mask, rest), kind)

    def masked_store(self, x: Value, pointer: Value, mask: Value) -> None:
        """Store the lanes that the mask names; memory under the others is not touched."""
        if x.type.scalar == "i1":
            x = self.cast("zext", x, x.type.of("i8"))
        if mask.text == self.mask(x.type.lanes or 1, 1).text:
            # LLVM 22 would write four bytes where this is one of a vector that was truncated.
            lane = Type(x.type.scalar)
            self.store(self.value(f"extractelement {x}, {integer(0)}", lane), pointer)
            return
        name = f"llvm.masked.store.{x.type.suffix}.p0"
        self._check(pointer, x.type, mask)
        self.run(name, (x, pointer, literal(BYTES[x.type.scalar], I32), mask))

    def _check(self, pointer: Value, kind: Type, mask: Value | None = None) -> None:
        """Write a test of an access, in the checked build."""
        if not checked.ENABLED:
            return
        lanes = kind.lanes or 1
        count = integer(lanes)
        if mask is not None:  # up to the last lane that it names
            bits = self.cast("zext", self.cast("bitcast", mask, Type(f"i{lanes}")), I64)
            zeros = self.call("llvm.ctlz.i64", (bits, literal(False, I1)), I64)
            count = self.binary("sub", integer(64), zeros)
        name = f"@{self.name}.name"
        text = f'{name} = private constant [{len(self.name) + 1} x i8] c"{self.name}\\00"'
        if text not in self.module.globals:
            self.module.globals.append(text)
        size = self.binary("mul", count, integer(BYTES[kind.scalar]))
        self.run(checked.CHECK, (pointer, size, Value(name, PTR)))

    def mask(self, lanes: int, count: Value | int) -> Value:
        """Return a mask of the first `count` lanes; `count` is a number or a 64-bit value."""
        if isinstance(count, int):
            bits = ", ".join(f"i1 {'true' if i < count else 'false'}" for i in range(lanes))
            return Value(f"<{bits}>", Type("i1", lanes))
        kind = Type("i64", lanes)
        places = Value("<" + ", ".join(f"i64 {i}" for i in range(lanes)) + ">", kind)
        return self.compare("icmp ult", places, self.splat(count, lanes))

    # ----- control

    @contextmanager
    def loop(
        self, begin: Value | int, end: Value | int, step: Value | int = 1,
        carried: Sequence[Value] = (),
    ) -> Iterator[Loop]:  # fmt: skip
        """Write a loop over ``range(begin, end, step)``, which may make no turn at all.

        After it, ``loop.carried`` holds what the last turn handed on by ``loop.carry``.
        """
        begin = integer(begin) if isinstance(begin, int) else begin
        end = integer(end) if isinstance(end, int) else end
        step = integer(step) if isinstance(step, int) else step
        before, head, body = self.block, self.label("head"), self.label("body")
        latch, done = self.label("latch"), self.label("done")
        self.line(f"br label %{head}")
        self.begin(head)
        place = len(self.lines)  # of the phis, which need to know the last turn's values
        self._count += 1 + len(carried)
        first = self._count - len(carried)
        index = Value(f"%v{first}", begin.type)
        values = [Value(f"%v{first + 1 + i}", v.type) for i, v in enumerate(carried)]
        inside = self.compare("icmp slt", index, end)
        self.line(f"br {inside}, label %{body}, label %{done}")
        self.begin(body)
        loop = Loop(index, values, list(values))
        yield loop
        self.line(f"br label %{latch}")
        self.begin(latch)
        following = self.binary("add nsw", index, step)
        self.line(f"br label %{head}")
        pairs = zip([index, *values], [begin, *carried], [following, *loop.results], strict=True)
        self.lines[place:place] = [
            f"  {v.text} = phi {v.type} [ {a.text}, %{before} ], [ {b.text}, %{latch} ]"
            for v, a, b in pairs
        ]
        self.begin(done)
        loop.carried = values

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Write a block that runs only if the condition holds; it gives no values."""
        inside, after = self.label("then"), self.label("after")
        self.line(f"br {condition}, label %{inside}, label %{after}")
        self.begin(inside)
        yield
        self.line(f"br label %{after}")
        self.begin(after)
