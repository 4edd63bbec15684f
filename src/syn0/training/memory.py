"""What callbacks find in their memory, which comes from a file that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from syn0.errors import DataError


def recalled_count(memory: Mapping[str, NDArray[Any]], name: str) -> int:
    """Return a whole number from 0 on from the memory of a callback."""
    value = recalled(memory, name)
    if value.dtype.kind not in "iu" or value < 0:
        raise DataError(f"what a callback keeps as {name} is no count.")
    return int(value)


def recalled(memory: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    """Return a number from the memory of a callback."""
    if name not in memory or memory[name].shape != ():
        raise DataError(f"what a callback keeps as {name} is missing, or is no number.")
    return memory[name]
