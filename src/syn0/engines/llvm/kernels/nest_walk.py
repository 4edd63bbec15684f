"""Writes a nest: what all ways to walk it share, and the plainest, one loop over neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from syn0.engines.llvm.ir import SCALARS, Type, Value, integer
from syn0.engines.llvm.kernels.nest_checks import Checks
from syn0.engines.llvm.kernels.nest_form import Form
from syn0.engines.llvm.kernels.nest_values import ROW_LANES, Memo, Values
from syn0.engines.llvm.kernels.row_reductions import Place


class Walk:
    """A nest under way.

    Parameters
    ----------
    form : Form
        What is to be written.
    values : Values
        Holds what is the same for all rows.
    """

    def __init__(self, form: Form, values: Values) -> None:
        self.form = form
        self.nest = form.nest
        self.f = values.f
        self.values = values
        self.checks = Checks(values.f)

    def write(self) -> Value:
        """Write the whole nest, and return what it returns."""
        for number, store in enumerate(self.nest.stores):
            if store.checked:
                lanes = self.form.lanes if number in self.form.element_stores else ROW_LANES
                scalar = SCALARS[self.nest.statements[store.statement].dtype]
                self.checks.expect(Type(scalar, lanes))
        self.define(self.values, 0)
        self.walk()
        return self.checks.result()

    def walk(self) -> None:
        """Write the loops."""
        raise NotImplementedError

    def define(self, values: Values, depth: int) -> None:
        """Write what depends on so many loops over rows, and on no reduction."""
        for number in self.form.defined_at(depth):
            values.define_row(number)

    def range(self) -> tuple[Value, Value]:
        """Return the ends of the first axis, which may be several of the caller's."""
        if self.form.written_out:
            return integer(0), integer(self.nest.domain[0])
        begin, end = self.f.argument("begin"), self.f.argument("end")
        if self.form.factor == 1:
            return begin, end
        factor = integer(self.form.factor)
        return self.f.binary("mul nsw", begin, factor), self.f.binary("mul nsw", end, factor)

    def split(self, begin: Value, end: Value, step: int) -> Value:
        """Return where the last whole step of a range ends."""
        whole = self.f.binary("and", self.f.binary("sub", end, begin), integer(-step))
        return self.f.binary("add", begin, whole)

    def places(self, begin: int) -> list[Place]:
        """Return the vectors of a row from one on, the last with a mask if it is not full."""
        whole, rest = divmod(self.form.width, self.form.lanes)
        found = [Place(v * self.form.lanes) for v in range(begin, whole)]
        if rest:
            found.append(Place(whole * self.form.lanes, None, self.f.mask(self.form.lanes, rest)))
        return found

    def store(self, values: Values, place: Place, memo: Memo, stores: Sequence[int]) -> None:
        """Write what goes along the row, at a place."""
        for number in stores:
            store = self.nest.stores[number]
            x = values.element(store.statement, place, memo)
            if store.checked:
                self.checks.check(x, place.mask)
            values.memory.store(store.operand, x, place)

    def store_row(self, values: Values) -> None:
        """Write what is one for each row."""
        for number, store in enumerate(self.nest.stores):
            if number not in self.form.element_stores:
                x = values.rows[store.statement]
                if store.checked:
                    self.checks.check(x, None)
                values.memory.store_row(store.operand, x)


class Flat(Walk):
    """One loop over all elements, and a masked one for what is left."""

    def walk(self) -> None:
        """Write the loops."""
        if self.form.passes:
            self._elements()
        self.store_row(self.values)

    def _elements(self) -> None:
        if self.form.written_out:
            for place in self.places(0):
                self._vector(place)
            return
        lanes = self.form.lanes
        step = lanes * self.form.unroll(0)
        begin, end = self.range()
        middle = self.split(begin, end, step)
        with self.checks.loop(begin, middle, step) as loop:
            for column in range(0, step, lanes):
                self._vector(Place(column, loop.index))
        with self.checks.loop(middle, end, lanes) as loop:
            left = self.f.binary("sub", end, loop.index)
            self._vector(Place(0, loop.index, self.f.mask(lanes, left)))

    def _vector(self, place: Place) -> None:
        memo: Memo = {}
        self.values.evaluate(self.form.evaluated[0], place, memo)
        self.store(self.values, place, memo, self.form.element_stores)
