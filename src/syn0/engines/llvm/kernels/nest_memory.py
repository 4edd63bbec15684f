"""What a nest reads and writes: vectors of rows, neighbours or scattered, whole or masked."""

from __future__ import annotations

from collections.abc import Sequence

from syn0.engines.llvm.ir import SCALARS, Function, Type, Value, integer, literal
from syn0.engines.llvm.kernels.nest_form import Form
from syn0.engines.llvm.kernels.row_reductions import Place, first


class Memory:
    """The operands of a nest, and where in them the current row begins.

    Parameters
    ----------
    f : Function
        Where the instructions go; its parameters begin with a pointer to each operand.
    form : Form
        The nest; its operands have strides along the axes of the walk, of which the last is
        that of the row.
    """

    def __init__(self, f: Function, form: Form) -> None:
        self.f = f
        self.form = form
        self.operands = form.nest.operands
        self.lanes = form.lanes
        self._bases = [f.argument(f"operand{i}") for i in range(len(self.operands))]
        self._steps: dict[tuple[int, ...], Value] = {}
        self.indices: dict[int, Value] = {}

    def fork(self) -> Memory:
        """Return a copy that may go to another row."""
        row = Memory(self.f, self.form)
        row._steps, row.indices = dict(self._steps), dict(self.indices)
        return row

    def enter(self, axis: int, index: Value) -> None:
        """Go to a place along an axis of the rows, which stands inside those before it."""
        self.indices[axis] = index
        for strides in {o.strides[: axis + 1]: None for o in self.operands}:
            if strides[-1]:
                step = self.f.binary("mul nsw", index, integer(strides[-1]))
                before = self._step(strides[:-1])
                self._steps[strides] = self.f.binary("add nsw", before, step) if before else step

    def _step(self, strides: Sequence[int]) -> Value | None:
        """Return how far the current row is, for what moves by these strides."""
        strides = tuple(strides)
        while strides and not strides[-1]:
            strides = strides[:-1]
        return self._steps.get(strides)

    def _row(self, number: int) -> Value:
        """Return the address of the first element of the current row."""
        operand = self.operands[number]
        step = self._step(operand.strides[:-1])
        base = self._bases[number]
        return self.f.offset(base, step, SCALARS[operand.dtype]) if step else base

    def _address(self, number: int, place: Place, lane: int = 0) -> Value:
        operand = self.operands[number]
        scalar, stride = SCALARS[operand.dtype], operand.strides[-1]
        address = self._row(number)
        if place.start is not None:
            start = place.start
            if stride not in (0, 1):
                start = self.f.binary("mul nsw", start, integer(stride))
            address = self.f.offset(address, start, scalar)
        more = (place.column + lane) * stride
        return self.f.offset(address, more, scalar) if more else address

    # ----- numbers of a row

    def load_row(self, number: int) -> Value:
        """Return the number that an operand has for the current row."""
        return self.f.load(self._row(number), Type(SCALARS[self.operands[number].dtype]))

    def store_row(self, number: int, x: Value) -> None:
        """Write the first lane as the number of the current row."""
        self.f.store(first(self.f, x), self._row(number))

    # ----- elements of a row

    def load(self, number: int, place: Place) -> Value:
        """Return a vector of the current row; lanes beyond the row's end are 1."""
        operand = self.operands[number]
        kind = Type(SCALARS[operand.dtype], self.lanes)
        if operand.strides[-1] == 0:
            return self.f.splat(self.load_row(number), self.lanes)
        if operand.strides[-1] != 1:
            return self._gathered(number, place, kind)
        address = self._address(number, place)
        if place.mask is None:
            return self.f.load(address, kind)
        # The others are 1: LLVM 22 takes 0 / 0 for 0 in lanes that it knows to be 0.
        if self.form.written_out:
            short = self.f.load(address, Type(kind.scalar, self._inside(place)))
            return self.f.resized(short, self.lanes, others=1)
        return self.f.masked_load(address, kind, place.mask, others=1)

    def store(self, number: int, x: Value, place: Place) -> None:
        """Write a vector to the current row, up to the row's end."""
        if self.operands[number].strides[-1] not in (0, 1):
            self._scatter(number, x, place)
            return
        address = self._address(number, place)
        if place.mask is None:
            self.f.store(x, address)
        elif self.form.written_out:
            self.f.store(self.f.resized(x, self._inside(place)), address)
        else:
            self.f.masked_store(x, address, place.mask)

    def _inside(self, place: Place) -> int:
        """Return how many lanes lie in the row."""
        if place.mask is None:
            return self.lanes
        assert place.start is None
        return self.form.width - place.column

    def _gathered(self, number: int, place: Place, kind: Type) -> Value:
        # One by one: hardware gathers are slow where they are mended against leaks.
        scalar = Type(kind.scalar)
        x = literal(1, kind)
        for lane in range(self._inside(place)):
            item = self.f.load(self._address(number, place, lane), scalar)
            x = self.f.value(f"insertelement {x}, {item}, i64 {lane}", kind)
        return x

    def _scatter(self, number: int, x: Value, place: Place) -> None:
        scalar = Type(x.type.scalar)
        for lane in range(self._inside(place)):
            item = self.f.value(f"extractelement {x}, i64 {lane}", scalar)
            self.f.store(item, self._address(number, place, lane))
