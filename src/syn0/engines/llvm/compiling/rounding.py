"""How the processor rounds while compiled code runs: as NumPy does, and quickly.

Numbers too small for the normal format become zeros: each would cost a hundred times an
ordinary operation, and they come in multitudes from optimizers whose averages decay.
"""

from __future__ import annotations

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import I32, PTR, Function, Value, literal

# To nearest, no exception interrupts; subnormal results and operands are zeros.
MXCSR = 0x1F80 | 0x8000 | 0x0040


def set_rounding(f: Function, target: Target) -> Value | None:
    """Set the mode, and return what `restore_rounding` puts back; to be called at the entry.

    LLVM takes no notice of modes: the function should calculate nothing with a floating point
    itself, and leave that to those it calls.
    """
    if not target.is_x86:
        return None
    saved = f.value("alloca i32", PTR)
    ours = f.value("alloca i32", PTR)
    f.run("llvm.x86.sse.stmxcsr", (saved,))
    f.store(literal(MXCSR, I32), ours)
    f.run("llvm.x86.sse.ldmxcsr", (ours,))
    return saved


def restore_rounding(f: Function, saved: Value | None) -> None:
    """Put back the mode of before."""
    if saved is not None:
        f.run("llvm.x86.sse.ldmxcsr", (saved,))
