"""A network of syn0 as a function for JAX: images with their channels last, kernels as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.parts import DATA, Part

_ACTIVATIONS = {
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "linear": lambda x: x,
    "softmax": lambda x: x,  # the loss takes the scores
}


def scores(
    parts: Sequence[Part], weights: Any, x: Any, *, training: bool = False, by_hand: bool = False
) -> tuple[Any, Any]:
    """Return what the last layer puts out, before a softmax, and new running statistics.

    Parameters
    ----------
    parts, weights
        The layers, and their weights and statistics by name.
    x : array
        The batch.
    training : bool
        Whether batches are normalized by their own statistics.
    by_hand : bool
        Whether depthwise convolutions are sums over shifted images, and pools maxima of a
        reshaped one: far faster than XLA's own on a CPU, above all backwards.
    """
    values = {DATA: x}
    statistics: dict[str, Any] = {}
    layers = {**_LAYERS, **_BY_HAND} if by_hand else _LAYERS
    for part in parts:
        own = {local: weights[name] for local, name in part.entries.items()}
        if part.kind == "BatchNormalization" and training:
            y, kept = _normalized_batch(part, own, values[part.inputs[0]])
            statistics |= {part.entries[local]: value for local, value in kept.items()}
        else:
            y = layers[part.kind](part, own, *(values[name] for name in part.inputs))
        values[part.name] = _ACTIVATIONS[part.activation](y)
    return values[parts[-1].name], statistics


# ----- layers -------------------------------------------------------------


def _dense(part: Part, own: Any, x: Any) -> Any:
    return _shifted(own, x @ own["W"])


def _shifted(own: Any, x: Any) -> Any:
    return x + own["b"] if "b" in own else x


def _convolution(part: Part, own: Any, x: Any) -> Any:
    y = lax.conv_general_dilated(
        x, own["W"], part.strides, part.border, rhs_dilation=part.dilation,
        dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=part.groups,
    )  # fmt: skip
    return _shifted(own, y)


def _normalized_batch(part: Part, own: Any, x: Any) -> tuple[Any, Any]:
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    keep = part.layer.decay
    kept = {"mean": mean, "variance": variance}
    kept = {name: keep * own[name] + (1 - keep) * value for name, value in kept.items()}
    return _affine(part, own, x, mean, variance), kept


def _batch_normalization(part: Part, own: Any, x: Any) -> Any:
    return _affine(part, own, x, own["mean"], own["variance"])


def _layer_normalization(part: Part, own: Any, x: Any) -> Any:
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return _affine(part, own, x, mean, variance)


def _affine(part: Part, own: Any, x: Any, mean: Any, variance: Any) -> Any:
    deviation = lax.rsqrt(variance + part.layer.epsilon)
    return own["gamma"] * ((x - mean) * deviation) + own["beta"]


def _max_pool(part: Part, own: Any, x: Any) -> Any:
    window, strides = (1, *part.window, 1), (1, *part.strides, 1)
    return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, ((0, 0), *part.border, (0, 0)))


_LAYERS: dict[str, Callable[..., Any]] = {
    "Dense": _dense,
    "Conv2D": _convolution,
    "DepthwiseConv2D": _convolution,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "MaxPool2D": _max_pool,
    "GlobalAveragePool2D": lambda part, own, x: x.mean(axis=(1, 2)),
    "Flatten": lambda part, own, x: x.reshape(len(x), -1),
    "Activation": lambda part, own, x: x,  # which follows
    "Add": lambda part, own, x, y: x + y,
}


# ----- the same, of what XLA is good at -----------------------------------


def _convolution_by_taps(part: Part, own: Any, x: Any) -> Any:
    if own["W"].shape[2:] != (1, x.shape[-1]) or part.dilation != (1, 1):
        return _convolution(part, own, x)
    x = jnp.pad(x, ((0, 0), *part.border, (0, 0)))
    (rows, columns), (down, right) = part.given[:2], part.strides
    total = 0
    for r, s in np.ndindex(part.window):
        seen = x[:, r : r + down * rows : down, s : s + right * columns : right]
        total = total + seen[:, :rows, :columns] * own["W"][r, s, 0]
    return _shifted(own, total)


def _max_pool_of_blocks(part: Part, own: Any, x: Any) -> Any:
    (rows, columns), (down, right) = part.given[:2], part.window
    tiled = part.strides == part.window and (rows * down, columns * right) == x.shape[1:3]
    if not tiled or part.border != ((0, 0), (0, 0)):
        return _max_pool(part, own, x)
    blocks = x.reshape(len(x), rows, down, columns, right, x.shape[-1])
    return blocks.max(axis=(2, 4))


_BY_HAND = {"DepthwiseConv2D": _convolution_by_taps, "MaxPool2D": _max_pool_of_blocks}
