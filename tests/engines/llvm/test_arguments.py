"""Numbers of the host, as compiled programs read them."""

from __future__ import annotations

import numpy as np

from syn0.engines.llvm.running.arguments import fitted_all
from syn0.engines.numpy import as_printed
from syn0.graph import input_tensor


def test_a_table_of_float32_is_read_as_it_would_be_printed(rng: np.random.Generator) -> None:
    drawn = rng.integers(0, 2**32, 2000, np.uint64).astype("uint32").view("float32")
    usual = (10 ** rng.uniform(-8, 2, 2000)).astype("float32")
    values = np.concatenate([drawn[np.isfinite(drawn)], usual, np.float32([0, 1e-3, 1, 2**-9])])
    found = fitted_all(values, input_tensor("rate", ()))
    assert found.dtype == np.float64
    assert found.tolist() == [as_printed(value, "float32") for value in values]
