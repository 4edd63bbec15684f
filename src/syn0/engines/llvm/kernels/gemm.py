"""Matrix products, from tiles that stay in registers along the inner axis.

B is read in panels, as many columns as the widest tile. Each element of C is one chain of fused
multiplications and additions with the inner axis ascending from 0, so that its bits depend
neither on the tile that holds it nor on the machine's vectors. A is read through two strides:
a transposed A costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import BYTES, I64, PTR, SCALARS, Function, Module, Type, Value, integer
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.tile import CACHE_LINE, Operands, Tile, prefetch, write_tile

# The rows of the highest tile of so many vectors, by the number of registers: accumulators,
# vectors of B and a number of A fill them, but for a few that LLVM's scheduler needs.
HIGHEST = {32: {1: 10, 2: 12, 3: 8, 4: 6}, 16: {1: 10, 2: 6}}
CHAINS = 8  # accumulators that hide the latency of a fused multiplication and addition
BLOCK = 512  # of the inner axis: so much of a panel of B stays in the second cache
ROWS = 384  # of A: so much of a block of it stays there from panel to panel
# Bytes between the rows of B, and rows of A, from which on it pays to copy a panel that is as
# narrow as a cache line: rows a large power of two apart share few places of the first cache.
FAR, OFTEN = 256, 96


def panel_width(dtype: str, target: Target) -> int:
    """Return how many columns of B make a panel.

    Examples
    --------
    >>> from syn0.engines.llvm.compiling.target import named
    >>> panel_width("float32", named("avx512")), panel_width("float64", named("avx2"))
    (64, 8)
    """
    return _Gemm.of(dtype, 1, target).width


def whole_panels(dtype: str, n: int, target: Target) -> int:
    """Return how many panels of `n` columns are whole; a kernel takes them as a number."""
    return n // panel_width(dtype, target)


def gemm_kernel(dtype: str, n: int, target: Target) -> Kernel:
    """Return the kernel of ``C[m, j] = sum over k of A[m, k] * B[k, j]`` for ``j < n``.

    Its parameters are ``A, B, C, a_m, a_k, b_k, panel_stride, c_m, k, panels, begin, end``:
    addresses; strides of A's axes, of B's rows within a panel, of B's panels, of C's rows; the
    length of the inner axis, which may be 0; `whole_panels`; the range of rows `m`. So one
    kernel serves all widths that leave the same rest beside their panels.
    """
    gemm = _Gemm.of(dtype, n, target)
    return Kernel(gemm.symbol, gemm.text)


@dataclass(frozen=True)
class _Gemm:
    """The kernel of the widths of C that leave the same rest beside their panels."""

    dtype: str
    rest: int
    has_panels: bool
    lanes: int
    registers: int

    @classmethod
    def of(cls, dtype: str, n: int, target: Target) -> _Gemm:
        lanes = target.vector_bytes // BYTES[SCALARS[dtype]]
        registers = 16 if target.name == "avx2" else 32
        width = max(HIGHEST[registers]) * lanes
        return cls(dtype, n % width, n >= width, lanes, registers)

    @property
    def symbol(self) -> str:
        return symbol_of("gemm", self)

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return BYTES[SCALARS[self.dtype]]

    @property
    def masks(self) -> bool:
        """Whether the machine has registers for masks."""
        return self.lanes * self.size == 64

    @property
    def panel(self) -> int:
        """Vectors in a panel."""
        return max(HIGHEST[self.registers])

    @property
    def width(self) -> int:
        """Columns in a panel."""
        return self.panel * self.lanes

    def text(self) -> str:
        """Return the module: rows that are few take several panels at once, others one."""
        module = Module()
        f, whole = self._entry(module)
        panels = f.argument("panels")
        depths = f.intrinsic("smax", whole.depth, integer(1))  # C = 0 where there is no k
        with f.loop(0, whole.rows, ROWS) as row, f.loop(0, depths, BLOCK) as k:
            block = self._block(f, whole, row.index, k.index)
            if self.has_panels:
                with f.loop(self._wide(f, block, panels), panels) as loop:
                    self._panel(f, block, loop.index, self._band(module, self.width))
            if self.rest:
                self._panel(f, block, panels, self._band(module, self.rest))
        f.line("ret i64 0")
        return module.text()

    def _entry(self, module: Module) -> tuple[Function, Operands]:
        """Begin the kernel: its rows of A and C, and strides in bytes."""
        strides = ("a_m", "a_k", "b_k", "panel_stride", "c_m")
        numbers = [(I64, name) for name in (*strides, "k", "panels", "begin", "end")]
        f = module.function(self.symbol, [*((PTR, name) for name in "ABC"), *numbers], "i64")
        A, B, C, k, begin, end = map(f.argument, ("A", "B", "C", "k", "begin", "end"))
        a_m, a_k, b_k, panel_stride, c_m = (
            f.binary("mul", f.argument(name), integer(self.size)) for name in strides
        )
        A = f.offset(A, f.binary("mul", begin, a_m), "i8")
        C = f.offset(C, f.binary("mul", begin, c_m), "i8")
        rows, zero = f.binary("sub", end, begin), integer(0)
        return f, Operands(A, B, C, a_m, a_k, b_k, panel_stride, c_m, k, zero, zero, rows)

    def _block(self, f: Function, whole: Operands, row: Value, k: Value) -> Operands:
        """Return the part of a product from a row and place of the inner axis on."""
        A = f.offset(whole.A, f.binary("mul", row, whole.a_m), "i8")
        return replace(
            whole,
            A=f.offset(A, f.binary("mul", k, whole.a_k), "i8"),
            B=f.offset(whole.B, f.binary("mul", k, whole.b_k), "i8"),
            C=f.offset(whole.C, f.binary("mul", row, whole.c_m), "i8"),
            depth=f.intrinsic("smin", f.binary("sub", whole.depth, k), integer(BLOCK)),
            first=k,
            rows=f.intrinsic("smin", f.binary("sub", whole.rows, row), integer(ROWS)),
        )

    def _wide(self, f: Function, block: Operands, panels: Value) -> Value:
        """Compute few rows, several panels at once; return the first panel that is left."""
        wide = self._tile(1, CHAINS, self.lanes, CHAINS * self.lanes)
        write_tile(f.module, wide)
        at_once = CHAINS // self.panel
        few = f.compare("icmp slt", block.rows, integer(at_once))  # too few chains in one panel
        odd = f.binary("urem", panels, integer(at_once))
        end = f.select(few, f.binary("sub", panels, odd), integer(0))
        with f.loop(0, end, at_once) as loop:
            self._panel(f, block, loop.index, wide.name)
        return end

    def _panel(self, f: Function, block: Operands, panel: Value, function: str) -> None:
        """Compute a block of the columns of a panel."""
        after = f.binary("add", panel, integer(0 if self.rest else 1))
        last = f.compare("icmp eq", after, f.argument("panels"))
        replace(
            block,
            B=f.offset(block.B, f.binary("mul", panel, block.panel_stride), "i8"),
            C=f.offset(block.C, f.binary("mul", panel, integer(self.width * self.size)), "i8"),
            ahead=f.select(last, integer(0), block.panel_stride),
        ).pass_to(f, function)

    def _band(self, module: Module, columns: int) -> str:
        """Write the tiles of any height for so many columns, and what covers rows with them."""
        lanes = self.lanes
        while lanes // 2 >= columns:
            lanes //= 2
        vectors = -(-columns // lanes)
        masked = columns % lanes > 0 and not self.masks  # the mask takes another register there
        highest = HIGHEST[self.registers][vectors] - masked
        tiles = [self._tile(height, vectors, lanes, columns) for height in range(1, highest + 1)]
        for tile in tiles:
            write_tile(module, tile)
        return _write_band(module, tiles, copies=columns * self.size == CACHE_LINE)

    def _tile(self, rows: int, vectors: int, lanes: int, columns: int) -> Tile:
        vector = Type(SCALARS[self.dtype], lanes)
        return Tile(rows, vectors, self.panel, vector, columns, self.masks)


def _write_band(module: Module, tiles: list[Tile], copies: bool) -> str:
    """Write the function that covers rows with tiles of nearly equal heights."""
    name = f"band_of_{tiles[0].columns}"
    f = module.function(name, Operands.parameters(), linkage="internal")
    given = Operands.arguments(f)
    if copies:
        given = _near(f, tiles[0], given)
    highest = integer(len(tiles))
    count = f.binary("udiv", f.binary("add", given.rows, integer(len(tiles) - 1)), highest)
    low, higher = f.binary("udiv", given.rows, count), f.binary("urem", given.rows, count)
    with f.loop(0, 2, carried=(given.A, given.C)) as turn:
        A, C = turn.carried
        taller = f.compare("icmp eq", turn.index, integer(0))
        height = f.select(taller, f.binary("add", low, integer(1)), low)
        number = f.select(taller, higher, f.binary("sub", count, higher))
        for tile in tiles:
            with f.when(f.compare("icmp eq", height, integer(tile.rows))):
                replace(given, A=A, C=C, rows=number).pass_to(f, tile.name)
        done = f.binary("mul", number, height)
        turn.carry(
            f.offset(A, f.binary("mul", done, given.a_m), "i8"),
            f.offset(C, f.binary("mul", done, given.c_m), "i8"),
        )
    return name


def _near(f: Function, tile: Tile, given: Operands) -> Operands:
    """Copy a panel whose rows are far apart, if it is used often enough to pay."""
    copy = f.value(f"alloca [{BLOCK * CACHE_LINE} x i8], align {CACHE_LINE}", PTR)
    far = f.compare("icmp sge", given.b_k, integer(FAR))
    often = f.compare("icmp sge", given.rows, integer(OFTEN))
    pays = f.binary("and", far, often)
    with f.when(pays), f.loop(0, given.depth) as loop:
        source = f.offset(given.B, f.binary("mul", loop.index, given.b_k), "i8")
        prefetch(f, f.offset(source, given.ahead, "i8"), write=False)
        target = f.offset(copy, f.binary("mul", loop.index, integer(CACHE_LINE)), "i8")
        tile.store(f, tile.load(f, tile.places(f, source), None), tile.places(f, target), None)
    return replace(
        given,
        B=f.select(pays, copy, given.B),
        b_k=f.select(pays, integer(CACHE_LINE), given.b_k),
        ahead=f.select(pays, integer(0), given.ahead),
    )
