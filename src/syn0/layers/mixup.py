"""Mixup: each sample of a batch mixed with another, and its targets with the other's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from syn0 import ops
from syn0.graph import Shape, Tensor
from syn0.layers.layer import Layer, LayerValues, one_input
from syn0.layers.normalization import as_float
from syn0.names import require


@dataclass(frozen=True)
class Mixup(Layer):
    r"""Mixes each sample with another of its batch, targets too (Zhang et al., 2018).

    .. math:: \lambda x_i + (1 - \lambda) x_j, \quad \lambda y_i + (1 - \lambda) y_j

    in training, with :math:`j` as far from the end of the batch as :math:`i` from its beginning,
    and :math:`\lambda` drawn for each sample from :math:`\mathrm{Beta}(\alpha, \alpha)`, the
    larger of :math:`\lambda` and :math:`1 - \lambda`. Prediction leaves all as they are.

    Parameters
    ----------
    alpha : float
        How much is mixed: with 0.2 most samples hardly, with 1 all shares are as probable,
        beyond it most are mixed half and half. It may be changed between steps.
    name : str, optional
        The name of the layer.

    Raises
    ------
    ArgumentError
        If `alpha` is not above 0; in training, if the layers of a network have several, or if
        the loss reads only signs of targets.

    Notes
    -----
    Shapes: any, output the same. It stands where what comes in are numbers to be averaged: after
    `Rescaling`, before what learns. All such layers of a network, one for each input, mix by one
    draw; if alpha is changed between steps, that of the first counts. A loss that the network
    computes itself wants such a layer after each input that it reads. Other losses see mixed
    targets, class numbers as rows of shares; metrics of training see those of the sample that
    is mixed less. Weights of samples stay with their places.

    Examples
    --------
    >>> import syn0
    >>> syn0.Sequential(syn0.layers.Mixup(0.2), syn0.Dense(3)).build((4,)).output_shape
    (3,)
    """

    alpha: float = 0.2
    foreign = {"seed": "random_state, an argument of the network", "lam": "alpha"}

    def __post_init__(self) -> None:
        require(self.alpha > 0, self, "alpha", "a number above 0, of Beta(alpha, alpha)")

    def hyperparameters(self) -> Mapping[str, float]:
        """Return alpha."""
        return {"alpha": self.alpha}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the samples, in training each mixed with another."""
        x = one_input(self, x)
        if not training:
            return x
        share = p.mixing(self.alpha, lambda: _share(p, x.shape[:1]))
        return mixed(as_float(x, share), share).named("mixed")


def mixed(x: Tensor, share: Tensor) -> Tensor:
    """Return as much of each sample as `share` says, and of that from the other end the rest."""
    share = ops.reshape(share, (x.shape[0], *[1] * (x.ndim - 1)))
    other = x[::-1]
    return other + share * (x - other)


def _share(p: LayerValues, shape: Shape) -> Tensor:
    r"""Return the larger part of a number of Beta(alpha, alpha), for each sample.

    With :math:`u, v` uniform, :math:`q = u^{1/\alpha}` and :math:`c = \cos^2 2 \pi v` it is
    :math:`(1 + \sqrt{c (1 - q) / (q + c (1 - q))}) / 2` (Devroye, 1996, after Bailey, 1994).
    """
    q = p.random_uniform(shape) ** (1 / p["alpha"])
    c = ops.cos(2 * np.pi * p.random_uniform(shape)) ** 2
    rest = c * (1 - q)
    return (0.5 + 0.5 * ops.sqrt(rest / (q + rest))).named("share")
