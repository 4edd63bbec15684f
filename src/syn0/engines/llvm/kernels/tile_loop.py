"""The innermost loop of a matrix product: a tile of C that stays in registers.

At each step of the inner axis a tile loads a few vectors of a row of B, and for each of its rows
one number of A, which it spreads over a vector: as many fused multiplications and additions as
rows times vectors, each on an accumulator of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from syn0.engines.llvm.ir import I64, PTR, Function, Module, Type, Value, integer, literal
from syn0.engines.llvm.kernels.epilogue import call_epilogue
from syn0.engines.llvm.kernels.row_addresses import RowAddresses
from syn0.engines.llvm.kernels.tile import CACHE_LINE, Tile, prefetch

ADDRESSES = frozenset(["A", "B", "C", "words"])


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
    column : Value
        The product's column at which they begin.
    words : Value
        The address of an epilogue's words; null where there is none.
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
    column: Value
    words: Value

    @classmethod
    def parameters(cls) -> list[tuple[Type, str]]:
        """Return the parameters of a function of these."""
        return [(PTR if f.name in ADDRESSES else I64, f.name) for f in fields(cls)]

    @classmethod
    def arguments(cls, f: Function) -> Operands:
        """Return what such a function was given."""
        return cls(**{name: f.argument(name) for _, name in cls.parameters()})

    def pass_to(self, f: Function, function: str) -> None:
        """Call a function of these: one of the same module, or a value that is its address."""
        arguments = [getattr(self, field.name) for field in fields(self)]
        f.line(f"call void {function}({', '.join(map(str, arguments))})")


@dataclass(frozen=True, kw_only=True)
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
        row = C
        for i in range(tile.rows):
            sums = results[i * tile.vectors :][: tile.vectors]
            tile.store(f, sums, tile.places(f, row), mask)
            row = f.offset(row, given.c_m, "i8")
        columns = given.columns if tile.counted else integer(tile.columns)
        call_epilogue(f, given.words, C, given.c_m, tile.rows, given.column, columns)
        loop.carry(f.offset(A, f.binary("mul", given.a_m, integer(tile.rows)), "i8"), row)


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
