"""What the elements of a product become before they are stored, while they are in registers.

An epilogue is a nest without loops: the tile of a product is its domain. It reads and writes
arrays that lie as the product does, and rows that have one number for each column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, auto

from syn0.engines.llvm.ir import BYTES, I64, PTR, SCALARS, Function, Type, Value, integer, literal
from syn0.engines.llvm.kernels.expressions import Number, express
from syn0.engines.llvm.kernels.statements import Statement, Store
from syn0.engines.llvm.kernels.tile import Tile

Row = list[Value]  # vectors


@dataclass(frozen=True)
class Beside:
    """An array beside the product: one number for each element, or one `by_column`."""

    dtype: str
    by_column: bool


@dataclass(frozen=True)
class Epilogue:
    """What is made of each element of a product.

    Parameters
    ----------
    beside : tuple of Beside
        The operands from number 1 on; the product is number 0.
    statements : tuple of Statement
        What is computed, in order; loads, constants, elementwise ops.
    stores : tuple of Store
        What is kept, and where.
    """

    beside: tuple[Beside, ...]
    statements: tuple[Statement, ...]
    stores: tuple[Store, ...]

    @property
    def parameters(self) -> list[tuple[Type, str]]:
        """The parameters of a kernel: the addresses of what lies beside."""
        return [(PTR, f"beside{i}") for i in range(1, len(self.beside) + 1)]


class Word(IntEnum):
    """The words by which a kernel tells its tiles where they are; addresses follow."""

    ENDS = 0  # whether the inner axis ends with this block of it
    COLUMN = auto()  # of the product, at which the tile begins
    PRODUCT = auto()  # its address; then those of what lies beside


def begin_words(f: Function, epilogue: Epilogue, product: Value) -> Value:
    """Return the address of the words, on the stack of a kernel that has the parameters."""
    addresses = [product, *(f.argument(name) for _, name in epilogue.parameters)]
    words = f.value(f"alloca [{Word.PRODUCT + len(addresses)} x i64], align 8", PTR)
    set_word(f, words, Word.ENDS, integer(1))
    for number, address in enumerate(addresses):
        set_word(f, words, Word.PRODUCT + number, address)
    return words


def set_word(f: Function, words: Value, place: int, value: Value) -> None:
    """Set a word."""
    f.store(value, f.offset(words, place, "i64"))


class Ending:
    """Writes an epilogue at the end of a tile.

    Parameters
    ----------
    f : Function
        That of the tile.
    tile : Tile
        Its shape.
    epilogue : Epilogue
        What is made of it.
    words : Value
        The address of the words.
    mask : Value, optional
        Which lanes of the last vector are columns.
    """

    def __init__(
        self, f: Function, tile: Tile, epilogue: Epilogue, words: Value, mask: Value | None
    ) -> None:
        self.f = f
        self.tile = tile
        self.epilogue = epilogue
        self.words = words
        self.mask = mask

    def is_due(self) -> Value:
        """Return whether the product is whole."""
        return self.f.compare("icmp ne", self._word(Word.ENDS, I64), integer(0))

    def write(self, C: Value, c_m: Value, rows: Sequence[Row]) -> None:
        """Store what becomes of the rows of a tile, of which the first lies at C."""
        f, all_beside = self.f, list(enumerate(self.epilogue.beside, 1))
        bases = {0: self._base(0)} | {number: self._base(number) for number, _ in all_beside}
        column = self._word(Word.COLUMN, I64)
        by_column = {
            number: self._load(number, f.offset(bases[number], column, SCALARS[b.dtype]))
            for number, b in all_beside if b.by_column
        }  # fmt: skip
        start = f.cast("ptrtoint", bases[0], I64)
        for row in rows:
            distance = f.binary("sub", f.cast("ptrtoint", C, I64), start)
            places = {0: C} | {
                number: f.offset(bases[number], self._scaled(distance, b.dtype), "i8")
                for number, b in all_beside if not b.by_column
            }  # fmt: skip
            self._row(row, places, by_column)
            C = f.offset(C, c_m, "i8")

    def _row(self, row: Row, places: dict[int, Value], by_column: dict[int, Row]) -> None:
        made: list[Row] = []
        for s in self.epilogue.statements:
            if s.op != "load":
                made.append(self._express(s, made))
            elif s.attribute == 0:
                made.append(row)
            elif s.attribute in by_column:
                made.append(by_column[s.attribute])
            else:
                made.append(self._load(s.attribute, places[s.attribute]))
        for store in self.epilogue.stores:
            tile, place = self._tile(store.operand), places[store.operand]
            tile.store(self.f, made[store.statement], tile.places(self.f, place), self.mask)

    def _express(self, s: Statement, made: Sequence[Row]) -> Row:
        kind = Type(SCALARS[s.dtype], self.tile.lanes)
        if s.op == "constant":
            return [literal(s.attribute, kind)] * self.tile.vectors
        inputs = [(self.epilogue.statements[i], made[i]) for i in s.inputs]
        return [
            express(
                self.f, s.op, s.dtype,
                [Number(x[j], i.dtype, i.attribute if i.op == "constant" else None)
                 for i, x in inputs],
            )
            for j in range(self.tile.vectors)
        ]  # fmt: skip

    def _dtype(self, number: int) -> str | None:
        """Return what an operand is of; the product is what its tile is."""
        return self.epilogue.beside[number - 1].dtype if number else None

    def _tile(self, number: int) -> Tile:
        """Return the tile's shape over an operand."""
        dtype = self._dtype(number)
        if dtype is None:
            return self.tile
        return replace(self.tile, vector=Type(SCALARS[dtype], self.tile.lanes))

    def _load(self, number: int, place: Value) -> Row:
        tile = self._tile(number)
        return tile.load(self.f, tile.places(self.f, place), self.mask)

    def _scaled(self, distance: Value, dtype: str) -> Value:
        """Return a distance in the product's bytes in those of another dtype."""
        size, own = BYTES[SCALARS[dtype]], BYTES[self.tile.vector.scalar]
        if size >= own:
            return self.f.binary("mul", distance, integer(size // own))
        return self.f.binary("udiv", distance, integer(own // size))

    def _base(self, number: int) -> Value:
        return self._word(Word.PRODUCT + number, PTR)

    def _word(self, place: int, kind: Type) -> Value:
        return self.f.load(self.f.offset(self.words, place, "i64"), kind, align=8)
