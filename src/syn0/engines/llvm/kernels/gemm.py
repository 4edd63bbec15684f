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


def gemm_kernel(dtype: str, n: int, target: Target) -> Kernel:
    """Return the kernel of ``C[m, j] = sum over k of A[m, k] * B[k, j]`` for ``j < n``.

    Its parameters are ``A, B, C, a_m, a_k, b_k, panel_stride, c_m, k, n, begin, end``:
    addresses; strides of A's axes, of B's rows within a panel, of B's panels, of C's rows; the
    length of the inner axis, which may be 0; the columns; the range of rows `m`. A few kernels
    serve all widths: it takes a new one where panels and a rest need other vectors.
    """
    gemm = _Gemm.of(dtype, n, target)
    return Kernel(gemm.symbol, gemm.text)


@dataclass(frozen=True)
class _Band:
    """The vectors of a panel, or of the columns that remain beside whole panels.

    Parameters
    ----------
    vectors, lanes : int
        How many, and the numbers in each.
    columns : int
        How many of all lanes are columns; at most, if they are counted.
    counted : bool
        Whether the kernel is told how many they are when it runs, and masks the last vector.
    """

    vectors: int
    lanes: int
    columns: int
    counted: bool

    @classmethod
    def of(cls, columns: int, lanes: int, target: Target) -> _Band:
        """Return the band of so many columns, for a machine with so many lanes.

        Masks cost nothing with AVX-512, but half a vector may take half the time of a whole one.
        AVX2 is slow to store with a mask, which LLVM avoids where a known one leaves few lanes.
        NEON has no masks: LLVM writes each lane of a known one.
        """
        fewer = lanes
        while fewer // 2 >= columns:
            fewer //= 2
        if target.name == "avx512" and columns > 1:
            lanes = max(fewer, lanes // 2)
        elif target.name == "neon" or fewer < lanes or columns % lanes <= 1:
            return cls(-(-columns // fewer), fewer, columns, counted=False)
        vectors = -(-columns // lanes)
        return cls(vectors, lanes, vectors * lanes, counted=True)


@dataclass(frozen=True)
class _Gemm:
    """The kernel of the widths of C whose panels and whose rest are the same bands.

    Where a rest needs all vectors of a panel, it is the last panel, and has no other band.
    """

    dtype: str
    lanes: int
    registers: int
    panel: _Band | None
    rest: _Band | None

    @classmethod
    def of(cls, dtype: str, n: int, target: Target) -> _Gemm:
        lanes = target.vector_bytes // BYTES[SCALARS[dtype]]
        registers = 16 if target.name == "avx2" else 32
        width = max(HIGHEST[registers]) * lanes
        panel = _Band.of(width, lanes, target)
        rest = _Band.of(n % width, lanes, target) if n % width else None
        if rest == panel:
            return cls(dtype, lanes, registers, panel, None)
        return cls(dtype, lanes, registers, panel if n >= width else None, rest)

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
    def vectors(self) -> int:
        """Vectors in a panel."""
        return max(HIGHEST[self.registers])

    @property
    def width(self) -> int:
        """Columns in a panel."""
        return self.vectors * self.lanes

    def text(self) -> str:
        """Return the module: rows that are few take several panels at once, others one."""
        module = Module()
        f, whole = self._entry(module)
        depths = f.intrinsic("smax", whole.depth, integer(1))  # C = 0 where there is no k
        with f.loop(0, whole.rows, ROWS) as row, f.loop(0, depths, BLOCK) as k:
            block = self._block(f, whole, row.index, k.index)
            panels = self._panels(f)
            if self.panel:
                with f.loop(self._wide(f, block), panels) as loop:
                    self._columns(f, block, loop.index, self._band(module, self.panel))
            if self.rest:
                self._columns(f, block, panels, self._band(module, self.rest))
        f.line("ret i64 0")
        return module.text()

    def _entry(self, module: Module) -> tuple[Function, Operands]:
        """Begin the kernel: its rows of A and C, and strides in bytes."""
        strides = ("a_m", "a_k", "b_k", "panel_stride", "c_m")
        numbers = [(I64, name) for name in (*strides, "k", "n", "begin", "end")]
        f = module.function(self.symbol, [*((PTR, name) for name in "ABC"), *numbers], "i64")
        A, B, C, k, n, begin, end = map(f.argument, ("A", "B", "C", "k", "n", "begin", "end"))
        a_m, a_k, b_k, panel_stride, c_m = (
            f.binary("mul", f.argument(name), integer(self.size)) for name in strides
        )
        A = f.offset(A, f.binary("mul", begin, a_m), "i8")
        C = f.offset(C, f.binary("mul", begin, c_m), "i8")
        rows, zero = f.binary("sub", end, begin), integer(0)
        return f, Operands(A, B, C, a_m, a_k, b_k, panel_stride, c_m, k, zero, zero, rows, n)

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

    def _panels(self, f: Function) -> Value:
        """Return how many panels there are beside a rest that has a band of its own."""
        n, width = f.argument("n"), integer(self.width)
        if not self.rest:
            n = f.binary("add", n, integer(self.width - 1))
        return f.binary("udiv", n, width)

    def _wide(self, f: Function, block: Operands) -> Value:
        """Compute few rows, several panels at once; return the first panel that is left."""
        wide = self._tile(1, _Band(CHAINS, self.lanes, CHAINS * self.lanes, counted=False))
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
        ).pass_to(f, function)

    def _band(self, module: Module, band: _Band) -> str:
        """Write the tiles of any height for a band, and what covers rows with them."""
        masked = band.counted or band.columns % band.lanes > 0
        # Without registers of its own the mask takes one from the tile.
        highest = HIGHEST[self.registers][band.vectors] - (masked and not self.masks)
        tiles = [self._tile(height, band) for height in range(1, highest + 1)]
        for tile in tiles:
            write_tile(module, tile)
        copies = band.columns * self.size == CACHE_LINE and not band.counted
        return _write_band(module, tiles, copies)

    def _tile(self, rows: int, band: _Band) -> Tile:
        vector = Type(SCALARS[self.dtype], band.lanes)
        columns, counted = band.columns, band.counted
        return Tile(rows, band.vectors, self.vectors, vector, columns, counted, self.masks)


def _write_band(module: Module, tiles: list[Tile], copies: bool) -> str:
    """Write the function that covers rows with tiles of nearly equal heights."""
    name = f"band_of_{tiles[0].name}"
    table = f"tiles_of_{name}"
    places = ", ".join(["ptr null", *(f"ptr @{tile.name}" for tile in tiles)])
    module.globals.append(f"@{table} = internal constant [{len(tiles) + 1} x ptr] [{places}]")
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
        with f.when(f.compare("icmp sgt", number, integer(0))):
            place = f.offset(Value(f"@{table}", PTR), height, "ptr")
            tile = f.value(f"load {PTR}, {place}", PTR)  # a constant, which no build checks
            replace(given, A=A, C=C, rows=number).pass_to(f, tile.text)
        done = f.binary("mul", number, height)
        turn.carry(
            f.offset(A, f.binary("mul", done, given.a_m), "i8"),
            f.offset(C, f.binary("mul", done, given.c_m), "i8"),
        )
    return f"@{name}"


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
