"""The statements of a nest, from the ops that fusion put together."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from syn0.engines.llvm.kernels.nest import Nest, Operand, Statement, Store
from syn0.engines.llvm.planning.fusion import ROW_REDUCTIONS, Fusion, Unit, over_domain
from syn0.engines.llvm.planning.memory import Buffer, Pointer, is_aligned
from syn0.engines.llvm.planning.views import Sizes, View, contiguous
from syn0.graph import Tensor, bind, constant_op, size_op


class NestWriter:
    """Writes the statements of a nest.

    Parameters
    ----------
    fusion : Fusion
        The units.
    unit : Unit
        The one that is a nest.
    buffers : mapping
        The memory of values by the id of their tensor.
    checked : collection of int
        The ids of values that must be finite.
    """

    def __init__(
        self, fusion: Fusion, unit: Unit, buffers: Mapping[int, Buffer], checked: Collection[int]
    ) -> None:
        self.fusion = fusion
        self.unit = unit
        self.buffers = buffers
        self.checked = checked
        self.operands: list[Operand] = []
        self.pointers: list[Pointer] = []
        self.reads: list[tuple[Buffer, bool]] = []
        self.statements: list[Statement] = []
        self.outputs: list[Tensor] = []
        self._made: dict[int, int] = {}  # statement by the id of its tensor
        self._loads: dict[tuple[Any, ...], int] = {}

    def write(self) -> Nest:
        """Return the nest; its operands are in the order of `pointers`."""
        for tensor in self.unit.members:
            inputs = [self._input(tensor, x) for x in tensor.inputs]
            level = self.unit.levels[id(tensor)]
            if tensor.op.name == "one_hot":
                self._one_hot(tensor, inputs[0])
            else:
                self._add(tensor, Statement(tensor.op.name, tuple(inputs), tensor.dtype, level))
        stores = []
        for tensor in self.unit.members:
            if id(tensor) in self.fusion.stored:
                self.outputs.append(tensor)
                stores.append(self._store(tensor))
        return Nest(self.unit.domain, tuple(self.operands), tuple(self.statements), tuple(stores))

    def _add(self, tensor: Tensor, statement: Statement) -> None:
        self._made[id(tensor)] = self._once(("made", statement), statement)

    def _one_hot(self, tensor: Tensor, label: int) -> None:
        kind = self.statements[label].dtype
        index = Statement("index", (), "int64", "element", max(tensor.ndim - 1, 0))
        self.statements.append(index)
        place = len(self.statements) - 1
        if kind != "int64":
            self.statements.append(Statement("astype", (label,), "int64", "element"))
            label = len(self.statements) - 1
        self.statements.append(Statement("equal", (label, place), "bool", "element"))
        same = len(self.statements) - 1
        self._add(tensor, Statement("astype", (same,), tensor.dtype, "element"))

    def _input(self, user: Tensor, x: Tensor) -> int:
        """Return the statement that gives an input: one of the nest, a constant, or a load."""
        fusion, unit = self.fusion, self.unit
        view = fusion.view(x)
        if fusion.unit_of.get(id(view.base)) is unit:
            return self._made[id(view.base)]
        number = number_of(view.base, fusion.sizes)
        if number is not None and id(view.base) not in self.buffers:
            key: tuple[Any, ...] = ("constant", repr(number), view.base.dtype)
            statement = Statement("constant", (), view.base.dtype, "row", number)
            return self._once(key, statement)
        reduction = user.op.name in ROW_REDUCTIONS
        if user.op.name == "one_hot":
            view = View(view.base, view.offset, (*view.shape, 1), (*view.strides, 0))
        goal = fusion.shape(x) if reduction else fusion.shape(user)
        seen = view.broadcast(goal)
        row = not reduction and unit.levels[id(user)] == "row"
        strides = over_domain(seen, unit.domain, row=row)
        assert strides is not None, (user, x, unit.domain)
        return self._load(view.base, seen, strides)

    def _load(self, base: Tensor, seen: View, strides: Sizes) -> int:
        domain = self.unit.domain
        strides = tuple(0 if n == 1 else s for n, s in zip(domain, strides, strict=True))
        level = "row" if strides[-1] == 0 else "element"
        key = (id(base), seen.offset, strides)
        if key not in self._loads:
            buffer = self.buffers[id(base)]
            over = View(base, seen.offset, domain, strides)
            self.operands.append(Operand(base.dtype, strides))
            self.pointers.append(Pointer(buffer, seen.offset))
            self.reads.append((buffer, is_aligned(over, buffer, self.unit.rows)))
        place = len(self.operands) - 1
        return self._once(key, Statement("load", (), base.dtype, level, place))

    def _once(self, key: tuple[Any, ...], statement: Statement) -> int:
        if key not in self._loads:
            self.statements.append(statement)
            self._loads[key] = len(self.statements) - 1
        return self._loads[key]

    def _store(self, tensor: Tensor) -> Store:
        shape = self.fusion.shape(tensor)
        own = View(tensor, 0, shape, contiguous(shape))
        row = self.unit.levels[id(tensor)] == "row"
        strides = over_domain(own, self.unit.domain, row=row)
        assert strides is not None
        self.operands.append(Operand(tensor.dtype, strides))
        self.pointers.append(Pointer(self.buffers[id(tensor)]))
        checked = id(tensor) in self.checked
        return Store(len(self.operands) - 1, self._made[id(tensor)], checked)


def by_line(nest: Nest) -> Nest:
    """Return a nest over one sample as one over its lines.

    Examples
    --------
    >>> x = Operand("float32", (24, 6, 1))
    >>> copy = Nest((1, 4, 6), (x, x), (Statement("load", (), "float32", "element", 0),), ())
    >>> by_line(copy).domain, by_line(copy).operands[0].strides
    ((4, 6), (6, 1))
    """
    statements = tuple(
        s if s.op != "index"
        else replace(s, attribute=s.attribute - 1) if s.attribute
        else Statement("constant", (), s.dtype, "row", 0)
        for s in nest.statements
    )  # fmt: skip
    operands = tuple(replace(o, strides=o.strides[1:]) for o in nest.operands)
    return replace(nest, domain=nest.domain[1:], operands=operands, statements=statements)


def shared_form(nest: Nest) -> tuple[Nest, int]:
    """Return a nest that does the same for other sizes too, and how many rows a row is of it.

    The number of rows is no part of a kernel. Where elements simply follow each other in all
    operands, neither is their number in a row: each is a row of its own.

    Examples
    --------
    >>> x = Operand("float32", (8, 1))
    >>> copy = Nest((4, 8), (x, x), (Statement("load", (), "float32", "element", 0),), ())
    >>> shared_form(copy)[0].domain, shared_form(copy)[1]
    ((2, 1), 8)
    """
    if 0 in nest.domain:
        return nest, 1
    whole = contiguous(nest.domain)
    plain = all(s.op != "index" and s.op not in ROW_REDUCTIONS for s in nest.statements)
    rows = [_along(operand.strides, nest.domain, whole) for operand in nest.operands]
    if plain and None not in rows:
        operands = [
            Operand(operand.dtype, (stride or 0, 0))
            for operand, stride in zip(nest.operands, rows, strict=True)
        ]
        return replace(nest, domain=(2, 1), operands=tuple(operands)), math.prod(nest.domain[1:])
    return replace(nest, domain=(min(nest.domain[0], 2), *nest.domain[1:])), 1


def _along(strides: Sizes, domain: Sizes, whole: Sizes) -> int | None:
    """Return 1 for elements that follow each other, 0 for one number, None for another order."""
    seen = [(s, w) for s, w, n in zip(strides, whole, domain, strict=True) if n > 1]
    if all(s == w for s, w in seen):
        return 1
    return None if any(s for s, _ in seen) else 0


def number_of(tensor: Tensor, sizes: Mapping[str, int]) -> Any:
    """Return the value of a single number that is known, else None."""
    if tensor.op is constant_op and tensor.shape == ():
        return tensor.attributes["value"]
    if tensor.op is size_op:
        return math.prod(bind(tensor.attributes, sizes)["of"])
    return None
