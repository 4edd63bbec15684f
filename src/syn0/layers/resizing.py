"""Layers that give images another size and learn nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.graph import Tensor
from syn0.layers.images import check_counts, check_padding, image
from syn0.layers.layer import Layer, LayerValues
from syn0.names import require
from syn0.ops.windows import ONCE, sides


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
        wanted = "a number, (height, width) or ((top, bottom), (left, right))"
        require(not isinstance(self.padding, str), self, "padding", wanted)
        check_padding(self, self.padding)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the image with its border."""
        x = image(self, x)
        border = sides(self.padding, x.shape[1:3], ONCE, ONCE, ONCE)
        return ops.pad(x, ((0, 0), *border, (0, 0)))


@dataclass(frozen=True)
class Resize(Layer):
    """Draws images at another size.

    Parameters
    ----------
    height, width : int
        The new size.
    interpolation : "bilinear" or "nearest"
        Between the nearest pixels by their distance, or the nearest alone.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output (n, height, width, C). Pixels are squares whose middle is
    meant, as in Keras; nothing is blurred before an image shrinks.

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.Resize(16, 16)).build((8, 8, 3)).output_shape
    (16, 16, 3)
    """

    height: int
    width: int
    interpolation: str = "bilinear"
    foreign = {"mode": "interpolation", "size": "height= and width="}

    def __post_init__(self) -> None:
        check_counts(self, "height", "width")
        known = self.interpolation in ("bilinear", "nearest")
        require(known, self, "interpolation", "'bilinear' or 'nearest'")

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the images (n, height, width, C)."""
        return ops.resize(image(self, x), (self.height, self.width), self.interpolation)
