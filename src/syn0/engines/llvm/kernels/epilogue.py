"""What the elements of a product become as soon as they are stored, while they are near.

An epilogue is a nest without loops of its own: each tile of a product hands over its rows and
columns when its last element is added up. It reads and writes arrays that lie as the product
does, and reads rows that have one number for each column, and single numbers. It is a kernel by
itself, so that a product need not be compiled anew for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import (
    BYTES,
    I64,
    NULL,
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
from syn0.engines.llvm.kernels.expressions import express
from syn0.engines.llvm.kernels.statements import Statement, Store, number_of
from syn0.engines.llvm.kernels.tile import prefetch

WORDS = 2  # the first words: the address of the epilogue, and that of the product


@dataclass(frozen=True)
class Beside:
    """An array beside the product, with a number for each ``element`` or ``column``, or one."""

    dtype: str
    kind: str  # the last is a ``number``


@dataclass(frozen=True)
class Epilogue:
    """What is made of each element of a product.

    Parameters
    ----------
    dtype : str
        The product's numbers.
    beside : tuple of Beside
        The operands from number 1 on; the product is number 0.
    statements : tuple of Statement
        What is computed, in order; loads, constants, elementwise ops.
    stores : tuple of Store
        What is kept, and where.
    """

    dtype: str
    beside: tuple[Beside, ...]
    statements: tuple[Statement, ...]
    stores: tuple[Store, ...]


def call_epilogue(
    f: Function, words: Value, C: Value, c_m: Value, rows: int, column: Value, columns: Value
) -> None:
    """Hand a tile over to the epilogue that the words tell of; they are null where none is."""
    with f.when(f.compare("icmp ne", words, NULL)):
        function = f.load(words, PTR)
        arguments = (words, C, c_m, integer(rows), column, columns)
        f.line(f"call void {function.text}({', '.join(map(str, arguments))})")


def epilogue_kernel(epilogue: Epilogue, target: Target) -> Kernel:
    """Return the kernel ``void (words, C, c_m, rows, column, columns)`` of an epilogue.

    `words` are its own address, that of the product and those of what lies beside; then the
    address of the first element that it is given, the bytes from row to row, how many rows and
    columns there are, and the product's column at which they begin.
    """
    lanes = target.vector_bytes // BYTES[SCALARS[epilogue.dtype]]
    symbol = symbol_of("epilogue", (epilogue, lanes))
    return Kernel(symbol, lambda: _Writer(epilogue, lanes, symbol).text())


class _Writer:
    """Writes the kernel of an epilogue."""

    def __init__(self, epilogue: Epilogue, lanes: int, symbol: str) -> None:
        self.epilogue = epilogue
        self.lanes = lanes
        self.module = Module()
        numbers = [(I64, name) for name in ("c_m", "rows", "column", "columns")]
        self.f = self.module.function(symbol, [(PTR, "words"), (PTR, "C"), *numbers], "void")
        self.dtypes = [epilogue.dtype, *(b.dtype for b in epilogue.beside)]

    def text(self) -> str:
        """Return the module: whole vectors of columns, and a masked one for what is left."""
        f, lanes, columns = self.f, integer(self.lanes), self.f.argument("columns")
        words = f.argument("words")
        self.bases = [
            f.load(f.offset(words, WORDS - 1 + i, "i64"), PTR) for i in range(len(self.dtypes))
        ]
        C, start = (f.cast("ptrtoint", x, I64) for x in (f.argument("C"), self.bases[0]))
        self.distance = f.binary("sub", C, start)
        whole = f.binary("and", columns, integer(-self.lanes))
        with f.loop(0, whole, lanes) as loop:
            self._vectors(loop.index, None)
        left = f.binary("sub", columns, whole)
        with f.when(f.compare("icmp sgt", left, integer(0))):
            self._vectors(whole, f.mask(self.lanes, left))
        f.line("ret void")
        return self.module.text()

    def _vectors(self, offset: Value, mask: Value | None) -> None:
        """Write the loop over rows of a vector of columns."""
        f = self.f
        column = f.binary("add", f.argument("column"), offset)
        fixed: dict[int, Value] = {}  # what is the same for all rows
        moving: dict[int, Value] = {}  # the addresses that go from row to row
        kinds = ["element", *(b.kind for b in self.epilogue.beside)]
        for number, (kind, dtype) in enumerate(zip(kinds, self.dtypes, strict=True)):
            base = self.bases[number]
            if kind == "column":
                place = f.offset(base, column, SCALARS[dtype])
                fixed[number] = self._load(number, place, mask)
                continue
            if kind == "number":
                fixed[number] = f.splat(f.load(base, Type(SCALARS[dtype])), self.lanes)
                continue
            tile = f.offset(base, self._scaled(self.distance, dtype), "i8")
            moving[number] = f.offset(tile, offset, SCALARS[dtype])
        steps = {n: self._scaled(f.argument("c_m"), self.dtypes[n]) for n in moving}
        rows = f.argument("rows")
        further = {n: f.binary("mul", steps[n], rows) for n in moving if n}
        with f.loop(0, rows, carried=[*moving.values()]) as loop:
            places = dict(zip(moving, loop.carried, strict=True))
            # The tile below will read and write its own next, when its product is made.
            for n, distance in further.items():
                prefetch(f, f.offset(places[n], distance, "i8"), write=True)
            self._row(places, fixed, mask)
            loop.carry(*(f.offset(x, steps[n], "i8") for n, x in places.items()))

    def _row(self, places: dict[int, Value], fixed: dict[int, Value], mask: Value | None) -> None:
        """Compute and store a vector of a row."""
        made: list[Value] = []
        for s in self.epilogue.statements:
            if s.op == "constant":
                made.append(literal(s.attribute, self._type(s.dtype)))
            elif s.op != "load":
                inputs = [number_of(self.epilogue.statements[i], made[i]) for i in s.inputs]
                made.append(express(self.f, s.op, s.dtype, inputs))
            elif s.attribute in fixed:
                made.append(fixed[s.attribute])
            else:
                made.append(self._load(s.attribute, places[s.attribute], mask))
        for store in self.epilogue.stores:
            x, place = made[store.statement], places[store.operand]
            if mask is None:
                self.f.store(x, place)
            else:
                self.f.masked_store(x, place, mask)

    def _type(self, dtype: str) -> Type:
        return Type(SCALARS[dtype], self.lanes)

    def _load(self, number: int, place: Value, mask: Value | None) -> Value:
        kind = self._type(self.dtypes[number])
        if mask is None:
            return self.f.load(place, kind)
        return self.f.masked_load(place, kind, mask, others=1)

    def _scaled(self, distance: Value, dtype: str) -> Value:
        """Return a distance in the product's bytes in those of another dtype."""
        size, own = BYTES[SCALARS[dtype]], BYTES[SCALARS[self.epilogue.dtype]]
        if size >= own:
            return self.f.binary("mul", distance, integer(size // own))
        return self.f.binary("sdiv exact", distance, integer(own // size))
