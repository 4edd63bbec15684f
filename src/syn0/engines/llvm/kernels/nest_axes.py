"""Which axes of a nest are one: neighbours in all operands need one loop, not two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from syn0.engines.llvm.kernels.statements import REDUCTIONS, Nest, Operand, Statement


def merged(nest: Nest) -> tuple[Nest, int]:
    """Return the nest with its axes joined where all operands allow it.

    The number is how many of the new first axis one step of the old first axis is. A nest
    whose axes are all one has a domain of one axis.

    Examples
    --------
    >>> x = Operand("float32", (12, 4, 1))
    >>> copy = Nest((9, 3, 4), (x,), (), ())
    >>> joined, factor = merged(copy)
    >>> joined.domain, joined.operands[0].strides, factor
    ((108,), (1,), 12)
    """
    nest = _without_single_places(nest)
    indexed = {s.attribute for s in nest.statements if s.op == "index"}
    reduced = any(s.op in REDUCTIONS for s in nest.statements)
    last = len(nest.domain) - 1
    groups = [[last]]
    for axis in reversed(range(last)):
        group = groups[0]
        joins_row = group[-1] == last
        if (
            not indexed & {axis, *group}
            and not (joins_row and reduced)
            and not (joins_row and axis == 0 and _scattered(nest, group))
            and _is_one_axis(nest, axis, group)
        ):
            group.insert(0, axis)
        else:
            groups.insert(0, [axis])
    return _joined(nest, groups), math.prod(nest.domain[a] for a in groups[0] if a)


def _strides(operand: Operand, nest: Nest, group: Sequence[int]) -> int:
    """Return the stride of a group of axes, which is that of its last axis that has a size."""
    return next((operand.strides[a] for a in reversed(group) if nest.domain[a] != 1), 0)


def _is_one_axis(nest: Nest, axis: int, group: Sequence[int]) -> bool:
    size = math.prod(nest.domain[a] for a in group)
    if nest.domain[axis] == 1 or size == 1:
        return True
    return all(o.strides[axis] == size * _strides(o, nest, group) for o in nest.operands)


def _scattered(nest: Nest, group: Sequence[int]) -> bool:
    """Whether an operand has gaps: the one loop over all is for neighbours only."""
    return any(_strides(o, nest, [0, *group]) not in (0, 1) for o in nest.operands)


def _joined(nest: Nest, groups: Sequence[Sequence[int]]) -> Nest:
    place = {axis: number for number, group in enumerate(groups) for axis in group}
    return Nest(
        tuple(math.prod(nest.domain[a] for a in group) for group in groups),
        tuple(
            Operand(o.dtype, tuple(_strides(o, nest, group) for group in groups))
            for o in nest.operands
        ),
        tuple(
            replace(s, attribute=place[s.attribute]) if s.op == "index" else s
            for s in nest.statements
        ),
        nest.stores,
    )


def _without_single_places(nest: Nest) -> Nest:
    """Return the nest without counting along axes of size 1, or reducing them."""
    statements: list[Statement] = []
    for s in nest.statements:
        if s.op == "index" and nest.domain[s.attribute] == 1:
            s = Statement("constant", (), s.dtype, "row", 0)
        if nest.domain[-1] == 1:
            s = _of_one(s, nest, statements)
        statements.append(s)
    return replace(nest, statements=tuple(statements))


def _of_one(s: Statement, nest: Nest, before: Sequence[Statement]) -> Statement:
    """Return a statement on rows of one element, where rows may lie side by side."""
    if s.op == "argmax":
        return Statement("constant", (), s.dtype, "row", 0)
    if s.op == "constant":
        return s
    op = "astype" if s.op in REDUCTIONS else s.op
    once = all(before[i].level == "row" for i in s.inputs)
    if s.op == "load":
        sizes = zip(nest.operands[s.attribute].strides, nest.domain, strict=True)
        once = not any(stride for stride, size in sizes if size != 1)
    return replace(s, op=op, level="row" if once and s.op != "index" else "element")
