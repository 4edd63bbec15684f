"""Writes a nest as loops over rows, each of which is walked as often as its reductions want."""

from __future__ import annotations

from collections.abc import Sequence

from syn0.engines.llvm.ir import Value, integer
from syn0.engines.llvm.kernels.nest_form import Form
from syn0.engines.llvm.kernels.nest_values import Memo, Values
from syn0.engines.llvm.kernels.nest_walk import Walk
from syn0.engines.llvm.kernels.row_reductions import Place

Accumulators = dict[int, list[Value]]


class Rows(Walk):
    """Loops over the rows; the innermost may take several side by side."""

    def walk(self) -> None:
        """Write the loops."""
        self._axis(0)

    def _axis(self, axis: int) -> None:
        """Write the loop over an axis, and all within."""
        begin, end = self.range() if axis == 0 else (integer(0), integer(self.nest.domain[axis]))
        if axis < len(self.nest.domain) - 2:
            with self.checks.loop(begin, end, 1) as loop:
                self.values.memory.enter(axis, loop.index)
                self.define(self.values, axis + 1)
                self._axis(axis + 1)
            return
        if self.form.rows_at_once > 1:
            middle = self.split(begin, end, self.form.rows_at_once)
            self._innermost(begin, middle, self.form.rows_at_once)
            begin = middle
        self._innermost(begin, end, 1)

    def _innermost(self, begin: Value, end: Value, count: int) -> None:
        axis = len(self.nest.domain) - 2
        with self.checks.loop(begin, end, count) as loop:
            rows = [self.values.fork() for _ in range(count)]
            for more, row in enumerate(rows):
                index = self.f.binary("add nsw", loop.index, integer(more)) if more else loop.index
                row.memory.enter(axis, index)
                self.define(row, axis + 1)
            self._rows(rows)

    def _rows(self, rows: Sequence[Values]) -> None:
        """Write some rows, pass by pass: their long chains of instructions overlap."""
        for number in range(self.form.passes):
            reduced = self.form.reduced_in(number)
            start = {r: self.values.reduction(r).start() for r in reduced}
            for row, state in [(row, self.walk_row(number, row, start)) for row in rows]:
                for r in reduced:
                    x = row.reduction(r).finish(self.f, state[r], self.form.vectors)
                    row.define_reduction(r, x)
            for row in rows:
                for r in self.form.defined_after(number + 1):
                    row.define_row(r)
        for row in rows:
            self.store_row(row)

    def walk_row(self, number: int, row: Values, state: Accumulators) -> Accumulators:
        """Write one pass over a row; return where its accumulators end."""
        raise NotImplementedError

    def reduce(self, row: Values, place: Place, memo: Memo, state: Accumulators) -> Accumulators:
        """Add a vector of a row to the accumulators."""
        found = {}
        for r, before in state.items():
            x = row.element(self.nest.statements[r].inputs[0], place, memo)
            found[r] = row.reduction(r).step(self.f, before, x, place)
        return found


class RowsInRegisters(Rows):
    """Rows of few vectors, written out; what does not change from row to row stays."""

    def __init__(self, form: Form, values: Values) -> None:
        super().__init__(form, values)
        self._row_places = self.places(0)
        values.vectors = [{} for _ in self._row_places]

    def define(self, values: Values, depth: int) -> None:
        """Write what depends on so many loops over rows, and on no reduction."""
        super().define(values, depth)
        if depth < len(self.nest.domain) - 1:
            for place, memo in zip(self._row_places, values.vectors, strict=True):
                values.evaluate(self.form.fixed_at(depth), place, memo)

    def walk_row(self, number: int, row: Values, state: Accumulators) -> Accumulators:
        """Write one pass over a row; return where its accumulators end."""
        wanted = self.form.wanted_in(number)
        for place, memo in zip(self._row_places, row.vectors, strict=True):
            row.evaluate(self.form.elements(wanted, frozenset(memo)), place, memo)
            state = self.reduce(row, place, memo, state)
            self.store(row, place, memo, self.form.stored_in(number))
        return state


class RowsInLoops(Rows):
    """Rows of many vectors, a loop for each pass."""

    def __init__(self, form: Form, values: Values) -> None:
        super().__init__(form, values)
        values.keep(form.kept)

    def walk_row(self, number: int, row: Values, state: Accumulators) -> Accumulators:
        """Write one pass over a row; return where its accumulators end."""
        unroll = self.form.unroll(number)
        lanes = self.form.lanes
        turns = self.form.width // (lanes * unroll)
        done = 0
        if turns > 1:
            done = turns * unroll
            flat = [x for xs in state.values() for x in xs]
            with self.checks.loop(integer(0), integer(done * lanes), unroll * lanes, flat) as loop:
                inside = _regrouped(state, loop.carried)
                for column in range(0, unroll * lanes, lanes):
                    inside = self._vector(number, row, Place(column, loop.index), inside)
                loop.carry(*(x for xs in inside.values() for x in xs))
            state = _regrouped(state, loop.carried)
        for place in self.places(done):
            state = self._vector(number, row, place, state)
        return state

    def _vector(self, number: int, row: Values, place: Place, state: Accumulators) -> Accumulators:
        memo: Memo = {}
        row.evaluate(self.form.evaluated[number], place, memo)
        state = self.reduce(row, place, memo, state)
        self.store(row, place, memo, self.form.stored_in(number))
        return state


def _regrouped(state: Accumulators, values: Sequence[Value]) -> Accumulators:
    """Return values that a loop carried in one list as accumulators again."""
    waiting = iter(values)
    return {r: [next(waiting) for _ in xs] for r, xs in state.items()}
