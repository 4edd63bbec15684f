"""Matrix products of a few numbers, written out without a loop: for networks of a lesson's size.

Each element is the same chain as in `gemm`, so its bits are the same too.
"""

from __future__ import annotations

from syn0.engines.llvm.ir import I64, PTR, SCALARS, Function, Module, Type, Value, integer, literal
from syn0.engines.llvm.kernel import Kernel, symbol_of

MOST_PRODUCTS = 256
MOST_COLUMNS = 16


def tiny_gemm_kernel(
    dtype: str, m: int, n: int, k: int, a: tuple[int, int], b_k: int, c_m: int
) -> Kernel | None:
    """Return the kernel of ``C[m, n] = A[m, k] @ B[k, n]``, None if it is not tiny.

    Parameters
    ----------
    dtype : str
        Of all three.
    m, n, k : int
        The sizes.
    a : tuple of int
        The strides of A's axes.
    b_k, c_m : int
        The strides of the rows of B and C, whose columns lie side by side.

    Returns
    -------
    Kernel or None
        ``i64 @symbol(ptr A, ptr B, ptr C)``.
    """
    if not 0 < m * n * k <= MOST_PRODUCTS or n > MOST_COLUMNS:
        return None
    spec = (dtype, m, n, k, a, b_k, c_m)
    symbol = symbol_of("tiny", spec)
    return Kernel(symbol, lambda: _text(symbol, *spec))


def _text(
    symbol: str, dtype: str, m: int, n: int, k: int, a: tuple[int, int], b_k: int, c_m: int
) -> str:
    module = Module()
    f = module.function(symbol, [(PTR, "A"), (PTR, "B"), (PTR, "C")], "i64")
    scalar = SCALARS[dtype]
    pieces = _pieces(n)
    rows = [_load_row(f, scalar, kk * b_k, pieces) for kk in range(k)]
    made: list[Value] = []
    for i in range(m):
        sums = [literal(0.0, Type(scalar, lanes)) for _, lanes in pieces]
        for kk in range(k):
            place = f.offset(f.argument("A"), i * a[0] + kk * a[1], scalar)
            number = f.load(place, Type(scalar))
            for piece, (_, lanes) in enumerate(pieces):
                sums[piece] = f.fma(f.splat(number, lanes), rows[kk][piece], sums[piece])
        made.append(_joined(f, sums))
    # Rows that adjoin are one vector in memory: a store that the next kernel's load is as long as.
    together = MOST_COLUMNS // n if c_m == n else 1
    for i in range(0, m, together):
        vector = _joined(f, made[i : i + together])
        f.store(vector, f.offset(f.argument("C"), i * c_m, scalar))
    f.line(f"ret {I64} {integer(0).text}")
    return module.text()


def _joined(f: Function, parts: list[Value]) -> Value:
    """Return vectors side by side as one."""
    x, *others = parts
    for y in others:
        a, b = x.type.lanes or 1, y.type.lanes or 1
        left, right = f.resized(x, a + b), f.resized(y, a + b)
        places = ", ".join(f"i32 {i if i < a else b + i}" for i in range(a + b))
        kind = left.type
        x = f.value(f"shufflevector {left}, {right}, <{a + b} x i32> <{places}>", kind)
    return x


def _pieces(n: int) -> list[tuple[int, int]]:
    """Return vectors of powers of two that make up a row: where each begins, and its lanes."""
    pieces, start = [], 0
    while start < n:
        lanes = 1 << ((n - start).bit_length() - 1)
        pieces.append((start, lanes))
        start += lanes
    return pieces


def _load_row(f: Function, scalar: str, start: int, pieces: list[tuple[int, int]]) -> list[Value]:
    places = [(f.offset(f.argument("B"), start + at, scalar), n) for at, n in pieces]
    return [f.load(place, Type(scalar, lanes)) for place, lanes in places]
