"""Nests as kernels: fused chains of elementwise ops with reductions of the last axis.

One kernel walks the rows of a domain. What is one for each row stands between the passes over
its elements; short rows stay in registers, long ones are walked as often as their reductions
want, and a chain over neighbours alone is one flat loop.
"""

from __future__ import annotations

from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.nest_emitter import emit
from syn0.engines.llvm.nest_form import Form, merged
from syn0.engines.llvm.statements import Nest, Operand, Statement, Store, check

__all__ = ["Nest", "Operand", "Statement", "Store", "nest_kernel"]


def nest_kernel(nest: Nest) -> Kernel:
    """Return the kernel ``i64 (operand0, operand1, ..., i64 begin, i64 end)`` of a nest.

    It does the range of the first axis, and returns 1 if a checked number was not finite.

    Examples
    --------
    >>> x = Operand("float32", (8, 1))
    >>> load = Statement("load", (), "float32", "element", 0)
    >>> relu = Statement("relu", (0,), "float32", "element")
    >>> nest_kernel(Nest((4, 8), (x, x), (load, relu), (Store(1, 1),))).symbol[:5]
    'nest_'
    """
    check(nest)
    symbol = symbol_of("nest", nest)
    return Kernel(symbol, lambda: emit(Form(*merged(nest)), symbol))
