"""What a nest means: statement by statement over whole arrays, and nests drawn at random."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from guarded import run
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.kernels.nest import Nest, Operand, Statement, Store, nest_kernel

Arrays = Sequence[NDArray[Any]]

# ----- meaning ------------------------------------------------------------


def lanes_of(nest: Nest) -> int:
    wide = {"float64", "int64", "uint64"}
    return 8 if any(s.level == "element" and s.dtype in wide for s in nest.statements) else 16


def view(array: NDArray[Any], nest: Nest, operand: int) -> NDArray[Any]:
    """Return a flat array as an operand of the whole domain."""
    strides = [s * array.itemsize for s in nest.operands[operand].strides]
    return np.lib.stride_tricks.as_strided(array, nest.domain, strides)


def in_row_order(x: NDArray[Any], lanes: int, nothing: float, join: Any) -> NDArray[Any]:
    """Reduce the last axis: four accumulators in turn, then the lanes by halves."""
    vectors = -(-x.shape[-1] // lanes)
    padded = np.full((*x.shape[:-1], vectors * lanes), nothing, x.dtype)
    padded[..., : x.shape[-1]] = x
    chains = [np.full((*x.shape[:-1], lanes), nothing, x.dtype) for _ in range(4)]
    for i in range(vectors):
        chains[i % 4] = join(chains[i % 4], padded[..., i * lanes : (i + 1) * lanes])
    total = join(join(chains[0], chains[1]), join(chains[2], chains[3]))
    while (half := total.shape[-1] // 2) > 0:
        total = join(total[..., :half], total[..., half:])
    return total


def larger(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    return np.where((x > y) | (x != x), x, y)


def reduced(op: str, x: NDArray[Any], dtype: str, lanes: int) -> NDArray[Any]:
    if op == "argmax":
        return np.argmax(x, axis=-1, keepdims=True)
    if op == "sum":
        return in_row_order(x.astype(dtype), lanes, -0.0 if dtype[0] == "f" else 0, np.add)
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return in_row_order(x, lanes, least, larger)


class Model:
    """A nest evaluated one statement at a time, each by a kernel of its own."""

    def __init__(self, nest: Nest, target: Target) -> None:
        self.nest = nest
        self.target = target

    def values(self, arrays: Arrays) -> list[NDArray[Any]]:
        found: list[NDArray[Any]] = []
        for s in self.nest.statements:
            inputs = [found[i] for i in s.inputs]
            if s.op == "load":
                x = view(arrays[s.attribute], self.nest, s.attribute).copy()
            elif s.op == "constant":
                x = np.full((1,) * len(self.nest.domain), s.attribute, s.dtype)
            elif s.op == "index":
                x = np.indices(self.nest.domain)[s.attribute]
            elif s.op in ("sum", "max", "argmax"):
                x = np.broadcast_to(inputs[0], self.nest.domain)
                x = reduced(s.op, x, s.dtype, lanes_of(self.nest))
            else:
                x = self.elementwise(s, inputs)
            found.append(x)
        return found

    def elementwise(self, s: Statement, inputs: Arrays) -> NDArray[Any]:
        before = [self.nest.statements[i] for i in s.inputs]
        constants = tuple((b.attribute,) if b.op == "constant" else None for b in before)
        whole = [np.ascontiguousarray(x) for x in np.broadcast_arrays(*inputs)]
        result = np.empty(whole[0].shape, s.dtype)
        one = single(s.op, s.dtype, tuple(str(x.dtype) for x in inputs), constants)
        run(nest_kernel(one), self.target, [*whole, result], 0, result.size)
        return result

    def run(self, arrays: Arrays) -> int:
        """Write what the nest writes, and return what it returns."""
        bad = False
        with np.errstate(all="ignore"):
            values = self.values(arrays)
            for store in self.nest.stores:
                x = values[store.statement]
                view(arrays[store.operand], self.nest, store.operand)[...] = x
                bad |= store.checked and not bool(np.isfinite(x).all())
        return int(bad)


@functools.cache
def single(op: str, dtype: str, dtypes: tuple[str, ...], constants: tuple[Any, ...]) -> Nest:
    """Return the nest of one op over neighbours, of any number of elements."""
    sources = [
        Statement("constant", (), kind, "row", known[0])
        if known
        else Statement("load", (), kind, "element", number)
        for number, (kind, known) in enumerate(zip(dtypes, constants, strict=True))
    ]
    operands = tuple(Operand(kind, (1, 0)) for kind in (*dtypes, dtype))
    last = Statement(op, tuple(range(len(dtypes))), dtype, "element")
    stored = (Store(len(dtypes), len(dtypes)),)
    return Nest((2**40, 1), operands, (*sources, last), stored)


# ----- drawing ------------------------------------------------------------

WIDTHS = (1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 48, 64, 100, 129, 131, 257, 600)
FLOAT_OPS = {
    1: "negative abs sign square sqrt relu exp tanh sigmoid log1p".split(),
    2: "add subtract multiply divide maximum minimum".split(),
}
COMPARISONS = "less less_equal greater greater_equal equal not_equal".split()
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-30, 100.0)


class Draw:
    """A random nest, grown statement by statement."""

    def __init__(self, rng: np.random.Generator, width: int, dtypes: Sequence[str]) -> None:
        self.rng = rng
        outer = [int(n) for n in rng.integers(1, 6, rng.integers(1, 4))]
        self.domain = (*outer, width)
        self.operands: list[Operand] = []
        self.statements: list[Statement] = []
        self.dtypes = dtypes
        for _ in range(rng.integers(1, 4)):
            self.load(str(rng.choice(dtypes)))

    def choice(self, items: Sequence[Any]) -> Any:
        return items[self.rng.integers(len(items))]

    def add(self, op: str, inputs: tuple[int, ...], dtype: str, attribute: Any = None) -> int:
        levels = {self.statements[i].level for i in inputs}
        level = "row" if levels <= {"row"} or op in ("sum", "max", "argmax") else "element"
        if op == "load" and self.operands[attribute].strides[-1]:
            level = "element"
        if op == "index" and attribute == len(self.domain) - 1:
            level = "element"
        self.statements.append(Statement(op, inputs, dtype, level, attribute))
        return len(self.statements) - 1

    def strides(self, kind: str) -> tuple[int, ...]:
        axes = list(range(len(self.domain)))
        step = 1
        if kind == "transposed":
            self.rng.shuffle(axes)
        if kind == "scattered":
            step = int(self.rng.integers(2, 4))
        found = [0] * len(axes)
        gap = int(self.rng.integers(0, 3)) if kind == "gaps" else 0
        for axis in reversed(axes):
            found[axis] = step
            step = step * self.domain[axis] + gap
        repeated = {
            "repeated": [a for a in axes if self.rng.random() < 0.5],
            "row": axes[:-1],
            "column": [len(axes) - 1],
            "number": axes,
        }.get(kind, [])
        return tuple(0 if a in repeated else s for a, s in enumerate(found))

    def load(self, dtype: str) -> int:
        kinds = "straight straight straight gaps transposed scattered repeated row column number"
        self.operands.append(Operand(dtype, self.strides(self.choice(kinds.split()))))
        return self.add("load", (), dtype, len(self.operands) - 1)

    def pick(self, dtypes: Sequence[str]) -> int | None:
        found = [i for i, s in enumerate(self.statements) if s.dtype in dtypes]
        return self.choice(found) if found else None

    def grow(self, reductions: float = 0.2, index: float = 0.05) -> None:
        """Add one statement of a random kind."""
        floats = [d for d in self.dtypes if d.startswith("float")]
        dtype = self.choice(floats)
        x, y = self.pick([dtype]), self.pick([dtype])
        if x is None or y is None:
            self.load(dtype)
            return
        kind = self.rng.random()
        if kind < reductions:
            self.reduce(x, dtype)
        elif kind < reductions + index:
            axis = int(self.rng.integers(len(self.domain)))
            self.add("astype", (self.add("index", (), "int64", axis),), dtype)
        elif kind < 0.35:
            self.add(self.choice(COMPARISONS), (x, y), "bool")
        elif kind < 0.45:
            self.mixed(x, dtype)
        elif kind < 0.55:
            number = float(self.choice([0.5, 2.0, -1.0, 1e-3]))
            self.add(self.choice(FLOAT_OPS[2]), (x, self.add("constant", (), dtype, number)), dtype)
        elif kind < 0.75:
            self.add(self.choice(FLOAT_OPS[1]), (x,), dtype)
        else:
            self.add(self.choice(FLOAT_OPS[2]), (x, y), dtype)

    def reduce(self, x: int, dtype: str) -> None:
        if self.statements[x].level == "row":
            return
        op = self.choice(["sum", "sum", "max", "argmax"])
        found = self.add(op, (x,), "int64" if op == "argmax" else dtype)
        if op == "argmax":
            self.add("astype", (found,), dtype)

    def mixed(self, x: int, dtype: str) -> None:
        """Meet another dtype."""
        other = self.pick([d for d in self.dtypes if d != dtype])
        truth = self.pick(["bool"])
        if truth is not None and self.rng.random() < 0.5:
            self.add("where", (truth, x, self.pick([dtype])), dtype)  # type: ignore[arg-type]
        elif truth is not None:
            self.add("multiply", (x, truth), dtype)
        elif other is not None:
            self.add("astype", (other,), dtype)

    def nest(self) -> Nest:
        """Return what has grown; its last values are stored, sometimes over an input."""
        stores: list[Store] = []
        count = int(self.rng.integers(1, 4))
        for number in range(max(0, len(self.statements) - count), len(self.statements)):
            s = self.statements[number]
            kind = self.choice("straight straight gaps transposed scattered".split())
            strides = self.strides(kind)
            if s.level == "row" and self.rng.random() < 0.7:
                strides = (*self.rows(), 0)
            taken = {store.operand for store in stores}
            sources = [n for n in self.sources(s) if n not in taken]
            if sources and self.rng.random() < 0.3:
                target = self.choice(sources)
            else:
                self.operands.append(Operand(s.dtype, strides))
                target = len(self.operands) - 1
            stores.append(Store(target, number, bool(self.rng.random() < 0.5)))
        return Nest(self.domain, tuple(self.operands), tuple(self.statements), tuple(stores))

    def sources(self, s: Statement) -> list[int]:
        """Return the inputs of as many numbers as a statement has."""
        found = [n for n, operand in enumerate(self.operands) if operand.dtype == s.dtype]
        loaded = [x.attribute for x in self.statements if x.op == "load"]
        whole = [n for n in found if n in loaded and 0 not in self.operands[n].strides]
        return whole if s.level == "element" else []

    def rows(self) -> list[int]:
        return [math.prod(self.domain[a + 1 : -1]) for a in range(len(self.domain) - 1)]


def with_values(nest: Nest, rng: np.random.Generator) -> list[NDArray[Any]]:
    """Return an array for each operand, just as long as its strides reach."""
    found = []
    for operand in nest.operands:
        pairs = zip(nest.domain, operand.strides, strict=True)
        size = 1 + sum((d - 1) * s for d, s in pairs)
        x = rng.standard_normal(size) * 3
        if operand.dtype.startswith("float"):
            spots = rng.random(size) < 0.02
            x[spots] = rng.choice(SPECIAL, spots.sum())
        found.append((x > 0 if operand.dtype == "bool" else x).astype(operand.dtype))
    return found
