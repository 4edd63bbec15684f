"""Arrays between pages that may not be touched, and kernels run on them, on all targets."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target, host, named
from syn0.engines.llvm.kernel import Kernel

PAGE = mmap.PAGESIZE


def targets() -> list[Target]:
    """Return what this machine can run."""
    here = host()
    assert here is not None
    return [here] if here.name != "avx512" else [here, named("avx2")]


def guarded(values: NDArray[Any], side: str = "end") -> NDArray[Any]:
    """Return a flat copy whose `side`, ``begin`` or ``end``, touches a forbidden page."""
    room = max(1, -(-values.nbytes // PAGE)) * PAGE
    pages = mmap.mmap(-1, room + 2 * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    for page in (start, start + PAGE + room):
        assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), 0) == 0
    offset = PAGE if side == "begin" else PAGE + room - values.nbytes
    array = np.frombuffer(pages, values.dtype, values.size, offset)
    array[:] = values.ravel()
    return array


def run(kernel: Kernel, target: Target, arrays: Sequence[NDArray[Any]], *numbers: int) -> int:
    """Call a kernel on the addresses of arrays, then numbers."""
    address = jit.addresses([kernel], target)[kernel.symbol]
    kinds = [ctypes.c_void_p] * len(arrays) + [ctypes.c_int64] * len(numbers)
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(address)
    return int(function(*(a.ctypes.data for a in arrays), *numbers))


def same(found: NDArray[Any], expected: NDArray[Any]) -> bool:
    """Whether all bits agree; one NaN is as good as another."""
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return False
    if found.dtype.kind == "f":
        found, expected = (
            np.where(np.isnan(x), np.nan, x).astype(x.dtype) for x in (found, expected)
        )
    return found.tobytes() == expected.tobytes()
