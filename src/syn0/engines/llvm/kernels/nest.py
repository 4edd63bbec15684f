"""Nests as kernels: fused chains of elementwise ops with reductions of the last axis.

One kernel walks the rows of a domain. What is one for each row stands between the passes over
its elements; short rows stay in registers, long ones are walked as often as their reductions
want, and a chain over neighbours alone is one flat loop.
"""

from __future__ import annotations

from syn0.engines.llvm.ir import I64, PTR, Module, integer
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels.nest_axes import merged
from syn0.engines.llvm.kernels.nest_form import Form
from syn0.engines.llvm.kernels.nest_memory import Memory
from syn0.engines.llvm.kernels.nest_rows import RowsInLoops, RowsInRegisters
from syn0.engines.llvm.kernels.nest_values import Values
from syn0.engines.llvm.kernels.nest_walk import Flat, Walk
from syn0.engines.llvm.kernels.statements import Nest, Operand, Statement, Store, check

__all__ = ["Nest", "Operand", "Statement", "Store", "nest_kernel", "written_out_nest"]

FEW = 4  # vectors that a loop over neighbours is written out for


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
    return Kernel(symbol, lambda: _module(Form(*merged(nest)), symbol))


def written_out_nest(nest: Nest) -> Kernel | None:
    """Return the kernel ``i64 (operand0, operand1, ...)`` of all of a nest, None if it is long.

    Its last vectors are as short as what is left of a row. So what one kernel stores is what
    the next one loads, and no memory need lie between them where both are part of one function.
    """
    check(nest)
    form = Form(*merged(nest), written_out=True)
    if 0 in nest.domain or not (form.vectors <= FEW if form.flat else form.in_registers):
        return None
    symbol = symbol_of("written_out_nest", nest)
    return Kernel(symbol, lambda: _module(form, symbol))


def _module(form: Form, symbol: str) -> str:
    """Return the module that defines a nest's kernel."""
    pointers = [(PTR, f"operand{i}") for i in range(len(form.nest.operands))]
    ranges = [] if form.written_out else [(I64, "begin"), (I64, "end")]
    module = Module()
    f = module.function(symbol, [*pointers, *ranges], "i64")
    walk = _walk(form)(form, Values(f, form, Memory(f, form)))
    if form.written_out:
        f.line(f"ret {walk.write()}")
        return module.text()
    # An empty range must not even read what is the same for all rows.
    some = f.compare("icmp slt", f.argument("begin"), f.argument("end"))
    f.line(f"br {some}, label %work, label %nothing")
    f.begin("nothing")
    f.line("ret i64 0")
    f.begin("work")
    result = integer(0) if 0 in form.nest.domain[:-1] else walk.write()
    f.line(f"ret {result}")
    return module.text()


def _walk(form: Form) -> type[Walk]:
    if form.flat:
        return Flat
    return RowsInRegisters if form.in_registers else RowsInLoops
