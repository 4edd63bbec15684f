"""A kernel: one compiled function that any number of programs may call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kernel:
    """A function of the machine: its symbol, and how its text is made when it is wanted.

    Parameters
    ----------
    symbol : str
        Its name, which tells all that decides its text: equal symbols, equal code.
    make : callable
        Returns the module that defines it; called only where no compiled form is kept.
    """

    symbol: str
    make: Callable[[], str] = field(compare=False, repr=False)


def symbol_of(kind: str, spec: Any) -> str:
    """Return a symbol for what a kernel of this kind does.

    Examples
    --------
    >>> symbol_of("gemm", ("float32", 64)) == symbol_of("gemm", ("float32", 64))
    True
    """
    return f"{kind}_{hashlib.sha256(repr(spec).encode()).hexdigest()[:16]}"
