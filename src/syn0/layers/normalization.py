"""Layers that bring numbers to a common scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from syn0 import ops
from syn0.arrays import BLOCK
from syn0.graph import FLOATS, Shape, Tensor
from syn0.initializers import Constant, Ones, Zeros
from syn0.layers.layer import Declaration, Layer, LayerValues, known_sizes, one_input
from syn0.names import require


@dataclass(frozen=True)
class Rescaling(Layer):
    """Multiplies and shifts its input: ``x * scale + offset``. Whole numbers become floats.

    Parameters
    ----------
    scale : float
        The factor, such as ``1/255`` for pixels.
    offset : float
        What is added after.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> Rescaling(1 / 255).hyperparameters()
    {'scale': 0.00392156862745098, 'offset': 0.0}
    """

    scale: float
    offset: float = 0.0

    def hyperparameters(self) -> Mapping[str, float]:
        """Return the factor and the offset."""
        return {"scale": self.scale, "offset": self.offset}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the scaled input, of its shape."""
        return as_float(one_input(self, x), p["scale"]) * p["scale"] + p["offset"]


def as_float(x: Tensor, like: Tensor) -> Tensor:
    """Return numbers that are no floats, such as bytes, in the dtype of `like`."""
    return x if x.dtype in FLOATS else ops.astype(x, like.dtype)


@dataclass(frozen=True)
class Normalization(Layer):
    r"""Gives each feature mean 0 and variance 1: :math:`(x - \mu) / \sigma`.

    Mean and variance are those of the training data: given here, measured by `adapt`, or
    measured by the first `fit`. They are never learned. A feature that is always the same is
    only shifted to 0, as in scikit-learn.

    Parameters
    ----------
    mean, variance : float or sequence of float, optional
        One number for all features, or one for each.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> Normalization().adapt([[1.0, 10.0], [3.0, 10.0]])
    Normalization(name=None, mean=(2.0, 10.0), variance=(1.0, 1.0))
    """

    mean: float | Sequence[float] | None = None
    variance: float | Sequence[float] | None = None
    foreign = {"axis": "nothing: features are on the last axis"}

    def __post_init__(self) -> None:
        both = (self.mean is None) == (self.variance is None)
        require(both, self, "mean", "mean and variance, or neither")
        for name in ("mean", "variance"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, (int, float)):
                object.__setattr__(self, name, tuple(np.asarray(value, float).tolist()))
        if self.variance is not None:
            positive = bool(np.all(np.asarray(self.variance) > 0))
            require(positive, self, "variance", "numbers above 0")

    def adapt(self, x: ArrayLike) -> Normalization:
        """Return this layer with the mean and variance of data.

        Parameters
        ----------
        x : array of shape (n, ..., features)
            The data.
        """
        found = _moments(np.asarray(x))
        mean, variance = (tuple(found[key].tolist()) for key in ("mean", "variance"))
        return replace(self, mean=mean, variance=variance)

    def statistics(self, x: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """Return the mean and variance of the training data, unless they were given."""
        return _moments(x) if self.mean is None else {}

    def state(self, shape: Shape) -> Declaration:
        """Return the mean and variance (features,)."""
        features = known_sizes(self, shape, last=1)
        given = {"mean": (self.mean, 0.0), "variance": (self.variance, 1.0)}
        return {
            name: (features, Constant(start if value is None else value))
            for name, (value, start) in given.items()
        }

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the normalized input, of its shape."""
        x = as_float(one_input(self, x), p["mean"])
        return (x - p["mean"]) / ops.sqrt(p["variance"])


def _moments(x: NDArray[Any]) -> dict[str, NDArray[Any]]:
    count = max(1, x.size // max(1, x.shape[-1]))
    mean = _total(x, 0.0, 1) / count
    variance = _total(x, mean, 2) / count
    # Rounding leaves a feature that never changes a variance of about (eps * mean)**2.
    constant = variance <= (10 * np.finfo("float64").eps * np.abs(mean)) ** 2
    return {"mean": mean, "variance": np.where(constant, 1.0, variance)}


def _total(x: NDArray[Any], origin: Any, power: int) -> NDArray[Any]:
    """Add up powers of distances over all axes but the last, some rows at a time.

    Bytes of pictures become floats, eight times as large, and are not to do so all at once.
    """
    rows = max(1, BLOCK // max(1, 8 * x[:1].size))
    axes = tuple(range(x.ndim - 1))
    parts = (x[i : i + rows].astype("float64") - origin for i in range(0, len(x), rows))
    return sum((part**power).sum(axis=axes) for part in parts)


@dataclass(frozen=True)
class BatchNormalization(Layer):
    r"""Normalizes each feature over the batch (Ioffe and Szegedy, 2015).

    .. math:: \gamma \, (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta

    In training the mean and variance are those of the batch, over all axes but the last; in
    prediction they are running averages of these:
    ``mean = decay * mean + (1 - decay) * mean of the batch``.

    Parameters
    ----------
    decay : float
        The share of the running averages that is kept at each step.
    epsilon : float
        What is added to the variance.
    center, scale : bool
        Whether there are a learned shift :math:`\beta` and factor :math:`\gamma`.
    name : str, optional
        The name of the layer.

    Notes
    -----
    `decay` is Keras's `momentum`, and 1 minus PyTorch's. As in Keras the running variance
    averages the variance of the batch, divided by its size n and not by n - 1.

    Examples
    --------
    >>> list(BatchNormalization().parameters((4,))), list(BatchNormalization().state((4,)))
    (['gamma', 'beta'], ['mean', 'variance'])
    """

    decay: float = 0.99
    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    foreign = {
        "momentum": "decay, the share that is kept: Keras's momentum, or 1 minus PyTorch's",
        "affine": "center= and scale=",
        "num_features": "nothing: sizes are inferred",
        "axis": "nothing: features are on the last axis",
    }

    def __post_init__(self) -> None:
        require(0 <= self.decay <= 1, self, "decay", "the share kept, from 0 to 1")
        require(self.epsilon > 0, self, "epsilon", "a number above 0")

    def parameters(self, shape: Shape) -> Declaration:
        """Return gamma and beta (features,)."""
        return _gain_and_shift(known_sizes(self, shape, last=1), self.scale, self.center)

    def state(self, shape: Shape) -> Declaration:
        """Return the running mean and variance (features,)."""
        features = known_sizes(self, shape, last=1)
        return {"mean": (features, Zeros()), "variance": (features, Ones())}

    def hyperparameters(self) -> Mapping[str, float]:
        """Return the decay and epsilon."""
        return {"decay": self.decay, "epsilon": self.epsilon}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Any:
        """Return the normalized input, in training with the new running statistics."""
        x = one_input(self, x)
        if not training:
            factor = (1 / ops.sqrt(p["variance"] + p["epsilon"])).named("factor")
            return self._affine(p, x - p["mean"], factor)
        axes = tuple(range(x.ndim - 1))
        mean = ops.mean(x, axis=axes).named("batch_mean")  # (features,)
        centered = (x - mean).named("centered")
        variance = ops.var(x, axis=axes).named("batch_variance")
        # One division a feature, and one factor for its elements: these are many.
        factor = (1 / ops.sqrt(variance + p["epsilon"])).named("factor")
        keep = p["decay"]
        return self._affine(p, centered, factor), {
            "mean": keep * p["mean"] + (1 - keep) * mean,
            "variance": keep * p["variance"] + (1 - keep) * variance,
        }

    def _affine(self, p: LayerValues, centered: Tensor, factor: Tensor) -> Tensor:
        """Return the elements with a deviation of gamma, and a mean of beta."""
        scale = (p["gamma"] * factor).named("scale") if self.scale else factor
        y = (centered * scale).named("normalized")
        return y + p["beta"] if self.center else y


@dataclass(frozen=True)
class LayerNormalization(Layer):
    r"""Normalizes each sample over its features (Ba et al., 2016).

    .. math:: \gamma \, (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta

    The mean and variance are those of the last axis, in training and in prediction.

    Parameters
    ----------
    epsilon : float
        What is added to the variance.
    center, scale : bool
        Whether there are a learned shift :math:`\beta` and factor :math:`\gamma`.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> list(LayerNormalization(center=False).parameters((4,)))
    ['gamma']
    """

    epsilon: float = 0.001
    center: bool = True
    scale: bool = True
    foreign = {
        "elementwise_affine": "center= and scale=",
        "normalized_shape": "nothing: sizes are inferred",
        "axis": "nothing: features are on the last axis",
    }

    def __post_init__(self) -> None:
        require(self.epsilon > 0, self, "epsilon", "a number above 0")

    def parameters(self, shape: Shape) -> Declaration:
        """Return gamma and beta (features,)."""
        return _gain_and_shift(known_sizes(self, shape, last=1), self.scale, self.center)

    def hyperparameters(self) -> Mapping[str, float]:
        """Return epsilon."""
        return {"epsilon": self.epsilon}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the normalized input, of its shape."""
        x = one_input(self, x)
        centered = (x - ops.mean(x, axis=-1, keepdims=True)).named("centered")
        variance = ops.mean(ops.square(centered), axis=-1, keepdims=True)
        deviation = ops.sqrt(variance + p["epsilon"]).named("deviation")
        y = (centered / deviation).named("normalized")
        y = p["gamma"] * y if self.scale else y
        return y + p["beta"] if self.center else y


def _gain_and_shift(features: tuple[int, ...], scale: bool, center: bool) -> Declaration:
    gain = {"gamma": (features, Ones())} if scale else {}
    shift = {"beta": (features, Zeros())} if center else {}
    return {**gain, **shift}
