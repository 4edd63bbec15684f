"""Layers that arrange numbers anew and learn nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.errors import ShapeError
from syn0.graph import Tensor, format_shape
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


@dataclass(frozen=True)
class ZeroPadding2D(Layer):
    """Surrounds images with zeros.

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int))
        How many rows and columns on each side: one number for all; one for the height and
        one for the width; or ((top, bottom), (left, right)).
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output (n, top + H + bottom, left + W + right, C).

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.layers.ZeroPadding2D((1, 2))).build((4, 4, 3)).output_shape
    (6, 8, 3)
    """

    padding: int | Sequence[int | Sequence[int]] = 1

    def __post_init__(self) -> None:
        given = self.padding
        pair = (given, given) if isinstance(given, int) else tuple(given)
        sides = tuple((s, s) if isinstance(s, int) else tuple(s) for s in pair)
        flat = [n for side in sides for n in side]
        good = len(sides) == 2 and all(len(side) == 2 for side in sides)
        good = good and all(isinstance(n, int) and n >= 0 for n in flat)
        wanted = "a number, (height, width) or ((top, bottom), (left, right))"
        require(good, self, "padding", wanted)
        object.__setattr__(self, "padding", sides)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the image with its border."""
        x = _image(self, x)
        assert isinstance(self.padding, tuple)
        return ops.pad(x, ((0, 0), *self.padding, (0, 0)))


@dataclass(frozen=True)
class GlobalAveragePool2D(Layer):
    """Averages each channel over the whole image (Lin et al., 2014).

    Parameters
    ----------
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output (n, C).

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.layers.GlobalAveragePool2D()).build((4, 4, 3)).output_shape
    (3,)
    """

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the averages (n, C)."""
        return ops.mean(_image(self, x), axis=(1, 2))


def _image(layer: Layer, x: Any) -> Tensor:
    x = one_input(layer, x)
    if x.ndim != 4:
        raise ShapeError(
            f"{type(layer).__name__} got an input of shape {format_shape(x.shape[1:])} a sample.",
            expected="an image (height, width, channels)",
            mend="give one channel with syn0.Reshape((height, width, 1))" if x.ndim == 3 else None,
        )
    return x
