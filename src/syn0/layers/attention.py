"""Layers in which each position of a sequence looks at the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from syn0 import ops
from syn0.errors import ShapeError
from syn0.graph import Shape, Tensor, constant, format_shape
from syn0.initializers import GlorotUniform, Zeros
from syn0.layers.layer import Declaration, Layer, LayerValues, known_sizes
from syn0.layers.regularization import drop
from syn0.names import require

_NEVER = -1e9  # a score whose softmax is exactly 0, and finite where -inf would give NaN


@dataclass(frozen=True)
class Attention(Layer):
    r"""Averages values by how well their keys fit a query (Vaswani et al., 2017).

    .. math:: \mathrm{softmax}(q k^T / \sqrt{d}) \, v

    Inputs: (query, value) or (query, value, key) as in Keras; one input is all three.

    Parameters
    ----------
    scaled : bool
        Whether scores are divided by the root of the number d of features.
    causal : bool
        Whether a position sees only itself and those before it.
    dropout : float
        The share of weights that is dropped in training.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: query (n, T, F), value (n, S, G), key (n, S, F), output (n, T, G).

    Examples
    --------
    >>> import syn0
    >>> a = syn0.Input((5, 8))
    >>> syn0.Model(a, syn0.layers.Attention()(a)).build().output_shape
    (5, 8)
    """

    scaled: bool = True
    causal: bool = False
    dropout: float = 0.0
    foreign = {"use_scale": "scaled", "use_causal_mask": "causal", "is_causal": "causal"}

    def __post_init__(self) -> None:
        require(0 <= self.dropout < 1, self, "dropout", "the share dropped, from 0 to below 1")

    def hyperparameters(self) -> Mapping[str, float]:
        """Return the rate of dropout, if there is one."""
        return {"rate": self.dropout} if self.dropout else {}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the averages (n, T, G)."""
        query, value, key = _query_value_key(self, x)
        rate = p["rate"] if self.dropout and training else None
        return _attend(p, query, key, value, self.scaled, self.causal, rate)


@dataclass(frozen=True)
class MultiHeadAttention(Layer):
    r"""Several attentions side by side, each in a projection of its own (Vaswani et al., 2017).

    .. math:: [\mathrm{head}_1, \ldots, \mathrm{head}_h] \, W_o \quad\text{with}\quad
              \mathrm{head}_i = \mathrm{Attention}(q W_q^i, v W_v^i, k W_k^i)

    Inputs: (query, value) or (query, value, key) as in Keras; one input is all three.

    Parameters
    ----------
    num_heads : int
        How many attentions.
    key_dim : int
        Features of each query and key.
    value_dim : int, optional
        Features of each value; `key_dim` by default.
    causal : bool
        Whether a position sees only itself and those before it.
    dropout : float
        The share of weights that is dropped in training.
    use_bias : bool
        Whether the projections have biases.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: query (n, T, F), value (n, S, G), key (n, S, E), output (n, T, F).

    Examples
    --------
    >>> import syn0
    >>> a = syn0.Input((5, 8))
    >>> net = syn0.Model(a, syn0.layers.MultiHeadAttention(2, 4, name="look")(a)).build()
    >>> net.output_shape, net.parameters["W_query_look"].shape
    ((5, 8), (8, 8))
    """

    num_heads: int
    key_dim: int
    value_dim: int | None = None
    causal: bool = False
    dropout: float = 0.0
    use_bias: bool = True
    foreign = {
        "embed_dim": "key_dim, the features of one head",
        "use_causal_mask": "causal",
        "bias": "use_bias",
    }

    def __post_init__(self) -> None:
        for name in ("num_heads", "key_dim", "value_dim"):
            value = getattr(self, name)
            whole = isinstance(value, int) and value > 0
            optional = name == "value_dim" and value is None
            require(whole or optional, self, name, "a whole number above 0")
        require(0 <= self.dropout < 1, self, "dropout", "the share dropped, from 0 to below 1")

    def hyperparameters(self) -> Mapping[str, float]:
        """Return the rate of dropout, if there is one."""
        return {"rate": self.dropout} if self.dropout else {}

    def parameters(self, shape: Any) -> Declaration:
        """Return W and b of query, key, value and output."""
        shapes = shape if shape and isinstance(shape[0], tuple) else (shape,)
        features = [known_sizes(self, s, last=1)[0] for s in shapes]
        query, value, key = features[0], features[min(1, len(features) - 1)], features[-1]
        keys = self.num_heads * self.key_dim
        values = self.num_heads * (self.value_dim or self.key_dim)
        sizes: dict[str, Shape] = {
            "query": (query, keys),
            "key": (key, keys),
            "value": (value, values),
            "out": (values, query),
        }
        weights = {f"W_{part}": (size, GlorotUniform()) for part, size in sizes.items()}
        biases = {f"b_{part}": (size[1:], Zeros()) for part, size in sizes.items()}
        return {**weights, **biases} if self.use_bias else weights

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the joined heads (n, T, F)."""
        query, value, key = _query_value_key(self, x)
        rate = p["rate"] if self.dropout and training else None
        q = self._heads(self._project(p, query, "query"))  # (B, heads, T, key_dim)
        k = self._heads(self._project(p, key, "key"))  # (B, heads, S, key_dim)
        v = self._heads(self._project(p, value, "value"))  # (B, heads, S, value_dim)
        heads = _attend(p, q, k, v, True, self.causal, rate)  # (B, heads, T, value_dim)
        joined = ops.permute_dims(heads, (0, 2, 1, 3))
        width = self.num_heads * (self.value_dim or self.key_dim)
        joined = ops.reshape(joined, (*query.shape[:2], width))  # (B, T, heads * value_dim)
        return self._project(p, joined, "out")

    def _project(self, p: LayerValues, x: Tensor, part: str) -> Tensor:
        y = x @ p[f"W_{part}"]
        return y + p[f"b_{part}"] if self.use_bias else y

    def _heads(self, x: Tensor) -> Tensor:
        width = x.shape[2]
        assert isinstance(width, int)
        split = ops.reshape(x, (*x.shape[:2], self.num_heads, width // self.num_heads))
        return ops.permute_dims(split, (0, 2, 1, 3))


def _query_value_key(layer: Layer, x: Any) -> tuple[Tensor, Tensor, Tensor]:
    inputs: tuple[Tensor, ...] = x if isinstance(x, tuple) else (x,)
    if len(inputs) > 3:
        raise ShapeError(
            f"{type(layer).__name__} got {len(inputs)} inputs.",
            expected="query, value and key",
        )
    for tensor in inputs:
        if tensor.ndim != 3:
            raise ShapeError(
                f"{type(layer).__name__} got an input of shape "
                f"{format_shape(tensor.shape[1:])} a sample.",
                expected="a sequence (time, features)",
            )
    query, value = inputs[0], inputs[min(1, len(inputs) - 1)]
    return query, value, inputs[2] if len(inputs) == 3 else value


def _attend(
    p: LayerValues,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scaled: bool,
    causal: bool,
    rate: Tensor | None,
) -> Tensor:
    """Return the values (..., S, G) averaged for each query (..., T, F)."""
    scores = query @ ops.matrix_transpose(key)  # (..., T, S)
    features = query.shape[-1]
    if scaled:
        assert isinstance(features, int)
        scores = scores / features**0.5
    if causal:
        scores = ops.where(_not_later(scores.shape[-2:]), scores, _NEVER)
    weights = ops.softmax(scores)
    if rate is not None:
        weights = drop(p, weights, rate)
    return weights @ value


def _not_later(shape: Shape) -> Any:
    rows, columns = shape
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise ShapeError(
            "causal attention needs to know how long the sequences are.",
            mend="give the length in the shape: Input((length, features))",
        )
    # Compared in the graph: as a constant the mask would have rows * columns elements.
    return constant(np.arange(rows)[:, None]) >= constant(np.arange(columns))
