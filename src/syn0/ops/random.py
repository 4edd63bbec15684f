"""Random numbers that depend on where they stand, not on when they are drawn.

Philox 4x32-10 turns a key and a counter into words. Key: the seed and the stream, which
is the number of the drawing op in its network. Counter: the element and the step. So any
engine, on any number of threads, draws the same words for the same place.

Uniforms have 24 bits in every dtype: a dropout mask is the same in float32 and float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from syn0.graph import NoDerivative, Op, Sample, Shape, Tensor

_DATA = NoDerivative("random numbers are data")


def philox(xp: Any, seed: Any, stream: int, step: Any, count: int) -> Any:
    """Return `count` random uint32 words by Philox 4x32-10 (Salmon et al., 2011)."""
    blocks = -(-count // 4)
    k0 = xp.full(blocks, seed, dtype="uint32")
    k1 = xp.full(blocks, stream, dtype="uint32")
    c0 = xp.arange(blocks, dtype="uint32")
    c1 = xp.zeros(blocks, dtype="uint32")
    c2 = xp.full(blocks, step, dtype="uint32")
    c3 = xp.zeros(blocks, dtype="uint32")
    for _ in range(10):
        high0, low0 = multiply_words(xp, c0, 0xD2511F53)
        high1, low1 = multiply_words(xp, c2, 0xCD9E8D57)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + 0x9E3779B9, k1 + 0xBB67AE85
    return xp.stack([c0, c1, c2, c3], axis=1).reshape(-1)[:count]


def multiply_words(xp: Any, x: Any, constant: int) -> Any:
    """Return the high and low word of a 64-bit product, in uint32 arithmetic alone."""
    a, b = constant >> 16, constant & 0xFFFF
    x1, x0 = x >> 16, x & 0xFFFF
    middle = x1 * b + (x0 * b >> 16)  # below 2**32: (2**16 - 1) * 2**16
    carry = (middle & 0xFFFF) + x0 * a
    return x1 * a + (middle >> 16) + (carry >> 16), x * constant


def _random_shape(
    seed: Tensor, step: Tensor, *, stream: int, shape: Shape, dtype: str
) -> tuple[Shape, str]:
    return shape, dtype


def _random_samples(rng: np.random.Generator) -> Iterable[Sample]:
    seed, step = np.uint32(rng.integers(2**32)), np.int64(rng.integers(2**20))
    yield Sample(seed, step, stream=3, shape=(5, 3), dtype="float64")
    yield Sample(seed, step, stream=0, shape=(0, 2), dtype="float64")


# ----- random_uniform -----------------------------------------------------


def _random_uniform(xp: Any, seed: Any, step: Any, *, stream: int, shape: Any, dtype: str) -> Any:
    """Return uniform numbers in [0, 1) for this seed, stream and step."""
    words = philox(xp, seed, stream, step, math.prod(shape))
    return ((words >> 8).astype(dtype) / 2**24).reshape(shape)


random_uniform = Op("random_uniform", _random_shape, _random_uniform, _DATA, _random_samples)


# ----- random_normal ------------------------------------------------------


def _random_normal(xp: Any, seed: Any, step: Any, *, stream: int, shape: Any, dtype: str) -> Any:
    """Return standard normal numbers (Box and Muller, 1958) for this seed, stream and step."""
    count = math.prod(shape)
    words = philox(xp, seed, stream, step, count + count % 2)
    u = (words >> 8).astype(dtype) / 2**24
    radius = xp.sqrt(-2 * xp.log(1 - u[0::2]))  # 1 - u is exact, and never 0
    angle = 2 * math.pi * u[1::2]
    pairs = xp.stack([radius * xp.cos(angle), radius * xp.sin(angle)], axis=1)
    return pairs.reshape(-1)[:count].reshape(shape)


random_normal = Op("random_normal", _random_shape, _random_normal, _DATA, _random_samples)
