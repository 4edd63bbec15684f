"""Writes a nest: loops over rows, and walks along a row, pass by pass."""

from __future__ import annotations

from collections.abc import Sequence

from syn0.engines.llvm.ir import I64, PTR, SCALARS, Module, Type, Value, integer
from syn0.engines.llvm.nest_checks import Checks
from syn0.engines.llvm.nest_form import Form
from syn0.engines.llvm.nest_memory import Memory
from syn0.engines.llvm.nest_values import ROW_LANES, Memo, Values
from syn0.engines.llvm.row_reductions import Place
from syn0.engines.llvm.statements import REDUCTIONS

Accumulators = dict[int, list[Value]]


def emit(form: Form, symbol: str) -> str:
    """Return the module that defines a nest's kernel."""
    pointers = [(PTR, f"operand{i}") for i in range(len(form.nest.operands))]
    module = Module()
    f = module.function(symbol, [*pointers, (I64, "begin"), (I64, "end")], "i64")
    f.line(f"br {f.compare('icmp slt', f.argument('begin'), f.argument('end'))}, "
           "label %work, label %nothing")  # fmt: skip
    f.begin("nothing")
    f.line("ret i64 0")
    f.begin("work")
    width = None if form.flat else form.width
    memory = Memory(f, form.nest.operands, form.lanes, width)
    emitter = _Flat if form.flat else _InRegisters if form.in_registers else _InLoops
    walk = emitter(form, Values(f, form, memory), Checks(f))
    if 0 not in form.nest.domain[:-1]:
        walk.write()
    f.line(f"ret {walk.checks.result()}")
    return module.text()


class _Walk:
    """A nest under way: what all ways to walk it share."""

    def __init__(self, form: Form, values: Values, checks: Checks) -> None:
        self.form = form
        self.nest = form.nest
        self.values = values
        self.checks = checks
        self.f = values.f
        self.memory = values.memory

    def write(self) -> None:
        """Write the whole nest."""
        for number, store in enumerate(self.nest.stores):
            if store.checked:
                lanes = self.form.lanes if number in self.form.element_stores else ROW_LANES
                scalar = SCALARS[self.nest.statements[store.statement].dtype]
                self.checks.expect(Type(scalar, lanes))
        self.define(0)
        self.walk()

    def walk(self) -> None:
        """Write the loops."""
        raise NotImplementedError

    def define(self, depth: int) -> None:
        """Write what depends on no loop further in, and on no reduction."""
        for number in sorted(self.form.needed):
            s = self.nest.statements[number]
            here = self.form.depths[number] == depth and not self.form.stages[number]
            if here and s.level == "row":
                self.values.define_row(number)

    def range(self) -> tuple[Value, Value]:
        """Return the ends of the first axis, which may be several of the caller's."""
        begin, end = self.f.argument("begin"), self.f.argument("end")
        if self.form.factor == 1:
            return begin, end
        factor = integer(self.form.factor)
        return self.f.binary("mul nsw", begin, factor), self.f.binary("mul nsw", end, factor)

    def split(self, begin: Value, end: Value, step: int) -> Value:
        """Return where the last whole step of a range ends."""
        whole = self.f.binary("and", self.f.binary("sub", end, begin), integer(-step))
        return self.f.binary("add", begin, whole)

    def store(self, place: Place, memo: Memo, stores: Sequence[int]) -> None:
        """Write what goes along the row, at a place."""
        for number in stores:
            store = self.nest.stores[number]
            x = self.values.element(store.statement, place, memo)
            if store.checked:
                self.checks.check(x, place.mask)
            self.memory.store(store.operand, x, place)

    def store_rows(self) -> None:
        """Write what is one for each row."""
        for number, store in enumerate(self.nest.stores):
            if number not in self.form.element_stores:
                x = self.values.rows[store.statement]
                if store.checked:
                    self.checks.check(x, None)
                self.memory.store_row(store.operand, x)


class _Flat(_Walk):
    """One loop over all elements, and a masked one for what is left."""

    def walk(self) -> None:
        if self.form.passes:
            self._elements()
        self.store_rows()

    def _elements(self) -> None:
        step = self.form.lanes * self.form.unroll(0)
        begin, end = self.range()
        middle = self.split(begin, end, step)
        with self.checks.loop(begin, middle, step) as loop:
            for column in range(0, step, self.form.lanes):
                self._vector(Place(column, loop.index))
        with self.checks.loop(middle, end, self.form.lanes) as loop:
            left = self.f.binary("sub", end, loop.index)
            self._vector(Place(0, loop.index, self.f.mask(self.form.lanes, left)))

    def _vector(self, place: Place) -> None:
        memo: Memo = {}
        self.values.evaluate(self.form.evaluated[0], place, memo)
        self.store(place, memo, self.form.element_stores)


class _Rows(_Walk):
    """Loops over the rows; each is walked as often as its reductions want."""

    def walk(self) -> None:
        self._axis(0)

    def _axis(self, axis: int) -> None:
        """Write the loop over an axis, and all within."""
        outer = len(self.nest.domain) - 1
        if axis == outer:
            self.row()
            return
        begin, end = self.range() if axis == 0 else (integer(0), integer(self.nest.domain[axis]))
        step = self.form.rows_at_once if axis == outer - 1 else 1
        if step > 1:
            middle = self.split(begin, end, step)
            self._turns(axis, begin, middle, step)
            begin = middle
        self._turns(axis, begin, end, 1)

    def _turns(self, axis: int, begin: Value, end: Value, step: int) -> None:
        with self.checks.loop(begin, end, step) as loop:
            for more in range(step):
                index = loop.index
                if more:
                    index = self.f.binary("add nsw", index, integer(more))
                self.memory.enter(axis, index)
                self.define(axis + 1)
                self._axis(axis + 1)

    def row(self) -> None:
        """Write one row."""
        for number in range(self.form.passes):
            reduced = self.form.reduced_in(number)
            state = self.walk_row(number, {r: self.values.reduction(r).start() for r in reduced})
            for r in reduced:
                x = self.values.reduction(r).finish(self.f, state[r], self.form.vectors)
                self.values.define_reduction(r, x)
            self._define_after(number + 1)
        self.store_rows()

    def _define_after(self, stage: int) -> None:
        """Write what hangs on the reductions of a pass."""
        for number in sorted(self.form.needed):
            s = self.nest.statements[number]
            if self.form.stages[number] == stage and s.level == "row" and s.op not in REDUCTIONS:
                self.values.define_row(number)

    def walk_row(self, number: int, state: Accumulators) -> Accumulators:
        """Write one pass over the row; return where its accumulators end."""
        raise NotImplementedError

    def reduce(self, place: Place, memo: Memo, state: Accumulators) -> Accumulators:
        """Add a vector of the row to the accumulators."""
        found = {}
        for r, before in state.items():
            x = self.values.element(self.nest.statements[r].inputs[0], place, memo)
            found[r] = self.values.reduction(r).step(self.f, before, x, place)
        return found

    def places(self, begin: int) -> list[Place]:
        """Return the vectors of a row from one on, the last with a mask if it is not full."""
        whole, rest = divmod(self.form.width, self.form.lanes)
        found = [Place(v * self.form.lanes) for v in range(begin, whole)]
        if rest:
            found.append(Place(whole * self.form.lanes, None, self.f.mask(self.form.lanes, rest)))
        return found


class _InRegisters(_Rows):
    """Rows of few vectors, written out; what does not change from row to row stays."""

    def __init__(self, form: Form, values: Values, checks: Checks) -> None:
        super().__init__(form, values, checks)
        self._row_places = self.places(0)
        self._fixed: list[Memo] = [{} for _ in self._row_places]
        self._memos: list[Memo] = []

    def define(self, depth: int) -> None:
        super().define(depth)
        if depth < len(self.nest.domain) - 1:
            numbers = [
                n
                for n in self.form.elements(self.form.needed)
                if self.form.depths[n] == depth and not self.form.stages[n]
            ]
            for place, memo in zip(self._row_places, self._fixed, strict=True):
                self.values.evaluate(numbers, place, memo)

    def row(self) -> None:
        self._memos = [dict(memo) for memo in self._fixed]
        super().row()

    def walk_row(self, number: int, state: Accumulators) -> Accumulators:
        wanted = self.form.wanted_in(number)
        for place, memo in zip(self._row_places, self._memos, strict=True):
            self.values.evaluate(self.form.elements(wanted, frozenset(memo)), place, memo)
            state = self.reduce(place, memo, state)
            self.store(place, memo, self.form.stored_in(number))
        return state


class _InLoops(_Rows):
    """Rows of many vectors, a loop for each pass."""

    def write(self) -> None:
        self.values.keep(self.form.kept)
        super().write()

    def walk_row(self, number: int, state: Accumulators) -> Accumulators:
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
                    inside = self._vector(number, Place(column, loop.index), inside)
                loop.carry(*(x for xs in inside.values() for x in xs))
            state = _regrouped(state, loop.carried)
        for place in self.places(done):
            state = self._vector(number, place, state)
        return state

    def _vector(self, number: int, place: Place, state: Accumulators) -> Accumulators:
        memo: Memo = {}
        self.values.evaluate(self.form.evaluated[number], place, memo)
        state = self.reduce(place, memo, state)
        self.store(place, memo, self.form.stored_in(number))
        return state


def _regrouped(state: Accumulators, values: Sequence[Value]) -> Accumulators:
    """Return values that a loop carried in one list as accumulators again."""
    waiting = iter(values)
    return {r: [next(waiting) for _ in xs] for r, xs in state.items()}
