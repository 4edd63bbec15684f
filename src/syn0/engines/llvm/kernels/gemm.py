"""Matrix products, from tiles that stay in registers along the inner axis.

B is read in panels, as many columns as the widest tile. Each element of C is one chain of fused
multiplications and additions with the inner axis ascending from 0, so that its bits depend
neither on the tile that holds it nor on the machine's vectors. A is read through two strides:
a transposed A costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import I64, NULL, PTR, SCALARS, Function, Module, Value, integer
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.bands import BLOCK, Band, Columns
from syn0.engines.llvm.kernels.tile_loop import Operands, write_tile

CHAINS = 8  # accumulators that hide the latency of a fused multiplication and addition
ROWS = 384  # of A: so much of a block of it stays there from panel to panel


def panel_width(dtype: str, target: Target) -> int:
    """Return how many columns of B make a panel.

    Examples
    --------
    >>> from syn0.engines.llvm.compiling.target import named
    >>> panel_width("float32", named("avx512")), panel_width("float64", named("avx2"))
    (64, 8)
    """
    return _Gemm.of(dtype, 1, target).width


def gemm_kernel(dtype: str, n: int, target: Target) -> Kernel:
    """Return the kernel of ``C[m, j] = sum over k of A[m, k] * B[k, j]`` for ``j < n``.

    Its parameters are ``A, B, C, words, a_m, a_k, b_k, panel_stride, c_m, k, n, begin, end``:
    addresses, the last of an epilogue's words or null; strides of A's axes, of B's rows within a
    panel, of B's panels, of C's rows; the length of the inner axis, which may be 0; the columns;
    the range of rows `m`. A few kernels serve all widths: it takes a new one where panels and a
    rest need other vectors.
    """
    gemm = _Gemm.of(dtype, n, target)
    return Kernel(gemm.symbol, gemm.text)


@dataclass(frozen=True)
class _Gemm(Columns):
    """The kernel of these columns."""

    @property
    def symbol(self) -> str:
        return symbol_of("gemm", self)

    def text(self) -> str:
        """Return the module: rows that are few take several panels at once, others one."""
        module = Module()
        f, whole = self._entry(module)
        depths = f.intrinsic("smax", whole.depth, integer(1))  # C = 0 where there is no k
        with f.loop(0, whole.rows, ROWS) as row, f.loop(0, depths, BLOCK) as k:
            block = self._block(f, whole, row.index, k.index)
            panels = self.panels(f, whole.columns)
            if self.panel:
                with f.loop(self._wide(f, block), panels) as loop:
                    self._columns(
                        f, block, loop.index, self.write_band(module, self.panel, copies=True)
                    )
            if self.rest:
                self._columns(f, block, panels, self.write_band(module, self.rest, copies=True))
        f.line("ret i64 0")
        return module.text()

    def _entry(self, module: Module) -> tuple[Function, Operands]:
        """Begin the kernel: its rows of A and C, and strides in bytes."""
        strides = ("a_m", "a_k", "b_k", "panel_stride", "c_m")
        numbers = [(I64, name) for name in (*strides, "k", "n", "begin", "end")]
        addresses = [(PTR, name) for name in ("A", "B", "C", "words")]
        f = module.function(self.symbol, [*addresses, *numbers], "i64")
        A, B, C, words = (f.argument(name) for _, name in addresses)
        k, n, begin, end = map(f.argument, ("k", "n", "begin", "end"))
        a_m, a_k, b_k, panel_stride, c_m = (
            f.binary("mul", f.argument(name), integer(self.size)) for name in strides
        )
        A = f.offset(A, f.binary("mul", begin, a_m), "i8")
        C = f.offset(C, f.binary("mul", begin, c_m), "i8")
        rows, zero = f.binary("sub", end, begin), integer(0)
        return f, Operands(
            A, B, C, a_m, a_k, b_k, panel_stride, c_m, k, zero, zero, rows, n, zero, words
        )

    def _block(self, f: Function, whole: Operands, row: Value, k: Value) -> Operands:
        """Return the part of a product from a row and place of the inner axis on."""
        A = f.offset(whole.A, f.binary("mul", row, whole.a_m), "i8")
        last = f.compare("icmp sge", f.binary("add", k, integer(BLOCK)), whole.depth)
        return replace(
            whole,
            A=f.offset(A, f.binary("mul", k, whole.a_k), "i8"),
            B=f.offset(whole.B, f.binary("mul", k, whole.b_k), "i8"),
            C=f.offset(whole.C, f.binary("mul", row, whole.c_m), "i8"),
            depth=f.intrinsic("smin", f.binary("sub", whole.depth, k), integer(BLOCK)),
            first=k,
            rows=f.intrinsic("smin", f.binary("sub", whole.rows, row), integer(ROWS)),
            words=f.select(last, whole.words, NULL),
        )

    def _wide(self, f: Function, block: Operands) -> Value:
        """Compute few rows, several panels at once; return the first panel that is left."""
        wide = self.tile(1, Band(CHAINS, self.lanes, CHAINS * self.lanes, counted=False))
        write_tile(f.module, wide)
        at_once = CHAINS // self.vectors
        few = f.compare("icmp slt", block.rows, integer(at_once))  # too few chains in one panel
        times = f.binary("udiv", f.argument("n"), integer(at_once * self.width))
        end = f.select(few, f.binary("mul", times, integer(at_once)), integer(0))
        with f.loop(0, end, at_once) as loop:
            self._columns(f, block, loop.index, f"@{wide.name}")
        return end

    def _columns(self, f: Function, block: Operands, panel: Value, function: str) -> None:
        """Compute a block of the columns from a panel on."""
        width = integer(self.width)
        before = f.binary("mul", panel, width)
        left = f.binary("sub", f.argument("n"), before)
        last = f.compare("icmp sle", left, width)
        replace(
            block,
            B=f.offset(block.B, f.binary("mul", panel, block.panel_stride), "i8"),
            C=f.offset(block.C, before, SCALARS[self.dtype]),
            ahead=f.select(last, integer(0), block.panel_stride),
            columns=f.intrinsic("smin", left, width),
            column=before,
        ).pass_to(f, function)
