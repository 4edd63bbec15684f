"""What tells data from other data, in a line each: dtype, shape and SHA-256."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.arrays import is_mapped
from syn0.training.samples import Data
from syn0.training.sources import GivenChunks

Array = NDArray[Any]
WHOLE = 2**24  # bytes of a mapped file that are read in any case
PIECES = 64  # of a larger one, spread evenly from its first row to its last
_BLOCK = 2**24  # bytes that are brought into order at a time


def of_data(data: Data, before: str = "") -> dict[str, str]:
    """Return a line for each array of samples.

    Parameters
    ----------
    data : Data
        The samples. Of arrays in memory all numbers count; of those in a file that is
        larger than 16 MB, 64 pieces of 64 KB.
    before : str
        What to write before each name.
    """
    given: dict[str, Array] = {**data.inputs, **data.targets}
    if data.sample_weight is not None:
        given["sample_weight"] = data.sample_weight
    if data.chosen is not None:
        given["rows"] = data.chosen
    return {before + name: of_array(array) for name, array in given.items()}


def of_chunks(source: GivenChunks) -> dict[str, str]:
    """Return lines for chunks: of a sequence their number and the first, of others the kind."""
    sample = source.sample()
    if sample is None:
        return {"chunks": "made anew in each epoch"}
    count = {"chunks": source.described}
    return count | {f"chunks[0] {name}": of_array(array) for name, array in sample.items()}


def of_array(array: Array) -> str:
    """Return dtype, shape and SHA-256 of an array.

    Examples
    --------
    >>> of_array(np.zeros((2, 3), "float32"))[:30]
    'float32 (2, 3), SHA-256 9d908e'
    """
    digest, what = hashlib.sha256(), "SHA-256"
    rows = len(array) if array.ndim else 1
    size = max(1, array.nbytes // max(rows, 1))
    if is_mapped(array) and array.nbytes > WHOLE:
        what = f"SHA-256 of {PIECES} pieces"
        count = max(1, 2**16 // size)
        starts = np.linspace(0, max(rows - count, 0), PIECES).astype(int).tolist()
    else:
        count = max(1, _BLOCK // size)
        starts = list(range(0, rows, count))
    for start in starts:
        piece = array[start : start + count] if array.ndim else array
        digest.update(np.ascontiguousarray(piece).reshape(-1).view("uint8").data)
    shape = ", ".join(map(str, array.shape)) + ("," if array.ndim == 1 else "")
    return f"{array.dtype.name} ({shape}), {what} {digest.hexdigest()}"
