"""A tile of a matrix: how many registers it fills, and how these are loaded and stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syn0.engines.llvm.ir import BYTES, I32, Function, Type, Value, integer, literal

CACHE_LINE = 64  # bytes


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


def prefetch(f: Function, place: Value, *, write: bool) -> None:
    """Ask for a cache line: at once if it will be written, else for the second cache."""
    nearness = 3 if write else 2
    numbers = (literal(number, I32) for number in (write, nearness, 1))
    f.run("llvm.prefetch.p0", (place, *numbers))
