"""Layers that keep one number of each window: the largest, or the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.graph import Tensor
from syn0.layers.images import (
    Padding,
    Size,
    check_counts,
    check_fit,
    check_padding,
    check_sizes,
    image,
    sequence,
)
from syn0.layers.layer import Layer, LayerValues
from syn0.ops.windows import pair

_FOREIGN = {
    "kernel_size": "pool_size",
    "stride": "strides",
    "data_format": "nothing: channels are on the last axis",
}


@dataclass(frozen=True)
class MaxPool2D(Layer):
    """The largest value of each window of an image, in each channel.

    Parameters
    ----------
    pool_size : int or (int, int)
        The size of the window, at most 255 pixels.
    strides : int or (int, int), optional
        How far apart windows begin; the size of the window by default.
    padding : "valid", "same", int, (int, int) or ((int, int), (int, int))
        A border, smaller than the window, that never is the largest; see `Conv2D`.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output (n, H', W', C). Among equals the first by rows is the largest:
    the slope goes to it alone. NaN is larger than any number.

    References
    ----------
    Yamaguchi, Sakamoto, Akabane and Fujimoto (1990), A neural network for speaker-independent
    isolated word recognition.

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.MaxPool2D()).build((28, 28, 3)).output_shape
    (14, 14, 3)
    """

    pool_size: Size = 2
    strides: Size | None = None
    padding: Padding = "valid"
    foreign = _FOREIGN

    def __post_init__(self) -> None:
        _check_options(self, self.strides)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the largest of each window (n, H', W', C)."""
        return ops.max_pool2d(*_windows(self, x))


@dataclass(frozen=True)
class AveragePool2D(Layer):
    """The mean of each window of an image, in each channel.

    Parameters
    ----------
    pool_size : int or (int, int)
        The size of the window.
    strides : int or (int, int), optional
        How far apart windows begin; the size of the window by default.
    padding : "valid", "same", int, (int, int) or ((int, int), (int, int))
        A border, smaller than the window, that does not count in the mean; see `Conv2D`.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), output (n, H', W', C).

    References
    ----------
    LeCun et al. (1998), Gradient-based learning applied to document recognition.

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.AveragePool2D(3, strides=2)).build((9, 9, 3)).output_shape
    (4, 4, 3)
    """

    pool_size: Size = 2
    strides: Size | None = None
    padding: Padding = "valid"
    foreign = {**_FOREIGN, "count_include_pad": "nothing: padding does not count"}

    def __post_init__(self) -> None:
        _check_options(self, self.strides)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the mean of each window (n, H', W', C)."""
        return ops.average_pool2d(*_windows(self, x))


def _check_options(layer: MaxPool2D | AveragePool2D, strides: Size | None) -> None:
    check_sizes(layer, "pool_size", *([] if strides is None else ["strides"]))
    check_padding(layer, layer.padding)


def _windows(layer: MaxPool2D | AveragePool2D, x: Any) -> tuple[Any, ...]:
    x = image(layer, x)
    check_fit(layer, x.shape[1:3], pair("pool_size", layer.pool_size), layer.padding)
    return x, layer.pool_size, layer.strides, layer.padding


@dataclass(frozen=True)
class MaxPool1D(Layer):
    """The largest value of each window of a sequence, in each channel.

    Parameters
    ----------
    pool_size : int
        The size of the window, at most 255 steps.
    strides : int, optional
        How far apart windows begin; the size of the window by default.
    padding : "valid", "same", int or (before, after)
        Ends, smaller than the window, that never are the largest.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, L, C), output (n, L', C).

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.MaxPool1D(4)).build((100, 3)).output_shape
    (25, 3)
    """

    pool_size: int = 2
    strides: int | None = None
    padding: str | int | Sequence[int] = "valid"
    foreign = _FOREIGN

    def __post_init__(self) -> None:
        check_counts(self, "pool_size", *([] if self.strides is None else ["strides"]))
        check_padding(self, self.padding)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the largest of each window (n, L', C)."""
        x = sequence(self, x)
        row = self.padding if isinstance(self.padding, str) else (0, self.padding)
        check_fit(self, (1, x.shape[1]), (1, self.pool_size), row)
        strides = (1, self.pool_size if self.strides is None else self.strides)
        rows = ops.max_pool2d(ops.expand_dims(x, 1), (1, self.pool_size), strides, row)
        return ops.squeeze(rows, 1)


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
        return ops.mean(image(self, x), axis=(1, 2))
