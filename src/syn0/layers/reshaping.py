"""Layers that arrange numbers anew and learn nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.graph import Tensor
from syn0.layers.layer import Layer, LayerValues, known_sizes, one_input
from syn0.names import require


@dataclass(frozen=True)
class Flatten(Layer):
    """Lays all numbers of a sample in one row.

    Parameters
    ----------
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, ...), output (n, features).

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.Flatten()).build((4, 3)).output_shape
    (12,)
    """

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the input as rows."""
        x = one_input(self, x)
        features = math.prod(known_sizes(self, x.shape[1:]))
        return ops.reshape(x, (x.shape[0], features))  # (B, F)


@dataclass(frozen=True)
class Reshape(Layer):
    """Gives each sample another shape.

    Parameters
    ----------
    target_shape : sequence of int
        The shape of a sample; one size may be -1 and is computed.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.Reshape((2, -1))).build((6,)).output_shape
    (2, 3)
    """

    target_shape: Sequence[int]
    foreign = {"shape": "target_shape"}

    def __post_init__(self) -> None:
        shape = self.target_shape
        sizes = (shape,) if isinstance(shape, int) else tuple(shape)
        whole = all(isinstance(d, int) and (d > 0 or d == -1) for d in sizes)
        wanted = "sizes above 0 without the batch, one of them perhaps -1"
        require(whole and sizes.count(-1) <= 1, self, "target_shape", wanted)
        object.__setattr__(self, "target_shape", sizes)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the input in the new shape."""
        x = one_input(self, x)
        return ops.reshape(x, (x.shape[0], *self.target_shape))
