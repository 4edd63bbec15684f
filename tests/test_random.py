"""Philox and what is drawn with it: known answers, places, moments, the same bits in JAX."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from conftest import seeded

from syn0 import ops
from syn0.graph import batch, evaluate, input_tensor, state_tensor
from syn0.ops import random
from syn0.ops.random import multiply_words, philox

Words = tuple[int, int, int, int]


def philox_by_hand(counter: Words, key: tuple[int, int]) -> Words:
    """Philox 4x32-10 in Python's integers, after Salmon et al. (2011), section 3.3."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = x0 * 0xD2511F53, x2 * 0xCD9E8D57
        x0, x1, x2, x3 = (b >> 32) ^ x1 ^ k0, b % 2**32, (a >> 32) ^ x3 ^ k1, a % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return x0, x1, x2, x3


# The answers published with the algorithm: zeros, ones, and the digits of pi.
KNOWN: list[tuple[Words, tuple[int, int], Words]] = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_the_reference_gives_the_known_answers(
    counter: Words, key: tuple[int, int], answer: Words
) -> None:
    assert philox_by_hand(counter, key) == answer


def test_the_words_of_seed_zero_are_the_known_answer() -> None:
    assert tuple(philox(np, 0, 0, 0, 4).tolist()) == KNOWN[0][2]


@pytest.mark.parametrize("step", [0, 1, 2**20 + 7, 2**32 - 1])
@pytest.mark.parametrize("seed", [0, 1, 0x9E3779B9, 2**32 - 1])
def test_words_are_those_of_the_reference(seed: int, step: int) -> None:
    stream = int(seeded("stream", seed, step).integers(2**16))
    words = philox(np, seed, stream, step, 4 * 50).reshape(50, 4)
    assert words.dtype == np.uint32
    for block in (0, 1, 2, 17, 49):
        expected = philox_by_hand((block, 0, step, 0), (seed, stream))
        assert tuple(words[block].tolist()) == expected


def test_products_of_words_are_whole() -> None:
    rng = seeded("products")
    x = np.concatenate([
        rng.integers(0, 2**32, 1000, dtype="uint64"),
        np.array([0, 1, 2**16 - 1, 2**16, 2**31, 2**32 - 1], "uint64"),
    ])  # fmt: skip
    for constant in (0xD2511F53, 0xCD9E8D57, 0xFFFFFFFF, 1):
        high, low = multiply_words(np, x.astype("uint32"), constant)
        exact = [int(v) * constant for v in x]
        assert high.tolist() == [v >> 32 for v in exact]
        assert low.tolist() == [v % 2**32 for v in exact]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 127])
def test_fewer_words_are_the_first_of_more(count: int) -> None:
    np.testing.assert_array_equal(philox(np, 5, 2, 9, count), philox(np, 5, 2, 9, 200)[:count])


# ----- uniforms and normals -----------------------------------------------


def draws(op: object, seed: int, step: int, stream: int, shape: tuple, dtype: str) -> np.ndarray:
    return op.forward(np, seed, step, stream=stream, shape=shape, dtype=dtype)  # type: ignore[attr-defined]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniforms_are_24_bits_of_each_word(dtype: str) -> None:
    found = draws(ops.random_uniform, 3, 4, 5, (6, 7), dtype)
    words = philox(np, 3, 5, 4, 42)
    assert (found.dtype, found.shape) == (np.dtype(dtype), (6, 7))
    np.testing.assert_array_equal(found.reshape(-1) * 2**24, words >> 8)
    assert found.min() >= 0
    assert found.max() < 1


def test_a_mask_is_the_same_in_both_dtypes() -> None:
    single = draws(ops.random_uniform, 3, 4, 5, (999,), "float32")
    np.testing.assert_array_equal(single, draws(ops.random_uniform, 3, 4, 5, (999,), "float64"))


@pytest.mark.parametrize("op", [ops.random_uniform, ops.random_normal], ids=repr)
@pytest.mark.parametrize("width", [1, 3, 4])
def test_a_row_does_not_depend_on_the_batch(op: object, width: int) -> None:
    whole = draws(op, 11, 12, 1, (20, width), "float64")
    for rows in (0, 1, 2, 7, 19):
        part = draws(op, 11, 12, 1, (rows, width), "float64")
        np.testing.assert_array_equal(part, whole[:rows])


def test_the_batch_of_a_graph_gives_the_shape() -> None:
    x = input_tensor("x", (batch, 2), "float32")
    noise = ops.random_uniform(
        state_tensor("seed", (), "uint32"), state_tensor("step", (), "int64"),
        stream=2, shape=x.shape, dtype="float32",
    )  # fmt: skip
    values = {"x": np.zeros((3, 2), "float32"), "seed": np.uint32(7), "step": np.array(1)}
    (found,) = evaluate([x + noise], values)
    np.testing.assert_array_equal(found, draws(ops.random_uniform, 7, 1, 2, (3, 2), "float32"))


def moments(x: np.ndarray) -> list[float]:
    return [float(np.mean(x**k)) for k in (1, 2, 3, 4)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments(dtype: str) -> None:
    # Six standard errors of the mean: a right generator fails once in a billion runs.
    seed, step, count = int(seeded("moments", dtype).integers(2**32)), 3, 200_000
    uniform = draws(ops.random_uniform, seed, step, 0, (count,), dtype).astype("float64")
    normal = draws(ops.random_normal, seed, step, 1, (count,), dtype).astype("float64")
    for found, expected, spread in (
        (moments(uniform), [1 / (k + 1) for k in (1, 2, 3, 4)],
         [(1 / (2 * k + 1) - 1 / (k + 1) ** 2) ** 0.5 for k in (1, 2, 3, 4)]),
        (moments(normal), [0, 1, 0, 3], [1, 2**0.5, 15**0.5, 96**0.5]),
    ):  # fmt: skip
        for value, mean, deviation in zip(found, expected, spread, strict=True):
            assert abs(value - mean) < 6 * deviation / count**0.5
    assert np.isfinite(normal).all()
    share = np.mean(np.abs(normal) < 1)
    assert abs(share - 0.6826894921) < 6 * (0.683 * 0.317 / count) ** 0.5


def test_neighbours_are_not_related() -> None:
    seed, count = int(seeded("neighbours").integers(2**31)), 100_000
    first = draws(ops.random_normal, seed, 1, 0, (count,), "float64")
    others = {
        "stream": draws(ops.random_normal, seed, 1, 1, (count,), "float64"),
        "step": draws(ops.random_normal, seed, 2, 0, (count,), "float64"),
        "seed": draws(ops.random_normal, seed + 1, 1, 0, (count,), "float64"),
        "next": np.roll(first, 1),
    }
    for what, other in others.items():
        assert abs(np.mean(first * other)) < 6 / count**0.5, what
        assert not (first == other).any(), what


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_extreme_words_give_finite_normals(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.array([0xFFFFFFFF, 0, 0, 0xFFFFFFFF], "uint32")
    monkeypatch.setattr(random, "philox", lambda *_: words)
    largest, _, zero, _ = draws(ops.random_normal, 0, 0, 0, (4,), dtype)
    assert largest == pytest.approx((2 * 24 * np.log(2)) ** 0.5, rel=1e-6)
    assert zero == 0


# ----- JAX ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_words_and_uniforms_are_bit_for_bit_those_of_jax(dtype: str) -> None:
    seed, step = (int(v) for v in seeded("jax", dtype).integers(2**32, size=2))
    with jax.enable_x64(True):

        def run(seed: object, step: object) -> object:
            return ops.random_uniform.forward(
                jax.numpy, seed, step, stream=9, shape=(33, 5), dtype=dtype
            )

        words = jax.jit(lambda s, t: philox(jax.numpy, s, 9, t, 165))(
            np.uint32(seed), np.int64(step)
        )
        uniforms = np.asarray(jax.jit(run)(np.uint32(seed), np.int64(step)))
    np.testing.assert_array_equal(np.asarray(words), philox(np, seed, 9, step, 165))
    assert uniforms.dtype == dtype
    np.testing.assert_array_equal(
        uniforms, draws(ops.random_uniform, seed, step, 9, (33, 5), dtype)
    )
