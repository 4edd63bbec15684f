"""Columns of a product as vectors: panels as wide as the widest tile, and a rest beside them.

A band is such a group of vectors. Its function covers rows with tiles of nearly equal heights,
so that no tile is left with a single row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import BYTES, PTR, SCALARS, Function, Module, Type, Value, integer
from syn0.engines.llvm.kernels.tile import CACHE_LINE, Tile, prefetch
from syn0.engines.llvm.kernels.tile_loop import Operands, write_tile

# The rows of the highest tile of so many vectors, by the number of registers: accumulators,
# vectors of B and a number of A fill them, but for a few that LLVM's scheduler needs.
HIGHEST = {32: {1: 10, 2: 12, 3: 8, 4: 6}, 16: {1: 10, 2: 6}}
BLOCK = 512  # of the inner axis: so much of a panel of B stays in the second cache
# Bytes between the rows of B, and rows of A, from which on it pays to copy a panel that is as
# narrow as a cache line: rows a large power of two apart share few places of the first cache.
FAR, OFTEN = 256, 96


@dataclass(frozen=True)
class Band:
    """The vectors of a panel, or of the columns that remain beside whole panels.

    Parameters
    ----------
    vectors, lanes : int
        How many, and the numbers in each.
    columns : int
        How many of all lanes are columns; at most, if they are counted.
    counted : bool
        Whether the kernel is told how many they are when it runs, and masks the last vector.
    """

    vectors: int
    lanes: int
    columns: int
    counted: bool

    @classmethod
    def of(cls, columns: int, lanes: int, target: Target) -> Band:
        """Return the band of so many columns, for a machine with so many lanes.

        Masks cost nothing with AVX-512, but half a vector may take half the time of a whole one.
        AVX2 is slow to store with a mask, which LLVM avoids where a known one leaves few lanes.
        NEON has no masks: LLVM writes each lane of a known one.
        """
        fewer = lanes
        while fewer // 2 >= columns:
            fewer //= 2
        if target.name == "avx512" and columns > 1:
            lanes = max(fewer, lanes // 2)
        elif target.name == "neon" or fewer < lanes or columns % lanes <= 1:
            return cls(-(-columns // fewer), fewer, columns, counted=False)
        vectors = -(-columns // lanes)
        return cls(vectors, lanes, vectors * lanes, counted=True)


@dataclass(frozen=True)
class Columns:
    """The widths of C whose panels and whose rest are the same bands.

    Where a rest needs all vectors of a panel, it is the last panel, and has no other band.
    If they are multiplied `by_column`, A has a number for each column as B has.
    """

    dtype: str
    lanes: int
    registers: int
    panel: Band | None
    rest: Band | None
    by_column: bool = False

    @classmethod
    def of(cls, dtype: str, n: int, target: Target, **others: bool) -> Self:
        """Return the bands of `n` columns."""
        lanes = target.vector_bytes // BYTES[SCALARS[dtype]]
        registers = 16 if target.name == "avx2" else 32
        width = max(HIGHEST[registers]) * lanes
        panel = Band.of(width, lanes, target)
        rest = Band.of(n % width, lanes, target) if n % width else None
        if rest == panel:
            return cls(dtype, lanes, registers, panel, None, **others)
        return cls(dtype, lanes, registers, panel if n >= width else None, rest, **others)

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return BYTES[SCALARS[self.dtype]]

    @property
    def masks(self) -> bool:
        """Whether the machine has registers for masks."""
        return self.lanes * self.size == 64

    @property
    def vectors(self) -> int:
        """Vectors in a panel."""
        return max(HIGHEST[self.registers])

    @property
    def width(self) -> int:
        """Columns in a panel."""
        return self.vectors * self.lanes

    def panels(self, f: Function, n: Value) -> Value:
        """Return how many panels there are beside a rest that has a band of its own."""
        if not self.rest:
            n = f.binary("add", n, integer(self.width - 1))
        return f.binary("udiv", n, integer(self.width))

    def tile(self, rows: int, band: Band) -> Tile:
        """Return a tile of so many rows of a band."""
        vector = Type(SCALARS[self.dtype], band.lanes)
        columns, counted = band.columns, band.counted
        by_column = self.by_column
        return Tile(
            rows, band.vectors, self.vectors, vector, columns, counted, self.masks, by_column
        )

    def heights(self, band: Band) -> range:
        """Return the heights of a band's tiles."""
        masked = band.counted or band.columns % band.lanes > 0
        # Without registers of its own the mask takes one from the tile.
        return range(1, HIGHEST[self.registers][band.vectors] - (masked and not self.masks) + 1)

    def write_band(
        self, module: Module, band: Band, operands: type[Operands] = Operands, copies: bool = False
    ) -> str:
        """Write the tiles of any height for a band, and what covers rows with them.

        Parameters
        ----------
        module : Module
            Where they are written.
        band : Band
            The vectors.
        operands : type of Operands
            What the tiles are given.
        copies : bool
            Whether a panel that is as narrow as a cache line may be copied.
        """
        tiles = [self.tile(height, band) for height in self.heights(band)]
        for tile in tiles:
            write_tile(module, tile, operands)
        copies = copies and band.columns * self.size == CACHE_LINE and not band.counted
        return _write_band(module, tiles, operands, copies)


def _write_band(
    module: Module, tiles: Sequence[Tile], operands: type[Operands], copies: bool
) -> str:
    """Write the function that covers rows with tiles of nearly equal heights."""
    name = f"band_of_{tiles[0].name}"
    table = f"tiles_of_{name}"
    places = ", ".join(["ptr null", *(f"ptr @{tile.name}" for tile in tiles)])
    module.globals.append(f"@{table} = internal constant [{len(tiles) + 1} x ptr] [{places}]")
    f = module.function(name, operands.parameters(), linkage="internal")
    given = operands.arguments(f)
    if copies:
        given = _near(f, tiles[0], given)
    highest = integer(len(tiles))
    count = f.binary("udiv", f.binary("add", given.rows, integer(len(tiles) - 1)), highest)
    low, higher = f.binary("udiv", given.rows, count), f.binary("urem", given.rows, count)
    with f.loop(0, 2, carried=(given.A, given.C)) as turn:
        A, C = turn.carried
        taller = f.compare("icmp eq", turn.index, integer(0))
        height = f.select(taller, f.binary("add", low, integer(1)), low)
        number = f.select(taller, higher, f.binary("sub", count, higher))
        with f.when(f.compare("icmp sgt", number, integer(0))):
            place = f.offset(Value(f"@{table}", PTR), height, "ptr")
            tile = f.value(f"load {PTR}, {place}", PTR)  # a constant, which no build checks
            replace(given, A=A, C=C, rows=number).pass_to(f, tile.text)
        done = f.binary("mul", number, height)
        turn.carry(
            f.offset(A, f.binary("mul", done, given.a_m), "i8"),
            f.offset(C, f.binary("mul", done, given.c_m), "i8"),
        )
    return f"@{name}"


def _near(f: Function, tile: Tile, given: Operands) -> Operands:
    """Copy a panel whose rows are far apart, if it is used often enough to pay."""
    copy = f.value(f"alloca [{BLOCK * CACHE_LINE} x i8], align {CACHE_LINE}", PTR)
    far = f.compare("icmp sge", given.b_k, integer(FAR))
    often = f.compare("icmp sge", given.rows, integer(OFTEN))
    pays = f.binary("and", far, often)
    with f.when(pays), f.loop(0, given.depth) as loop:
        source = f.offset(given.B, f.binary("mul", loop.index, given.b_k), "i8")
        prefetch(f, f.offset(source, given.ahead, "i8"), write=False)
        target = f.offset(copy, f.binary("mul", loop.index, integer(CACHE_LINE)), "i8")
        tile.store(f, tile.load(f, tile.places(f, source), None), tile.places(f, target), None)
    return replace(
        given,
        B=f.select(pays, copy, given.B),
        b_k=f.select(pays, integer(CACHE_LINE), given.b_k),
        ahead=f.select(pays, integer(0), given.ahead),
    )
