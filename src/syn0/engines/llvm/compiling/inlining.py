"""Small programs as one piece: their kernels are put into the driver and simplified with it.

Where a step takes fewer operations than a few calls of functions, the calls are what costs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.kernel import Kernel, symbol_of


def inlined(text: str, symbol: str, kernels: Sequence[Kernel], target: Target) -> Kernel:
    """Return a driver with the kernels it calls inside it, as one kernel.

    Parameters
    ----------
    text, symbol : str
        The driver's module and its function.
    kernels : sequence of Kernel
        What it calls.
    target : Target
        The machine.
    """
    own = symbol_of("driver", (text, sorted(k.symbol for k in kernels)))

    def make() -> str:
        parts = [_hidden(kernel) for kernel in kernels]
        return jit.optimized([text.replace(f"@{symbol}(", f"@{own}("), *parts], own, target)

    return Kernel(own, make)


def _hidden(kernel: Kernel) -> str:
    """Return a kernel's module with a function that whoever calls it takes in."""
    return re.sub(
        rf"^(define .*@{kernel.symbol}\(.*\)) nounwind", r"\1 nounwind alwaysinline",
        kernel.make(), flags=re.MULTILINE,
    )  # fmt: skip
