"""The layer that lets images grow, with kernels that are learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.graph import Shape, Tensor
from syn0.initializers import AnyInitializer
from syn0.layers.fans import in_and_out_swapped
from syn0.layers.images import Size, check_counts, check_sizes, image, image_shape
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


@dataclass(frozen=True)
class Conv2DTranspose(Layer):
    """Lays each pixel out as a weighted kernel and adds up where they overlap.

    It computes what a `Conv2D` of the same options computes on the way back; with strides 2 the
    image doubles.

    Parameters
    ----------
    filters : int
        The channels of the output.
    kernel_size : int or (int, int)
        The size of what a pixel becomes.
    strides : int or (int, int)
        How far apart the pixels are laid out.
    padding : "valid" or "same"
        Whether all is kept, or the middle of ``size * strides`` pixels.
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
    Shapes: x (n, H, W, C), W (R, S, filters, C), b (filters,), output (n, H', W', filters).

    References
    ----------
    Zeiler, Krishnan, Taylor and Fergus (2010), Deconvolutional networks.

    Examples
    --------
    >>> import syn0
    >>> net = syn0.Sequential(syn0.Conv2DTranspose(3, 4, strides=2, padding="same"))
    >>> net.build((8, 8, 16)).output_shape
    (16, 16, 3)
    """

    filters: int
    kernel_size: Size
    strides: Size = 1
    padding: str = "valid"
    activation: AnyActivation = None
    use_bias: bool = True
    initializer: str | float | AnyInitializer = "auto"
    kernel_penalty: str | Penalty | None = None
    foreign = {
        "bias": "use_bias",
        "in_channels": "nothing: sizes of inputs are inferred",
        "out_channels": "filters",
        "output_padding": "nothing: the output has size * strides pixels, or all that is laid out",
        "stride": "strides",
    }

    def __post_init__(self) -> None:
        check_counts(self, "filters")
        check_sizes(self, "kernel_size", "strides")
        require(self.padding in ("valid", "same"), self, "padding", "'valid' or 'same'")
        check_options(self)

    def parameters(self, shape: Shape) -> Declaration:
        """Return W (R, S, filters, C) and b (filters,)."""
        channels = image_shape(self, shape)[2]
        kernel = (*pair("kernel_size", self.kernel_size), self.filters, channels)
        return declaration(self, kernel, self.filters, in_and_out_swapped(kernel_initializer(self)))

    def penalties(self, p: LayerValues) -> list[Tensor]:
        """Return the penalty of W."""
        return kernel_penalties(self, p)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the output (n, H', W', filters)."""
        z = ops.conv2d_transpose(image(self, x), p["W"], self.strides, self.padding)
        return activated(self, p, z)
