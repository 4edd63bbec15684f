"""The innermost loop of a matrix product: a tile of C that stays in registers.

At each step of the inner axis a tile loads a few vectors of a row of B, and for each of its rows
one number of A, which it spreads over a vector: as many fused multiplications and additions as
rows times vectors, each on an accumulator of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from syn0.engines.llvm.ir import (
    BYTES,
    I32,
    I64,
    PTR,
    Function,
    Module,
    Type,
    Value,
    integer,
    literal,
)
from syn0.engines.llvm.kernels.row_addresses import RowAddresses

CACHE_LINE = 64  # bytes


@dataclass(frozen=True)
class Operands:
    """What a product works on; strides are in bytes.

    Parameters
    ----------
    A, B, C : Value
        Addresses.
    a_m, a_k, b_k, panel_stride, c_m : Value
        Strides of A's rows and inner axis, of B's rows, of B's panels, of C's rows.
    depth : Value
        Length of the inner axis.
    first : Value
        Where it begins: if not at 0, the chains that C holds are continued.
    ahead : Value
        Bytes from B to the block of B that will be wanted next, or 0.
    rows : Value
        Rows of C; for the function of a tile the number of tiles, one below the other.
    columns : Value
        Columns of C, for a tile in which they are counted.
    """

    A: Value
    B: Value
    C: Value
    a_m: Value
    a_k: Value
    b_k: Value
    panel_stride: Value
    c_m: Value
    depth: Value
    first: Value
    ahead: Value
    rows: Value
    columns: Value

    @classmethod
    def parameters(cls) -> list[tuple[Type, str]]:
        """Return the parameters of a function of these."""
        return [(PTR if f.name in "ABC" else I64, f.name) for f in fields(cls)]

    @classmethod
    def arguments(cls, f: Function) -> Operands:
        """Return what such a function was given."""
        return cls(*(f.argument(name) for _, name in cls.parameters()))

    def pass_to(self, f: Function, function: str) -> None:
        """Call a function of these: one of the same module, or a value that is its address."""
        arguments = [getattr(self, field.name) for field in fields(self)]
        f.line(f"call void {function}({', '.join(map(str, arguments))})")


@dataclass(frozen=True)
class TapOperands(Operands):
    """What a product works on that adds up products of several matrices: the taps of a window.

    Parameters
    ----------
    taps, inner_taps : Value
        How many there are, in two loops.
    a_tap, b_tap, a_inner, b_inner : Value
        How far A and B move from tap to tap.
    """

    taps: Value
    a_tap: Value
    b_tap: Value
    inner_taps: Value
    a_inner: Value
    b_inner: Value


@dataclass(frozen=True)
class Tile:
    """The shape of a tile.

    Parameters
    ----------
    rows, vectors : int
        How many accumulators it has, down and across.
    panel : int
        Vectors in a panel of B; a tile may reach over several.
    vector : Type
        The type of one.
    columns : int
        How many lanes of all vectors together are columns of C; at most, if they are counted.
    counted : bool
        Whether it is told how many they are when it runs.
    masks : bool
        Whether the machine has registers for masks.
    by_column : bool
        Whether A has a number for each column too: then a row of it is vectors, not a number.
    """

    rows: int
    vectors: int
    panel: int
    vector: Type
    columns: int
    counted: bool
    masks: bool
    by_column: bool = False

    @property
    def name(self) -> str:
        """The name of its function."""
        return f"tile_{self.rows}_by_{'at_most_' if self.counted else ''}{self.columns}"

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.vector.lanes or 1

    @property
    def lines(self) -> range:
        """The distances of cache lines in a row of C, or of B in a panel, in bytes."""
        return range(0, self.columns * BYTES[self.vector.scalar], CACHE_LINE)

    def places(self, f: Function, row: Value, panel_stride: Value | None = None) -> list[Value]:
        """Return the addresses of the vectors of a row; without a stride the panels adjoin."""
        if panel_stride is None:
            return [f.offset(row, j * self.lanes, self.vector.scalar) for j in range(self.vectors)]
        places = []
        for j in range(self.vectors):
            if j and j % self.panel == 0:
                row = f.offset(row, panel_stride, "i8")
            places.append(f.offset(row, j % self.panel * self.lanes, self.vector.scalar))
        return places

    def mask(self, f: Function, columns: Value) -> Value | None:
        """Return which lanes of the last vector are columns, or None where all are."""
        before = (self.vectors - 1) * self.lanes
        if not self.counted:
            whole = self.columns == before + self.lanes
            return None if whole else f.mask(self.lanes, self.columns - before)
        # Integers as wide as the numbers: compared, they are a mask where it is no register.
        kind = self.vector.of(f"i{8 * BYTES[self.vector.scalar]}")
        last = f.cast("trunc", f.binary("sub", columns, integer(before)), Type(kind.scalar))
        places = ", ".join(f"{kind.scalar} {place}" for place in range(self.lanes))
        return f.compare("icmp slt", Value(f"<{places}>", kind), f.splat(last, self.lanes))

    def load(self, f: Function, places: Sequence[Value], mask: Value | None) -> list[Value]:
        """Load a row of vectors; lanes that are not columns are 0, and not touched."""
        *others, last = places
        loaded = [f.load(place, self.vector) for place in others]
        if mask is None:
            return [*loaded, f.load(last, self.vector)]
        return [*loaded, f.masked_load(last, self.vector, mask)]

    def store(
        self, f: Function, vectors: Sequence[Value], places: Sequence[Value], mask: Value | None
    ) -> None:
        """Store a row of vectors; what is not a column is not touched."""
        *others, last = vectors
        for vector, place in zip(others, places[:-1], strict=True):
            f.store(vector, place)
        if mask is None:
            f.store(last, places[-1])
        else:
            f.masked_store(last, places[-1], mask)


def write_tile(module: Module, tile: Tile, operands: type[Operands] = Operands) -> None:
    """Write the function that computes tiles one below the other."""
    f = module.function(tile.name, operands.parameters(), linkage="internal")
    given = operands.arguments(f)
    mask = tile.mask(f, given.columns)
    with f.loop(0, given.rows, carried=(given.A, given.C)) as loop:
        A, C = loop.carried
        here = replace(given, A=A, C=C)
        start = _start(f, tile, here, mask)
        if isinstance(here, TapOperands):
            results = _taps(f, tile, here, start, mask)
        else:
            line = f.intrinsic("smin", loop.index, integer(len(tile.lines) - 1))
            ahead = f.binary("add", given.ahead, f.binary("mul", line, integer(CACHE_LINE)))
            results = _inner_loop(f, tile, replace(here, ahead=ahead), start, mask)
        for i in range(tile.rows):
            row = results[i * tile.vectors :][: tile.vectors]
            tile.store(f, row, tile.places(f, C), mask)
            C = f.offset(C, given.c_m, "i8")
        loop.carry(f.offset(A, f.binary("mul", given.a_m, integer(tile.rows)), "i8"), C)


def _taps(
    f: Function, tile: Tile, given: TapOperands, start: list[Value], mask: Value | None
) -> list[Value]:
    """Run along the inner axis of each tap in turn and return the accumulators."""
    with f.loop(0, given.taps, carried=(given.A, given.B, *start)) as outer:
        A, B, *sums = outer.carried
        with f.loop(0, given.inner_taps, carried=(A, B, *sums)) as inner:
            a, b, *sums = inner.carried
            sums = _inner_loop(f, tile, replace(given, A=a, B=b), sums, mask)
            inner.carry(f.offset(a, given.a_inner, "i8"), f.offset(b, given.b_inner, "i8"), *sums)
        sums = inner.carried[2:]
        outer.carry(f.offset(A, given.a_tap, "i8"), f.offset(B, given.b_tap, "i8"), *sums)
    return outer.carried[2:]


def _start(f: Function, tile: Tile, given: Operands, mask: Value | None) -> list[Value]:
    """Return the accumulators, row by row: 0 at the begin of the inner axis, else from C."""
    row = given.C
    for _ in range(tile.rows):
        for line in tile.lines:
            prefetch(f, f.offset(row, line, "i8"), write=True)
        row = f.offset(row, given.c_m, "i8")
    zero = literal(0, tile.vector)
    before, resume, ready = f.block, f.label("resume"), f.label("ready")
    begins = f.compare("icmp eq", given.first, integer(0))
    f.line(f"br {begins}, label %{ready}, label %{resume}")
    f.begin(resume)
    held, row = [], given.C
    for _ in range(tile.rows):
        held += tile.load(f, tile.places(f, row), mask)
        row = f.offset(row, given.c_m, "i8")
    f.line(f"br label %{ready}")
    f.begin(ready)
    sources = [f"[ {zero.text}, %{before} ], [ {x.text}, %{resume} ]" for x in held]
    return [f.value(f"phi {tile.vector} {source}", tile.vector) for source in sources]


def _inner_loop(
    f: Function, tile: Tile, given: Operands, start: list[Value], mask: Value | None
) -> list[Value]:
    """Run along the inner axis and return the accumulators."""
    rows = RowAddresses(f, tile.rows, given.a_m)
    pointers = rows.pointers(given.A)
    with f.loop(0, given.depth, carried=(given.B, *start, *pointers)) as loop:
        B, sums, pointers = loop.carried[0], loop.carried[1:], loop.carried[1 + len(start) :]
        if not isinstance(given, TapOperands):
            prefetch(f, f.offset(B, given.ahead, "i8"), write=False)
        row_of_B = tile.load(f, tile.places(f, B, given.panel_stride), mask)
        results = []
        for i, place in enumerate(rows.places(pointers)):
            multipliers = _multipliers(f, tile, place, mask)
            for a, b, c in zip(multipliers, row_of_B, sums[i * tile.vectors :], strict=False):
                results.append(f.fma(a, b, c))
        further = rows.advanced(pointers, given.a_k)
        loop.carry(f.offset(B, given.b_k, "i8"), *results, *further)
    return loop.carried[1 : 1 + len(start)]


def _multipliers(f: Function, tile: Tile, place: Value, mask: Value | None) -> list[Value]:
    """Return what a row of B is multiplied by: a number, or one for each column."""
    if tile.by_column:
        return tile.load(f, tile.places(f, place), mask)
    return [f.splat(f.load(place, Type(tile.vector.scalar)), tile.lanes)] * tile.vectors


def prefetch(f: Function, place: Value, *, write: bool) -> None:
    """Ask for a cache line: at once if it will be written, else for the second cache."""
    nearness = 3 if write else 2
    numbers = (literal(number, I32) for number in (write, nearness, 1))
    f.run("llvm.prefetch.p0", (place, *numbers))
