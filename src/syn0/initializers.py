r"""Initializers: the numbers that parameters start from.

Weights must differ, or all neurons learn the same; and their spread decides whether
signals and gradients keep their size on the way through many layers. The *fan* of a weight
is how many inputs a neuron sums (in) or how many neurons an input feeds (out): for weights
of shape (in, out) the two sizes, for kernels (H, W, in, out) each times H W.

All draw in float64 and round, so that float32 and float64 networks of one seed start alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from syn0.activations import name_of
from syn0.errors import ArgumentError, ShapeError
from syn0.names import Catalogue, Record, require

Shape = tuple[int, ...]


def fans(shape: Shape) -> tuple[int, int]:
    """Return how many inputs a neuron has, and how many neurons an input feeds.

    Examples
    --------
    >>> fans((3, 4)), fans((5, 5, 3, 8)), fans((7,))
    ((3, 4), (75, 200), (7, 7))
    """
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


@dataclass(frozen=True)
class Initializer(Record):
    """The base of all initializers: a record that draws an array.

    A function ``(rng, shape, dtype) -> array`` is accepted wherever an initializer is.
    """

    def __call__(self, rng: np.random.Generator, shape: Shape, dtype: str) -> NDArray[Any]:
        """Return the starting values of a parameter.

        Parameters
        ----------
        rng : numpy.random.Generator
            The source of randomness.
        shape : tuple of int
            The shape of the parameter.
        dtype : str
            Its dtype.
        """
        return self._draw(rng, tuple(shape)).astype(dtype)

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        raise NotImplementedError(f"{type(self).__name__} defines no _draw(rng, shape)")


# ----- known values -------------------------------------------------------


@dataclass(frozen=True)
class Constant(Initializer):
    """One number everywhere, or an array of the parameter's shape.

    Parameters
    ----------
    value : float or array
        The number or numbers; an array is kept as nested tuples.

    Examples
    --------
    >>> Constant(0.5)(np.random.default_rng(0), (2,), "float32")
    array([0.5, 0.5], dtype=float32)
    """

    value: float | ArrayLike = 0.0

    def __post_init__(self) -> None:
        value = np.asarray(self.value, dtype="float64").tolist()
        object.__setattr__(self, "value", _tuples(value))

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        value = np.asarray(self.value, dtype="float64")
        if value.ndim and value.shape != shape:
            raise ShapeError(
                f"Constant holds an array of shape {value.shape}.",
                where=f"a parameter of shape {shape}",
                expected=f"one number, or an array of shape {shape}",
            )
        return np.full(shape, value)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class Zeros(Initializer):
    """Zeros, as biases start.

    Examples
    --------
    >>> Zeros()(np.random.default_rng(0), (2,), "float32")
    array([0., 0.], dtype=float32)
    """

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        return np.zeros(shape)


@dataclass(frozen=True)
class Ones(Initializer):
    """Ones, as gains start.

    Examples
    --------
    >>> Ones()(np.random.default_rng(0), (2,), "float32")
    array([1., 1.], dtype=float32)
    """

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        return np.ones(shape)


# ----- a given spread -----------------------------------------------------


@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform numbers between two limits.

    Parameters
    ----------
    low, high : float
        The limits.

    Examples
    --------
    >>> Uniform(-1.0, 1.0)(np.random.default_rng(0), (2,), "float64")
    array([ 0.27392337, -0.46042657])
    """

    low: float = -0.05
    high: float = 0.05
    foreign = {"minval": "low", "maxval": "high"}

    def __post_init__(self) -> None:
        require(self.low <= self.high, self, "high", f"a number of at least low={self.low}")

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        return rng.uniform(self.low, self.high, shape)


@dataclass(frozen=True)
class Normal(Initializer):
    """Normally distributed numbers.

    Parameters
    ----------
    mean, stddev : float
        Their mean and standard deviation.

    Examples
    --------
    >>> Normal(stddev=1.0)(np.random.default_rng(0), (2,), "float64")
    array([ 0.12573022, -0.13210486])
    """

    mean: float = 0.0
    stddev: float = 0.05
    foreign = {"std": "stddev", "scale": "stddev", "loc": "mean"}

    def __post_init__(self) -> None:
        require(self.stddev >= 0, self, "stddev", "a number of at least 0")

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        return rng.normal(self.mean, self.stddev, shape)


# ----- a spread by the fan ------------------------------------------------


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    r"""Uniform within :math:`\pm\sqrt{6 / (in + out)}` (Glorot and Bengio, 2010).

    The variance :math:`2 / (in + out)` keeps signals forward and gradients backward alike
    in size, for activations that are linear near 0.

    Examples
    --------
    >>> GlorotUniform()(np.random.default_rng(0), (3, 3), "float64").shape
    (3, 3)
    """

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        limit = math.sqrt(6 / max(1, sum(fans(shape))))
        return rng.uniform(-limit, limit, shape)


@dataclass(frozen=True)
class GlorotNormal(Initializer):
    r"""Normal of variance :math:`2 / (in + out)` (Glorot and Bengio, 2010).

    Examples
    --------
    >>> GlorotNormal()(np.random.default_rng(0), (3, 3), "float64").shape
    (3, 3)
    """

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        return rng.normal(0, math.sqrt(2 / max(1, sum(fans(shape)))), shape)


@dataclass(frozen=True)
class HeUniform(Initializer):
    r"""Uniform within :math:`\pm\sqrt{6 / in}` (He et al., 2015).

    The variance :math:`2 / in` makes up for the half that a rectifier cuts off.

    Examples
    --------
    >>> HeUniform()(np.random.default_rng(0), (3, 3), "float64").shape
    (3, 3)
    """

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        limit = math.sqrt(6 / max(1, fans(shape)[0]))
        return rng.uniform(-limit, limit, shape)


@dataclass(frozen=True)
class HeNormal(Initializer):
    r"""Normal of variance :math:`2 / in` (He et al., 2015).

    Examples
    --------
    >>> HeNormal()(np.random.default_rng(0), (3, 3), "float64").shape
    (3, 3)
    """

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        return rng.normal(0, math.sqrt(2 / max(1, fans(shape)[0])), shape)


@dataclass(frozen=True)
class LecunNormal(Initializer):
    r"""Normal of variance :math:`1 / in` (LeCun et al., 1998), as `selu` needs it.

    Examples
    --------
    >>> LecunNormal()(np.random.default_rng(0), (3, 3), "float64").shape
    (3, 3)
    """

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        return rng.normal(0, math.sqrt(1 / max(1, fans(shape)[0])), shape)


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Rows or columns, whichever are fewer, at right angles (Saxe et al., 2014).

    A kernel of more than two axes is seen as the matrix of all axes but the last by the
    last. Drawn from the uniform distribution over such matrices.

    Parameters
    ----------
    gain : float
        The length of each row or column.

    Examples
    --------
    >>> W = Orthogonal()(np.random.default_rng(0), (4, 2), "float64")
    >>> np.round(W.T @ W, 9) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """

    gain: float = 1.0

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        if len(shape) < 2:
            raise ShapeError(
                f"a parameter of shape {shape} has no rows and columns.",
                where="the initializer orthogonal",
                expected="a shape of two or more axes",
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        gaussian = rng.normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(gaussian)
        # Without the signs of r, qr prefers some directions (Mezzadri, 2007).
        q = q * np.sign(np.diagonal(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


@dataclass(frozen=True)
class Auto(Initializer):
    """The initializer that fits the activation of the layer: see `for_activation`.

    A layer replaces it before drawing; by itself it is `GlorotUniform`.

    Examples
    --------
    >>> for_activation("relu"), for_activation("tanh")
    (HeUniform(), GlorotUniform())
    """

    def _draw(self, rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
        return GlorotUniform()._draw(rng, shape)


# ----- by name ------------------------------------------------------------

AnyInitializer = Callable[[np.random.Generator, Shape, str], NDArray[Any]]

catalogue: Catalogue[AnyInitializer] = Catalogue(
    "initializer",
    {
        "auto": Auto,
        "zeros": Zeros,
        "ones": Ones,
        "constant": Constant,
        "uniform": Uniform,
        "normal": Normal,
        "glorot_uniform": GlorotUniform,
        "glorot_normal": GlorotNormal,
        "he_uniform": HeUniform,
        "he_normal": HeNormal,
        "lecun_normal": LecunNormal,
        "orthogonal": Orthogonal,
    },
    {
        "xavier": "'glorot_uniform'",
        "xavier_uniform": "'glorot_uniform'",
        "xavier_normal": "'glorot_normal'",
        "kaiming_uniform": "'he_uniform'",
        "kaiming_normal": "'he_normal'",
        "random_uniform": "'uniform'",
        "random_normal": "'normal'",
        "lecun_uniform": "'lecun_normal'",
    },
)

_RECTIFIERS = ("relu", "leaky_relu", "elu", "swish", "gelu", "mish", "hard_swish")


def get(initializer: str | float | Sequence[Any] | AnyInitializer) -> AnyInitializer:
    """Return the initializer of a name, the constant of a number, or the function given.

    Examples
    --------
    >>> get("he_normal"), get(0.25)
    (HeNormal(), Constant(value=0.25))
    """
    if isinstance(initializer, str):
        return catalogue.make(initializer)
    if isinstance(initializer, (int, float, np.ndarray)) and not isinstance(initializer, bool):
        return Constant(initializer)
    if callable(initializer) and not isinstance(initializer, type):
        return initializer
    raise catalogue.refuse(
        initializer, "a name, a number, an array, or a function (rng, shape, dtype) -> array"
    )


def for_activation(activation: str | Callable[[Any], Any]) -> Initializer:
    """Return the initializer that keeps signals at their size before this activation.

    `HeUniform` for the rectifiers and their smooth kin, `LecunNormal` for `selu`, else
    `GlorotUniform`.

    Parameters
    ----------
    activation : str or callable
        The activation of the layer, or its name.
    """
    name = activation if isinstance(activation, str) else name_of(activation)
    if name == "selu":
        return LecunNormal()
    return HeUniform() if name in _RECTIFIERS else GlorotUniform()


def draw(
    initializer: AnyInitializer, rng: np.random.Generator, shape: Shape, dtype: str
) -> NDArray[Any]:
    """Return the values of an initializer, after a check of what it returned.

    Examples
    --------
    >>> draw(lambda rng, shape, dtype: np.ones(3), np.random.default_rng(0), (2,), "float32")
    Traceback (most recent call last):
    syn0.errors.ArgumentError: the initializer <lambda> returned an array of shape (3,).
      expected: the shape (2,)
    """
    values = np.asarray(initializer(rng, shape, dtype))
    if values.shape != tuple(shape):
        name = getattr(initializer, "__name__", type(initializer).__name__)
        raise ArgumentError(
            f"the initializer {name} returned an array of shape {values.shape}.",
            expected=f"the shape {tuple(shape)}",
        )
    return values.astype(dtype)
