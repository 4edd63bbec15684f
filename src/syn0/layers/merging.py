"""Layers that make one of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.errors import ShapeError
from syn0.graph import Tensor, format_shape
from syn0.layers.layer import Layer, LayerValues, several_inputs
from syn0.names import require


@dataclass(frozen=True)
class Add(Layer):
    """The sum of its inputs, which have one shape.

    Parameters
    ----------
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> import syn0
    >>> a, b = syn0.Input((2,), name="a"), syn0.Input((2,), name="b")
    >>> syn0.Model([a, b], syn0.Add()(a, b)).build().output_shape
    (2,)
    """

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the sum of the inputs."""
        total, *others = several_inputs(self, x)
        for other in others:
            if other.shape != total.shape:
                raise ShapeError(
                    f"Add got inputs of the shapes {format_shape(total.shape[1:])} and "
                    f"{format_shape(other.shape[1:])} a sample.",
                    expected="one shape",
                    mend="bring them to one width with a Dense layer, or use syn0.Concatenate()",
                )
            total = total + other
        return total


@dataclass(frozen=True)
class Concatenate(Layer):
    """Its inputs side by side.

    Parameters
    ----------
    axis : int
        The axis along which they are joined, the batch being axis 0; the features by default.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> import syn0
    >>> a, b = syn0.Input((2,), name="a"), syn0.Input((3,), name="b")
    >>> syn0.Model([a, b], syn0.Concatenate()(a, b)).build().output_shape
    (5,)
    """

    axis: int = -1
    foreign = {"dim": "axis"}

    def __post_init__(self) -> None:
        require(self.axis != 0, self, "axis", "an axis within a sample: 1, 2, ... or -1")

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the inputs side by side."""
        inputs = several_inputs(self, x)
        if not -inputs[0].ndim < self.axis < inputs[0].ndim:
            raise ShapeError(
                f"Concatenate(axis={self.axis}) got an input of shape "
                f"{format_shape(inputs[0].shape)}.",
                expected=f"an axis from 1 to {inputs[0].ndim - 1}",
            )
        return ops.concat(inputs, axis=self.axis)
