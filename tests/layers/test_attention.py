"""Attention against the formula in NumPy, causal masks, heads, derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special
from bench import check, first_values, run

from syn0 import graph
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.layers import Attention, MultiHeadAttention

RNG = np.random.default_rng(2)
Q, V, K = RNG.normal(size=(2, 4, 3)), RNG.normal(size=(2, 5, 6)), RNG.normal(size=(2, 5, 3))


def attend(q: Any, k: Any, v: Any, mask: Any = None, scale: float | None = None) -> Any:
    scores = q @ np.swapaxes(k, -1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return scipy.special.softmax(scores, axis=-1) @ v


def test_attention_is_the_formula() -> None:
    y, _ = run(Attention(), Q, V, K)
    np.testing.assert_allclose(y, attend(Q, K, V))
    y, _ = run(Attention(scaled=False), Q, V, K)
    np.testing.assert_allclose(y, attend(Q, K, V, scale=1.0))
    y, _ = run(Attention(), Q, K)
    np.testing.assert_allclose(y, attend(Q, K, K))
    y, _ = run(Attention(), Q)
    np.testing.assert_allclose(y, attend(Q, Q, Q))


def test_causal_attention_does_not_see_the_future() -> None:
    y, _ = run(Attention(causal=True), Q)
    np.testing.assert_allclose(y, attend(Q, Q, Q, np.tri(4, dtype=bool)))
    np.testing.assert_allclose(y[:, 0], Q[:, 0])
    later = Q.copy()
    later[:, 2:] += 100
    changed, _ = run(Attention(causal=True), later)
    np.testing.assert_array_equal(changed[:, :2], y[:, :2])


def test_lengths_known_only_with_the_data() -> None:
    x = graph.input_tensor("x", (graph.batch, graph.time, 3), "float64")
    y = Attention().forward({}, x, training=False)  # type: ignore[arg-type]
    assert y.shape == (graph.batch, graph.time, 3)
    (found,) = graph.evaluate([y], {"x": Q})
    np.testing.assert_allclose(found, attend(Q, Q, Q))
    with pytest.raises(ShapeError, match="how long the sequences are"):
        Attention(causal=True).forward({}, x, training=False)  # type: ignore[arg-type]


def test_attention_derivatives() -> None:
    check(Attention(), Q, V, K)
    check(Attention(causal=True), Q)


@pytest.mark.parametrize("layer", [Attention(dropout=0.5), MultiHeadAttention(1, 3, dropout=0.5)])
def test_dropout_of_weights_in_training_only(layer: Any) -> None:
    held = first_values(layer, (4, 3))
    shape = (2, 1, 4, 4) if isinstance(layer, MultiHeadAttention) else (2, 4, 4)
    plain, _ = run(layer, Q, values=held)
    none, _ = run(layer, Q, training=True, values=held, draws=[np.full(shape, 0.9)])
    bias = np.zeros(3)
    np.testing.assert_allclose(none - bias, 2 * (plain - bias))
    all_dropped, _ = run(layer, Q, training=True, values=held, draws=[np.zeros(shape)])
    np.testing.assert_allclose(all_dropped, 0, atol=1e-15)
    assert layer.hyperparameters() == {"rate": 0.5}


@pytest.mark.parametrize("value_dim", [None, 5])
def test_heads_are_attentions_in_projections(value_dim: int | None) -> None:
    layer = MultiHeadAttention(2, 4, value_dim)
    p = first_values(layer, ((4, 3), (5, 6), (5, 3)))
    p = {k: v + 0.1 if k.startswith("b") else v for k, v in p.items()}
    y, _ = run(layer, Q, V, K, values=p)
    parts = []
    width = value_dim or 4
    for head in range(2):
        keys, values = slice(4 * head, 4 * head + 4), slice(width * head, width * head + width)
        q = Q @ p["W_query"][:, keys] + p["b_query"][keys]
        k = K @ p["W_key"][:, keys] + p["b_key"][keys]
        v = V @ p["W_value"][:, values] + p["b_value"][values]
        parts.append(attend(q, k, v))
    wanted = np.concatenate(parts, axis=-1) @ p["W_out"] + p["b_out"]
    np.testing.assert_allclose(y, wanted)
    assert y.shape == Q.shape


def test_heads_of_one_input_and_of_two() -> None:
    layer = MultiHeadAttention(3, 2, use_bias=False)
    assert set(layer.parameters((4, 3))) == {"W_query", "W_key", "W_value", "W_out"}
    two = layer.parameters(((4, 3), (5, 6)))
    assert (two["W_key"][0], two["W_value"][0], two["W_query"][0]) == ((6, 6), (6, 6), (3, 6))
    y, _ = run(layer, Q)
    again, _ = run(layer, Q, Q, values=first_values(layer, (4, 3)))
    np.testing.assert_array_equal(y, again)


def test_heads_derivatives() -> None:
    check(MultiHeadAttention(2, 2), Q)
    check(MultiHeadAttention(2, 2, value_dim=3, causal=True), Q, K)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Attention(dropout=1.0), ArgumentError, "dropout=1.0"),
        (lambda: Attention(use_scale=True), UnknownNameError, "write scaled="),
        (lambda: MultiHeadAttention(0, 4), ArgumentError, "num_heads=0"),
        (lambda: MultiHeadAttention(2, 4, 0), ArgumentError, "value_dim=0"),
        (lambda: MultiHeadAttention(2, embed_dim=4), UnknownNameError, "write key_dim"),
        (lambda: run(Attention(), Q[0]), ShapeError, "time, features"),
        (lambda: run(Attention(), Q, Q, Q, Q), ShapeError, "4 inputs"),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
