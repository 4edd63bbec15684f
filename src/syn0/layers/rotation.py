"""A layer that turns training images a little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from syn0 import ops
from syn0.graph import Tensor, constant
from syn0.layers.augmentation import ELSEWHERE
from syn0.layers.images import image
from syn0.layers.layer import Layer, LayerValues
from syn0.layers.moving_images import bordered, flipped, sizes_of, slid
from syn0.layers.normalization import as_float
from syn0.names import require

FILL_MODES = ("reflect", "nearest", "constant")


@dataclass(frozen=True)
class RandomRotation(Layer):
    r"""Turns each image around its middle, in training, by an angle drawn for it.

    A rotation is three shears (Paeth, 1986), each of which moves a row or column as a whole:

    .. math:: R(\theta) = S_x(-t) \, S_y(\sin\theta) \, S_x(-t), \quad t = \tan(\theta / 2)

    Parameters
    ----------
    factor : float or (float, float)
        The largest angle as a share of a full turn, at most 0.5; 0.05 is up to 18 degrees
        either way. Two numbers are the smallest and the largest; above 0 is counter-clockwise.
    fill_mode : {"reflect", "nearest", "constant"}
        What comes in at the corners: the image mirrored, the nearest pixel, or one value.
    fill_value : float
        The value for ``"constant"``.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output the same. Between pixels each shear blends two neighbours,
    which is a little softer than one bilinear look-up; an image that is not turned keeps its
    bits. The work is some twenty passes over the image with the border that comes into sight:
    cheap for a tenth of a turn, some ten times as much for a quarter.

    Examples
    --------
    >>> import syn0
    >>> turning = syn0.layers.RandomRotation(0.05, fill_mode="constant")
    >>> syn0.Sequential(turning).build((28, 28, 1)).output_shape
    (28, 28, 1)
    """

    factor: float | Sequence[float]
    fill_mode: str = "reflect"
    fill_value: float = 0.0
    foreign = {
        **ELSEWHERE,
        "degrees": "factor, a share of a full turn: degrees / 360",
        "interpolation": "nothing: neighbours are blended",
    }

    def __post_init__(self) -> None:
        given = self.factor
        pair = (-given, given) if isinstance(given, (int, float)) else tuple(given)
        good = len(pair) == 2 and all(isinstance(share, (int, float)) for share in pair)
        good = good and -0.5 <= pair[0] <= pair[1] <= 0.5
        require(good, self, "factor", "a share of a turn from 0 to 0.5, or two from -0.5 to 0.5")
        require(self.fill_mode in FILL_MODES, self, "fill_mode", ", ".join(map(repr, FILL_MODES)))
        if not isinstance(given, (int, float)):
            object.__setattr__(self, "factor", pair)

    @property
    def angles(self) -> tuple[float, float]:
        """The smallest and largest angle in radians."""
        given = self.factor
        low, high = (-given, given) if isinstance(given, (int, float)) else given
        return 2 * math.pi * low, 2 * math.pi * high

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the images, in training turned."""
        x = image(self, x)
        if not training:
            return x
        low, high = self.angles
        largest = max(abs(low), abs(high))
        angle = (p.random_uniform((x.shape[0], 1, 1, 1)) * (high - low) + low).named("angle")
        x = as_float(x, angle)
        if largest > math.pi / 2:  # beyond a quarter: half a turn first, then back
            over = ops.abs(angle) > math.pi / 2
            x = ops.where(over, flipped(flipped(x, 1), 2), x)
            angle = ops.where(over, angle - math.pi * ops.sign(angle), angle)
        return self._turned(x, angle, min(largest, math.pi / 2))

    def _turned(self, x: Tensor, angle: Tensor, largest: float) -> Tensor:
        """Return images turned by angles up to a quarter."""
        height, width, _ = sizes_of(x)
        tangent, sine = math.tan(largest / 2), math.sin(largest)
        # How far rows and columns move at most, seen from the result back to the image.
        last = math.ceil(tangent * (height - 1) / 2)
        middle = math.ceil(sine * ((width - 1) / 2 + last + 1))
        first = math.ceil(tangent * ((height - 1) / 2 + middle + 1))
        across = (first + last, first + last + 2)
        x = bordered(x, ((middle, middle + 1), across), self.fill_mode, self.fill_value)
        slope = (-ops.sin(angle / 2) / ops.cos(angle / 2)).named("slope")
        x = _sheared(x, slope, 2, first, middle + (height - 1) / 2)
        x = _sheared(x, ops.sin(angle), 1, middle, last + (width - 1) / 2)
        return _sheared(x, slope, 2, last, (height - 1) / 2)


def _sheared(x: Tensor, slope: Tensor, axis: int, most: int, origin: float) -> Tensor:
    """Return images whose rows (axis 2) or columns move in proportion to their place."""
    other = 3 - axis
    shape = [1, 1, 1, 1]
    shape[other] = sizes_of(x)[other - 1]
    places = np.arange(shape[other], dtype=x.dtype).reshape(shape) - origin
    by = (constant(places.astype(x.dtype)) * slope + most).named("shift")
    return slid(x, by, axis, 2 * most)
