"""What a nest is: statements over a domain, of which some reduce its last axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from syn0.engines.llvm.ir import Value
from syn0.engines.llvm.kernels.expressions import Number

REDUCTIONS = frozenset({"sum", "max", "argmax"})
SOURCES = frozenset({"load", "constant", "index"})


@dataclass(frozen=True)
class Operand:
    """An array that a nest reads or writes.

    Parameters
    ----------
    dtype : str
        Its numbers.
    strides : tuple of int
        Elements from one to the next along each axis of the domain; 0 repeats it.
    """

    dtype: str
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Statement:
    """One value of a nest.

    Parameters
    ----------
    op : str
        An elementwise op; ``load`` of an operand, ``constant``, ``index`` along an axis; or a
        reduction of the last axis: ``sum``, ``max``, ``argmax``.
    inputs : tuple of int
        The earlier statements that it takes.
    dtype : str
        Its numbers.
    level : str
        ``element``, or ``row`` if there is one for each row: all axes but the last.
    attribute : object
        The operand's number, the constant or the axis.
    """

    op: str
    inputs: tuple[int, ...]
    dtype: str
    level: str
    attribute: Any = None


def number_of(statement: Statement, x: Value) -> Number:
    """Return a statement's value as an input of another, with its number if that is known."""
    known = statement.attribute if statement.op == "constant" else None
    return Number(x, statement.dtype, known)


@dataclass(frozen=True)
class Store:
    """Where a statement's values go; `checked`: NaN and infinity are to be reported."""

    operand: int
    statement: int
    checked: bool = False


@dataclass(frozen=True)
class Nest:
    """A fused chain of elementwise ops and reductions of the last axis.

    Parameters
    ----------
    domain : tuple of int
        Sizes of the axes, at least two; the last is the vector axis. The first only bounds.
    operands, statements, stores : tuple
        What it reads and writes, what it computes, and which of that is kept.
    """

    domain: tuple[int, ...]
    operands: tuple[Operand, ...]
    statements: tuple[Statement, ...]
    stores: tuple[Store, ...]


def check(nest: Nest) -> None:
    """Raise ValueError where a nest contradicts itself."""
    for problem in _problems(nest):
        raise ValueError(f"not a nest: {problem}")


def _problems(nest: Nest) -> Iterator[str]:
    if len(nest.domain) < 2:
        yield f"the domain {nest.domain} has not two axes"
    for number, operand in enumerate(nest.operands):
        if len(operand.strides) != len(nest.domain):
            yield f"operand {number} has {len(operand.strides)} strides"
    for number, statement in enumerate(nest.statements):
        yield from (f"statement {number} {text}" for text in _statement_problems(nest, number))
        if any(not 0 <= i < number for i in statement.inputs):
            yield f"statement {number} takes what does not come before it"
    for store in nest.stores:
        yield from (f"store {store} {text}" for text in _store_problems(nest, store))


def _statement_problems(nest: Nest, number: int) -> Iterator[str]:
    statement = nest.statements[number]
    levels = {nest.statements[i].level for i in statement.inputs if 0 <= i < number}
    if statement.level not in ("row", "element"):
        yield f"has the level {statement.level}"
    if statement.op == "load":
        operand = nest.operands[statement.attribute]
        if operand.dtype != statement.dtype:
            yield f"loads {operand.dtype} as {statement.dtype}"
        if statement.level == "row" and operand.strides[-1] and nest.domain[-1] > 1:
            yield "is one for each row, but its operand goes along the row"
    elif statement.op in REDUCTIONS:
        if statement.level != "row":
            yield "reduces a row to more than one number"
    elif statement.op not in SOURCES and statement.level == "row" and "element" in levels:
        yield "is one for each row, but takes elements"
    elif statement.op == "index" and not 0 <= statement.attribute < len(nest.domain):
        yield f"counts along axis {statement.attribute}"


def _store_problems(nest: Nest, store: Store) -> Iterator[str]:
    statement, operand = nest.statements[store.statement], nest.operands[store.operand]
    if operand.dtype != statement.dtype:
        yield f"writes {statement.dtype} as {operand.dtype}"
    if statement.level == "element" and nest.domain[-1] > 1 and not operand.strides[-1]:
        yield "writes a row of elements to one place"
