"""Convolution and its adjoints: products of matrices added up over the taps of a window.

All three are the product of `gemm`, with a sum over taps around its inner axis. Which elements
a tap meets depends on where in the picture it stands: at a rim it meets none. So a result is
cut into parts, rectangles in which all elements add up the same taps, and a part is a few
numbers in a table. No padding is ever read, and each element is one ascending chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import I64, NULL, PTR, SCALARS, Function, Module, Type, Value, integer
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.bands import Band, Columns
from syn0.engines.llvm.kernels.tile_loop import TapOperands


@dataclass(frozen=True)
class Part:
    """A rectangle of a result, and the taps that its elements add up; all in elements.

    Parameters
    ----------
    a, b, c : int
        Where its first element, and what that is made of, begins.
    lines, a_line, c_line : int
        How many lines of rows there are, and how far A and C move from line to line.
    rows, a_m, c_m : int
        Rows of C in a line, and how far A and C move from row to row.
    taps, a_tap, b_tap, inner_taps, a_inner, b_inner : int
        The taps, in two loops, and how far A and B move from tap to tap.
    depth, a_k, b_k : int
        The length of the inner axis of each product, and how far A and B move along it.
    resumes : int
        1 if its elements go on from what they are, 0 if they begin.
    """

    a: int
    b: int
    c: int
    lines: int
    a_line: int
    c_line: int
    rows: int
    a_m: int
    c_m: int
    taps: int
    a_tap: int
    b_tap: int
    inner_taps: int
    a_inner: int
    b_inner: int
    depth: int
    a_k: int
    b_k: int
    resumes: int = 0


COUNTS = frozenset(["lines", "rows", "taps", "inner_taps", "depth", "resumes"])


def table(parts: Sequence[Part]) -> NDArray[np.int64]:
    """Return parts as a kernel reads them."""
    return np.array([astuple(part) for part in parts], np.int64).reshape(-1, len(fields(Part)))


def load_part(f: Function, table: Value, index: Value, size: int) -> dict[str, Value]:
    """Return a part's numbers, with distances times the size of an element."""
    names = [field.name for field in fields(Part)]
    row = f.offset(table, f.binary("mul", index, integer(len(names))), "i64")
    found = {name: f.load(f.offset(row, i, "i64"), I64) for i, name in enumerate(names)}
    if size == 1:
        return found
    return {
        name: x if name in COUNTS else f.binary("mul", x, integer(size))
        for name, x in found.items()
    }


def convolution_kernel(dtype: str, n: int, target: Target, *, by_column: bool = False) -> Kernel:
    """Return the kernel of samples: ``C[m, j] = sum over taps and k of A[m, k] * B[k, j]``.

    Its parameters are ``A, B, C, table, words, parts, n, a_sample, c_sample, begin, end``: the
    address of an epilogue's words or null, the number of parts and of columns, the distances
    between samples, and the range of samples. If it is
    `by_column`, A has a number for each column, as B has: each channel is a picture alone.
    """
    form = _Convolution.of(dtype, n, target, by_column=by_column)
    return Kernel(form.symbol, form.text)


def correlation_kernel(dtype: str, n: int, target: Target, *, by_column: bool = False) -> Kernel:
    """Return the kernel of a sum over samples, which are the outer taps of its parts.

    Its parameters are ``A, B, C, table, samples, n, begin, end``; the range is one of parts.
    """
    form = _Correlation.of(dtype, n, target, by_column=by_column)
    return Kernel(form.symbol, form.text)


@dataclass(frozen=True)
class _Product(Columns):
    """What both kernels share: the product of one part."""

    @property
    def symbol(self) -> str:
        return symbol_of(type(self).__name__.strip("_").lower(), self)

    def text(self) -> str:
        """Return the module."""
        raise NotImplementedError

    def _begin(
        self, module: Module, addresses: str, numbers: str
    ) -> tuple[Function, dict[str, Value]]:
        parameters = [(PTR, name) for name in addresses.split()]
        parameters += [(I64, name) for name in numbers.split()]
        f = module.function(self.symbol, parameters, "i64")
        return f, {name: f.argument(name) for _, name in parameters}

    def _bands(self, module: Module) -> tuple[str | None, str | None]:
        """Write the functions of whole panels and of the rest."""
        panel, rest = (self._band(module, band) for band in (self.panel, self.rest))
        return panel, rest

    def _band(self, module: Module, band: Band | None) -> str | None:
        return self.write_band(module, band, TapOperands) if band else None

    def _multiply(
        self, f: Function, places: Sequence[Value], part: dict[str, Value], n: Value,
        bands: tuple[str | None, str | None], words: Value = NULL,
    ) -> None:  # fmt: skip
        """Compute all columns of a part."""
        A, B, C = (
            f.offset(place, part[name], "i8") for place, name in zip(places, "abc", strict=True)
        )
        panels = self.panels(f, n)
        panel, rest = bands
        if panel:
            with f.loop(0, panels) as loop:
                self._lines(f, (A, B, C), part, n, loop.index, panel, words)
        if rest:
            self._lines(f, (A, B, C), part, n, panels, rest, words)

    def _lines(
        self, f: Function, places: tuple[Value, Value, Value], part: dict[str, Value], n: Value,
        panel: Value, function: str, words: Value,
    ) -> None:  # fmt: skip
        """Compute a panel of all lines of a part."""
        scalar = SCALARS[self.dtype]
        A, B, C = places
        before = f.binary("mul", panel, integer(self.width))
        columns = f.intrinsic("smin", f.binary("sub", n, before), integer(self.width))
        A = f.offset(A, before, scalar) if self.by_column else A
        B, C, zero = f.offset(B, before, scalar), f.offset(C, before, scalar), integer(0)
        names = ("taps", "a_tap", "b_tap", "inner_taps", "a_inner", "b_inner")
        taps = {name: part[name] for name in names}
        with f.loop(0, part["lines"], carried=(A, C)) as line:
            a, c = line.carried
            TapOperands(
                A=a, B=B, C=c, a_m=part["a_m"], a_k=part["a_k"], b_k=part["b_k"],
                panel_stride=zero, c_m=part["c_m"], depth=part["depth"], first=part["resumes"],
                ahead=zero, rows=part["rows"], columns=columns, column=before, words=words, **taps,
            ).pass_to(f, function)  # fmt: skip
            line.carry(f.offset(a, part["a_line"], "i8"), f.offset(c, part["c_line"], "i8"))


@dataclass(frozen=True)
class _Convolution(_Product):
    """The kernel of a range of samples."""

    def text(self) -> str:
        module = Module()
        bands = self._bands(module)
        f, given = self._begin(module, "A B C table words", "parts n a_sample c_sample begin end")
        with f.loop(given["begin"], given["end"]) as sample:
            A, C = (self._sample(f, given, name, sample.index) for name in "AC")
            with f.loop(0, given["parts"]) as loop:
                part = load_part(f, given["table"], loop.index, self.size)
                self._multiply(f, (A, given["B"], C), part, given["n"], bands, given["words"])
        f.line("ret i64 0")
        return module.text()

    def _sample(self, f: Function, given: dict[str, Value], name: str, index: Value) -> Value:
        distance = f.binary("mul", index, given[f"{name.lower()}_sample"])
        return f.offset(given[name], distance, Type(SCALARS[self.dtype]).scalar)


@dataclass(frozen=True)
class _Correlation(_Product):
    """The kernel of a range of parts."""

    def text(self) -> str:
        module = Module()
        bands = self._bands(module)
        f, given = self._begin(module, "A B C table", "samples n begin end")
        with f.loop(given["begin"], given["end"]) as loop:
            part = load_part(f, given["table"], loop.index, self.size)
            part["taps"] = given["samples"]
            self._multiply(f, [given[name] for name in "ABC"], part, given["n"], bands)
        f.line("ret i64 0")
        return module.text()
