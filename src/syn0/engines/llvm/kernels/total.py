"""The sum or the maximum of a vector of any length, in the order of a row of a nest.

A nest's rows have their length written in. This one is told it: the samples of a batch are
added up by it, so that another number of them needs no new code.
"""

from __future__ import annotations

from syn0.engines.llvm.ir import I64, PTR, SCALARS, Module, Type, Value, integer, literal
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.expressions import is_float
from syn0.engines.llvm.kernels.row_reductions import CHAINS, Place, RowReduction


def total_kernel(op: str, dtype: str, checked: bool = False) -> Kernel:
    """Return the kernel of a vector's ``"sum"`` or ``"max"``.

    Its parameters are ``source, target, count, begin, end``; the range is that of the one row,
    and is not looked at. A sum over nothing is 0. It returns 1 if the result is `checked` and
    is not finite.

    Examples
    --------
    >>> total_kernel("sum", "float32").symbol == total_kernel("sum", "float64").symbol
    False
    """
    symbol = symbol_of("total", (op, dtype, checked))
    return Kernel(symbol, lambda: _text(symbol, op, dtype, checked))


def _text(symbol: str, op: str, dtype: str, checked: bool) -> str:
    module, scalar = Module(), SCALARS[dtype]
    addresses = [(PTR, "source"), (PTR, "target")]
    numbers = [(I64, name) for name in ("count", "begin", "end")]
    f = module.function(symbol, [*addresses, *numbers], "i64")
    source, count = f.argument("source"), f.argument("count")
    kind = Type(scalar, 8 if scalar in ("double", "i64") else 16)
    lanes = kind.lanes or 1
    reduction = RowReduction(op, dtype, dtype, lanes)
    turn = CHAINS * lanes
    whole = f.binary("and", count, integer(-turn))
    with f.loop(0, whole, turn, reduction.start()) as loop:
        state: list[Value] = loop.carried
        for i in range(CHAINS):
            place = f.offset(f.offset(source, loop.index, scalar), i * lanes, scalar)
            state = reduction.step(f, state, f.load(place, kind), Place(0))
        loop.carry(*state)
    state = loop.carried
    for i in range(CHAINS):
        begin = f.binary("add", whole, integer(i * lanes))
        left = f.intrinsic("smax", f.binary("sub", count, begin), integer(0))
        mask = f.mask(lanes, left)
        x = f.masked_load(f.offset(source, begin, scalar), kind, mask)
        state = reduction.step(f, state, x, Place(0, None, mask))
    total = reduction.finish(f, state, CHAINS)
    if op == "sum" and is_float(dtype):  # nothing is 0, not the -0.0 that chains begin with
        empty = f.compare("icmp eq", count, integer(0))
        total = f.select(empty, literal(0, total.type), total)
    f.store(total, f.argument("target"))
    if checked and is_float(dtype):
        difference = f.binary("fsub", total, total)  # NaN unless the total is finite
        f.line(f"ret {f.cast('zext', f.compare('fcmp uno', difference, difference), I64)}")
    else:
        f.line("ret i64 0")
    return module.text()
