"""Another number of samples needs no new code: nothing is compiled, nothing grows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import syn0
from syn0.engines.llvm.compiling.target import host

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")


NETWORKS = {
    "dense": lambda: (syn0.Dense(120, "relu"), syn0.Dense(70, "tanh")),
    "normalized": lambda: (syn0.Dense(90), syn0.LayerNormalization(), syn0.Activation("gelu")),
    "batches": lambda: (syn0.Dense(90), syn0.BatchNormalization(), syn0.Activation("relu")),
    "dropout": lambda: (syn0.Dense(100, "swish"), syn0.Dropout(0.2), syn0.Dense(50, "relu")),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("optimizer", [syn0.Adam, syn0.SGD, lambda: syn0.Adam(clip_norm=1.0)])
@pytest.mark.parametrize("network", NETWORKS)
def test_other_numbers_of_samples_compile_nothing(
    network: str, optimizer: Any, compiled: list[str], rng: np.random.Generator
) -> None:
    x = rng.standard_normal((900, 40)).astype("float32")
    y = rng.integers(0, 3, 900)
    net = syn0.Sequential(*NETWORKS[network](), syn0.Dense(3, "softmax"), random_state=0)

    def work(samples: int, batch_size: int) -> None:
        some = x[:samples], y[:samples]
        net.fit(*some, epochs=1, batch_size=batch_size, verbose=0, optimizer=optimizer())
        net.evaluate(*some)
        net.gradients(*some)
        net.predict(x[:samples])

    work(640, 60)  # with a last batch of fewer
    work(450, 150)  # from 128 samples on, sums are made by shards
    assert compiled
    compiled.clear()
    for _ in range(4):
        batch_size = int(rng.integers(50, 220))
        # A last batch of fewer may be a small program, which is made for its size.
        work(3 * batch_size + int(rng.integers(45, batch_size)), batch_size)
    assert compiled == []
