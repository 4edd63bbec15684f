"""What Python gives, as compiled programs read it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.numpy import as_printed
from syn0.engines.source import is_plain_number
from syn0.errors import DataError
from syn0.graph import FLOATS, Tensor

OUT_OF_RANGE = 2  # in a driver's status, where 1 says that something was not finite

Array = NDArray[Any]


def fitted(value: Any, tensor: Tensor) -> Array:
    """Return an array as the compiled program reads it; single numbers are in float64."""
    if is_plain_number(tensor) and tensor.dtype in FLOATS:
        return np.asarray(as_printed(np.asarray(value).item(), tensor.dtype), np.float64)
    return np.ascontiguousarray(value, dtype=tensor.dtype).reshape(np.shape(value))


def fitted_all(values: Array, tensor: Tensor) -> Array:
    """Return a table of numbers, one a step, likewise."""
    if tensor.dtype == "float32":  # as `as_printed` does, number by number
        return values.astype(np.float32).astype("S32").astype(np.float64)
    if tensor.dtype in FLOATS:
        return np.array(values, np.float64)
    return np.ascontiguousarray(values, dtype=tensor.dtype)


def check_status(status: int) -> None:
    """Raise an error if an index was out of range."""
    if status & OUT_OF_RANGE:
        raise DataError(
            "an index lies outside of the rows that it takes from.",
            where="take",
            expected="whole numbers from 0 to the number of rows - 1",
        )
