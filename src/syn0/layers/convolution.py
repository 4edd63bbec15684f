"""Layers that weigh windows of images and sequences: one kernel for all places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.graph import Shape, Tensor
from syn0.initializers import AnyInitializer
from syn0.layers.fans import in_groups
from syn0.layers.images import (
    Padding,
    Size,
    check_counts,
    check_fit,
    check_padding,
    check_sizes,
    image,
    image_shape,
    sequence,
    sequence_shape,
)
from syn0.layers.layer import Declaration, Layer, LayerValues
from syn0.layers.weighted import (
    AnyActivation,
    activated,
    check_options,
    declaration,
    kernel_initializer,
    kernel_penalties,
)
from syn0.names import require
from syn0.ops.windows import pair
from syn0.penalties import Penalty

_FOREIGN = {
    "bias": "use_bias",
    "dilation_rate": "dilation",
    "in_channels": "nothing: sizes of inputs are inferred",
    "out_channels": "filters",
    "stride": "strides",
    "data_format": "nothing: channels are on the last axis",
    "depthwise_initializer": "initializer",
    "depthwise_regularizer": "kernel_penalty",
}


@dataclass(frozen=True)
class Conv2D(Layer):
    r"""Weighted sums of the window around each pixel, one kernel for all places.

    .. math:: y_{h, w, o} = f\Bigl(\sum_{r, s, c} W_{r, s, c, o} \,
       x_{h \cdot stride + r \cdot dilation, \; w \cdot stride + s \cdot dilation, \; c} + b_o\Bigr)

    Parameters
    ----------
    filters : int
        How many kernels, which are the channels of the output.
    kernel_size : int or (int, int)
        The size of the window.
    strides : int or (int, int)
        How far apart windows begin; 2 halves the image.
    padding : "valid", "same", int, (int, int) or ((int, int), (int, int))
        Zeros around the image: none; as many as keep its size at strides 1; so many rows and
        columns on all sides, at height and width, or ((top, bottom), (left, right)).
    dilation : int or (int, int)
        How far apart the pixels of one window lie.
    groups : int
        How many equal shares of the channels have kernels of their own.
    activation : str, callable or Activation, optional
        What is made of the sums; nothing by default.
    use_bias : bool
        Whether to add `b`.
    initializer : str, number, array or callable
        What `W` starts from; ``"auto"`` fits the activation. `b` starts from zeros.
    kernel_penalty : str or callable, optional
        A penalty on `W`.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), W (R, S, C / groups, filters), b (filters,), output
    (n, H', W', filters). The kernel is not turned around: what is called convolution here, as
    everywhere in the field, is a cross-correlation.

    References
    ----------
    LeCun et al. (1989), Backpropagation applied to handwritten zip code recognition.

    Examples
    --------
    >>> import syn0
    >>> net = syn0.Sequential(syn0.Conv2D(8, 3, padding="same", name="edges")).build((28, 28, 1))
    >>> net.output_shape, net.parameters["W_edges"].shape
    ((28, 28, 8), (3, 3, 1, 8))
    """

    filters: int
    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    dilation: Size = 1
    groups: int = 1
    activation: AnyActivation = None
    use_bias: bool = True
    initializer: str | float | AnyInitializer = "auto"
    kernel_penalty: str | Penalty | None = None
    foreign = _FOREIGN

    def __post_init__(self) -> None:
        check_counts(self, "filters", "groups")
        check_sizes(self, "kernel_size", "strides", "dilation")
        check_padding(self, self.padding)
        shared = self.filters % self.groups == 0
        require(shared, self, "groups", "a number that divides the filters")
        check_options(self)

    def parameters(self, shape: Shape) -> Declaration:
        """Return W (R, S, C / groups, filters) and b (filters,)."""
        channels = image_shape(self, shape)[2]
        require(channels % self.groups == 0, self, "groups", f"a divisor of {channels} channels")
        kernel = (*pair("kernel_size", self.kernel_size), channels // self.groups, self.filters)
        initializer = in_groups(kernel_initializer(self), self.groups)
        return declaration(self, kernel, self.filters, initializer)

    def penalties(self, p: LayerValues) -> list[Tensor]:
        """Return the penalty of W."""
        return kernel_penalties(self, p)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the output (n, H', W', filters)."""
        x = image(self, x)
        window, dilation = pair("kernel_size", self.kernel_size), pair("dilation", self.dilation)
        check_fit(self, x.shape[1:3], window, self.padding, dilation)
        z = ops.conv2d(x, p["W"], self.strides, self.padding, self.dilation, self.groups)
        return activated(self, p, z)


@dataclass(frozen=True)
class DepthwiseConv2D(Layer):
    """A convolution of each channel by itself, with kernels of its own.

    A convolution with kernels of 1 x 1 after it mixes the channels: together they are a
    separable convolution, a small part of the work of a full one.

    Parameters
    ----------
    kernel_size, strides, padding, dilation
        As in `Conv2D`.
    depth_multiplier : int
        How many kernels each channel has.
    activation, use_bias, initializer, kernel_penalty
        As in `Conv2D`.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, H, W, C), W (R, S, 1, C * depth_multiplier), output
    (n, H', W', C * depth_multiplier), the kernels of a channel side by side.

    References
    ----------
    Sifre (2014), Rigid-motion scattering for image classification; Chollet (2017), Xception.

    Examples
    --------
    >>> import syn0
    >>> net = syn0.Sequential(syn0.DepthwiseConv2D(3, strides=2, padding="same"))
    >>> net.build((8, 8, 16)).output_shape
    (4, 4, 16)
    """

    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    depth_multiplier: int = 1
    dilation: Size = 1
    activation: AnyActivation = None
    use_bias: bool = True
    initializer: str | float | AnyInitializer = "auto"
    kernel_penalty: str | Penalty | None = None
    foreign = _FOREIGN

    def __post_init__(self) -> None:
        check_counts(self, "depth_multiplier")
        check_sizes(self, "kernel_size", "strides", "dilation")
        check_padding(self, self.padding)
        check_options(self)

    def parameters(self, shape: Shape) -> Declaration:
        """Return W (R, S, 1, C * depth_multiplier) and b."""
        channels = image_shape(self, shape)[2]
        filters = channels * self.depth_multiplier
        kernel = (*pair("kernel_size", self.kernel_size), 1, filters)
        initializer = in_groups(kernel_initializer(self), channels)
        return declaration(self, kernel, filters, initializer)

    def penalties(self, p: LayerValues) -> list[Tensor]:
        """Return the penalty of W."""
        return kernel_penalties(self, p)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the output (n, H', W', C * depth_multiplier)."""
        x = image(self, x)
        window, dilation = pair("kernel_size", self.kernel_size), pair("dilation", self.dilation)
        check_fit(self, x.shape[1:3], window, self.padding, dilation)
        groups = x.shape[3]
        return activated(
            self, p, ops.conv2d(x, p["W"], self.strides, self.padding, self.dilation, groups)
        )


@dataclass(frozen=True)
class Conv1D(Layer):
    """Weighted sums of the window around each step of a sequence, one kernel for all places.

    Parameters
    ----------
    filters : int
        How many kernels, which are the channels of the output.
    kernel_size, strides, dilation, groups : int
        As in `Conv2D`.
    padding : "valid", "same", int or (before, after)
        Zeros at the ends of a sequence.
    activation, use_bias, initializer, kernel_penalty
        As in `Conv2D`.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, L, C), W (R, C / groups, filters), b (filters,), output (n, L', filters).

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.Conv1D(4, 5, strides=2)).build((100, 3)).output_shape
    (48, 4)
    """

    filters: int
    kernel_size: int
    strides: int = 1
    padding: str | int | Sequence[int] = "valid"
    dilation: int = 1
    groups: int = 1
    activation: AnyActivation = None
    use_bias: bool = True
    initializer: str | float | AnyInitializer = "auto"
    kernel_penalty: str | Penalty | None = None
    foreign = _FOREIGN

    def __post_init__(self) -> None:
        check_counts(self, "filters", "kernel_size", "strides", "dilation", "groups")
        check_padding(self, self.padding)
        shared = self.filters % self.groups == 0
        require(shared, self, "groups", "a number that divides the filters")
        check_options(self)

    def parameters(self, shape: Shape) -> Declaration:
        """Return W (R, C / groups, filters) and b (filters,)."""
        channels = sequence_shape(self, shape)[1]
        require(channels % self.groups == 0, self, "groups", f"a divisor of {channels} channels")
        kernel = (self.kernel_size, channels // self.groups, self.filters)
        initializer = in_groups(kernel_initializer(self), self.groups)
        return declaration(self, kernel, self.filters, initializer)

    def penalties(self, p: LayerValues) -> list[Tensor]:
        """Return the penalty of W."""
        return kernel_penalties(self, p)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the output (n, L', filters)."""
        x = sequence(self, x)
        row = self.padding if isinstance(self.padding, str) else (0, self.padding)
        check_fit(self, (1, x.shape[1]), (1, self.kernel_size), row, (1, self.dilation))
        z = ops.conv1d(x, p["W"], self.strides, self.padding, self.dilation, self.groups)
        return activated(self, p, z)
