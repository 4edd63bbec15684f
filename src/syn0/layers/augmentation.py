"""Layers that show a network other versions of its training images: cut, flipped, covered.

All act in training only, on each image by a draw of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from syn0 import ops
from syn0.errors import ShapeError
from syn0.graph import Tensor, constant
from syn0.layers.images import check_counts, image
from syn0.layers.layer import Layer, LayerValues
from syn0.layers.moving_images import cut, flipped, shifted, sizes_of
from syn0.layers.normalization import as_float
from syn0.names import require

ELSEWHERE = {"seed": "random_state, an argument of the network", "data_format": "nothing: NHWC"}


@dataclass(frozen=True)
class RandomFlip(Layer):
    """Mirrors each image or not, by a draw for each direction.

    Parameters
    ----------
    mode : {"horizontal_and_vertical", "horizontal", "vertical"}
        Left and right, up and down, or both; of letters and digits most are no letters any
        more.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output the same. Prediction leaves all as they are.

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.layers.RandomFlip("horizontal")).build((4, 6, 3)).output_shape
    (4, 6, 3)
    """

    mode: str = "horizontal_and_vertical"
    foreign = ELSEWHERE

    def __post_init__(self) -> None:
        known = ("horizontal_and_vertical", "horizontal", "vertical")
        require(self.mode in known, self, "mode", ", ".join(map(repr, known)))

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the images, in training some of them mirrored."""
        x = image(self, x)
        if not training:
            return x
        for axis, direction in ((2, "horizontal"), (1, "vertical")):
            if direction in self.mode:
                mirrored = (p.random_uniform((x.shape[0], 1, 1, 1)) < 0.5).named("mirrored")
                x = ops.where(mirrored, flipped(x, axis), x)
        return x


@dataclass(frozen=True)
class RandomCrop(Layer):
    """Takes a part of each image, from a place drawn for it; in prediction the middle.

    Parameters
    ----------
    height, width : int
        The size of the part.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output (n, height, width, C). After ``ZeroPadding2D(2)`` a crop of
    the old size moves images by up to two pixels. Keras draws one place for a whole batch,
    and scales in prediction; here prediction sees what training saw, from the middle. An odd
    pixel is left out below and to the right.

    Examples
    --------
    >>> import syn0
    >>> moving = syn0.ZeroPadding2D(2), syn0.layers.RandomCrop(28, 28)
    >>> syn0.Sequential(*moving).build((28, 28, 1)).output_shape
    (28, 28, 1)
    """

    height: int
    width: int
    foreign = {**ELSEWHERE, "size": "height and width"}

    def __post_init__(self) -> None:
        check_counts(self, "height", "width")

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return a part of each image."""
        x = image(self, x)
        have = sizes_of(x)
        if have[0] < self.height or have[1] < self.width:
            raise ShapeError(
                f"RandomCrop got images of {have[0]} x {have[1]} pixels.",
                expected=f"at least {self.height} x {self.width}, the size of the part",
                mend="syn0.ZeroPadding2D before it, or a smaller part",
            )
        for axis, size in ((1, self.height), (2, self.width)):
            spare = sizes_of(x)[axis - 1] - size
            if not training:
                x = cut(x, axis, spare // 2, spare // 2 + size) if spare else x
            elif spare:
                drawn = p.random_uniform((x.shape[0], 1, 1, 1))
                x, _ = shifted(x, (drawn * (spare + 1)).named("shift"), axis, spare)
        return x


@dataclass(frozen=True)
class Cutout(Layer):
    """Covers a square of each image in training (DeVries and Taylor, 2017).

    Parameters
    ----------
    size : int
        Its height and width. Its middle is any pixel of the image with the same
        probability, so that a part of it may lie outside.
    fill_value : float
        What it is filled with; it may be changed between steps.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output the same. Where images are normalized before, 0 is the mean.

    Examples
    --------
    >>> Cutout(8).hyperparameters()
    {'fill_value': 0.0}
    """

    size: int
    fill_value: float = 0.0
    foreign = {**ELSEWHERE, "length": "size", "n_holes": "one layer for each square"}

    def __post_init__(self) -> None:
        check_counts(self, "size")

    def hyperparameters(self) -> Mapping[str, float]:
        """Return what squares are filled with."""
        return {"fill_value": self.fill_value}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the images, in training with a square covered."""
        x = image(self, x)
        if not training:
            return x
        x = as_float(x, p["fill_value"])
        rows, columns = (self._covered(p, x, axis) for axis in (1, 2))
        covered = ops.logical_and(rows, columns).named("covered")
        return ops.where(covered, p["fill_value"], x)

    def _covered(self, p: LayerValues, x: Tensor, axis: int) -> Tensor:
        """Return which rows or columns a square drawn for each image reaches."""
        length = sizes_of(x)[axis - 1]
        drawn = p.random_uniform((x.shape[0], 1, 1, 1)) * length  # in the middle's pixel
        shape = [1, 1, 1, 1]
        shape[axis] = length
        # Row r is covered where the middle is one of `size` rows, of which this is the first.
        first = np.arange(length, dtype=x.dtype).reshape(shape) + (self.size - 1) // 2 + 1
        begin = constant((first - self.size).astype(x.dtype))
        return ops.logical_and(drawn >= begin, drawn < begin + self.size)
