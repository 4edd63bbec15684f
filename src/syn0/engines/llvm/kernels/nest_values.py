"""The statements of a nest as values: those of a row in a few lanes, those of elements in all."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from syn0.engines.llvm.ir import BYTES, PTR, SCALARS, Function, Type, Value, literal
from syn0.engines.llvm.kernels.expressions import Number, express
from syn0.engines.llvm.kernels.nest_form import Form
from syn0.engines.llvm.kernels.nest_memory import Memory
from syn0.engines.llvm.kernels.row_reductions import Place, RowReduction, first, place_columns
from syn0.engines.llvm.kernels.statements import REDUCTIONS, number_of

ROW_LANES = 4  # of a number of a row: every op is on vectors, and short ones are quick

Memo = dict[int, Value]


class Values:
    """What has been computed of a nest so far.

    Parameters
    ----------
    f : Function
        Where the instructions go.
    form : Form
        The nest.
    memory : Memory
        Its operands.
    """

    def __init__(self, f: Function, form: Form, memory: Memory) -> None:
        self.f = f
        self.form = form
        self.memory = memory
        self.statements = form.nest.statements
        self.rows: Memo = {}
        self.vectors: list[Memo] = []
        self._splats: Memo = {}
        self._scratch: Memo = {}

    def fork(self) -> Values:
        """Return a copy for one row, which starts from what is the same for all."""
        row = Values(self.f, self.form, self.memory.fork())
        row.rows, row._splats = dict(self.rows), dict(self._splats)
        row.vectors = [dict(memo) for memo in self.vectors]
        row._scratch = self._scratch
        return row

    # ----- one for each row

    def define_row(self, number: int) -> None:
        """Compute a statement of the row."""
        s = self.statements[number]
        kind = Type(SCALARS[s.dtype], ROW_LANES)
        if s.op == "constant":
            self.rows[number] = literal(s.attribute, kind)
            self._splats[number] = literal(s.attribute, Type(kind.scalar, self.form.lanes))
            return
        if s.op == "index":
            self._set_row(number, self.memory.indices[s.attribute])
        elif s.op == "load":
            self._set_row(number, self.memory.load_row(s.attribute))
        else:
            inputs = [self._number(i, self.rows[i]) for i in s.inputs]
            self.rows[number] = express(self.f, s.op, s.dtype, inputs)
            if number in self._widened:
                self._splats[number] = self._wide(first(self.f, self.rows[number]))

    def define_reduction(self, number: int, x: Value) -> None:
        """Set what a reduction of the row has come to."""
        self._set_row(number, x)

    def _set_row(self, number: int, x: Value) -> None:
        self.rows[number] = self.f.splat(x, ROW_LANES)
        if number in self._widened:
            self._splats[number] = self._wide(x)

    def _wide(self, x: Value) -> Value:
        return self.f.splat(x, self.form.lanes)

    @cached_property
    def _widened(self) -> frozenset[int]:
        """What meets elements, or is written along the row."""
        takers = [s for s in self.statements if s.level == "element" or s.op in REDUCTIONS]
        stored = [self.form.nest.stores[s].statement for s in self.form.element_stores]
        return frozenset({*stored, *(i for s in takers for i in s.inputs)})

    def _number(self, number: int, x: Value) -> Number:
        return number_of(self.statements[number], x)

    def reduction(self, number: int) -> RowReduction:
        """Return how a statement reduces the row."""
        s = self.statements[number]
        source = self.statements[s.inputs[0]].dtype
        return RowReduction(s.op, source, s.dtype, self.form.lanes)

    # ----- one for each element

    def keep(self, numbers: Iterable[int]) -> None:
        """Reserve memory in which a pass keeps values for a later one."""
        for number in numbers:
            scalar = SCALARS[self.statements[number].dtype]
            size = self.form.vectors * self.form.lanes * BYTES[scalar]
            self._scratch[number] = self.f.value(f"alloca [{size} x i8], align 64", PTR)

    def evaluate(self, numbers: Iterable[int], place: Place, memo: Memo) -> None:
        """Compute statements at a place, in order, and keep what a later pass takes."""
        for number in numbers:
            memo[number] = self._element(number, place, memo)
            if number in self._scratch:
                self.f.store(memo[number], self._kept_at(number, place))

    def element(self, number: int, place: Place, memo: Memo) -> Value:
        """Return a statement's vector at a place; it has been computed there, or kept."""
        if self.statements[number].level == "row":
            return self._splats[number]
        if number not in memo:
            kind = Type(SCALARS[self.statements[number].dtype], self.form.lanes)
            memo[number] = self.f.load(self._kept_at(number, place), kind)
        return memo[number]

    def _element(self, number: int, place: Place, memo: Memo) -> Value:
        s = self.statements[number]
        kind = Type(SCALARS[s.dtype], self.form.lanes)
        if s.op == "constant":
            return literal(s.attribute, kind)
        if s.op == "load":
            return self.memory.load(s.attribute, place)
        if s.op == "index":
            if s.attribute == len(self.form.nest.domain) - 1:
                return place_columns(self.f, place, kind)
            return self._wide(self.memory.indices[s.attribute])
        inputs = [self._number(i, self.element(i, place, memo)) for i in s.inputs]
        return express(self.f, s.op, s.dtype, inputs)

    def _kept_at(self, number: int, place: Place) -> Value:
        scalar = SCALARS[self.statements[number].dtype]
        address = self._scratch[number]
        if place.start is not None:
            address = self.f.offset(address, place.start, scalar)
        return self.f.offset(address, place.column, scalar)
