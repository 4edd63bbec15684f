"""Layers that disturb training so that a network relies on no single number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.graph import Tensor
from syn0.layers.layer import Layer, LayerValues, one_input
from syn0.names import require


@dataclass(frozen=True)
class Dropout(Layer):
    r"""Sets a share of its inputs to 0 in training (Srivastava et al., 2014).

    The others are divided by :math:`1 - rate`, so that the average stays. Prediction leaves
    all as they are.

    Parameters
    ----------
    rate : float
        The share that is dropped; it may be changed between steps.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> Dropout(0.2).hyperparameters()
    {'rate': 0.2}
    """

    rate: float
    foreign = {
        "p": "rate",
        "keep_prob": "rate, the share that is dropped",
        "seed": "random_state, an argument of the network",
    }

    def __post_init__(self) -> None:
        require(0 <= self.rate < 1, self, "rate", "the share dropped, from 0 to below 1")

    def hyperparameters(self) -> Mapping[str, float]:
        """Return the rate."""
        return {"rate": self.rate}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return x, in training with a share of it set to 0."""
        x = one_input(self, x)
        return drop(p, x, p["rate"]) if training else x


def drop(p: LayerValues, x: Tensor, rate: Tensor) -> Tensor:
    """Return `x` with a share of it set to 0, the rest scaled up."""
    kept = (p.random_uniform(x.shape) >= rate).named("kept")
    return ops.where(kept, x / (1 - rate), 0)


@dataclass(frozen=True)
class GaussianNoise(Layer):
    """Adds normally distributed noise in training (Bishop, 1995).

    Parameters
    ----------
    stddev : float
        The standard deviation of the noise; it may be changed between steps.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> GaussianNoise(0.1).hyperparameters()
    {'stddev': 0.1}
    """

    stddev: float
    foreign = {
        "std": "stddev",
        "sigma": "stddev",
        "seed": "random_state, an argument of the network",
    }

    def __post_init__(self) -> None:
        require(self.stddev >= 0, self, "stddev", "a number of at least 0")

    def hyperparameters(self) -> Mapping[str, float]:
        """Return the standard deviation."""
        return {"stddev": self.stddev}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return x, in training with noise."""
        x = one_input(self, x)
        return x + p["stddev"] * p.random_normal(x.shape) if training else x
