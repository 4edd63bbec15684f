"""What the parameters of perceptrons may be."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from syn0 import activations, optimizers
from syn0.data import Preparation
from syn0.errors import ArgumentError
from syn0.layers import Activation
from syn0.optimizers import Optimizer

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")

ACTIVATIONS = {"identity", "logistic", *activations.catalogue.makers}

# In scikit-learn's own terms, so that what it refuses is refused with its error.
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions(ACTIVATIONS), callable, Activation, list, tuple],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"}), callable],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose", StrOptions({"progress"})],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_SHARE],
    "beta_1": [_SHARE],
    "beta_2": [_SHARE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    # What scikit-learn does not have; what is built of these says more of what they may be.
    "optimizer": [StrOptions(set(optimizers.catalogue.makers)), Optimizer, dict, None],
    "clip_value": [_POSITIVE, None],
    "clip_norm": [_POSITIVE, None],
    "clip_global_norm": [_POSITIVE, None],
    "dropout": [_SHARE, list, tuple],
    "normalization": [StrOptions({"batch", "layer"}), list, tuple, None],
    "scale_inputs": ["boolean"],
    "preparation": [StrOptions({"auto"}), Preparation, None],
    "callbacks": [list, tuple, None],
    "engine": [StrOptions({"auto", "llvm", "numpy", "jax"})],
    "threads": [StrOptions({"auto"}), _COUNT],
}


def each_layer(estimator: Any, name: str, count: int) -> list[Any]:
    """Return a parameter for each hidden layer, of which it may be a list.

    Raises
    ------
    ArgumentError
        If there are more or fewer than hidden layers.
    """
    given = getattr(estimator, name)
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise ArgumentError(
            f"{name} has {len(given)} items, there are {count} hidden layers.",
            where=f"{type(estimator).__name__}({name}=...)",
            expected="one for all, or one for each hidden layer",
        )
    return list(given)


def hidden_sizes(given: Any) -> list[int]:
    """Return the units of each hidden layer.

    Examples
    --------
    >>> hidden_sizes(100), hidden_sizes((16, 8))
    ([100], [16, 8])
    """
    sizes = list(given) if isinstance(given, Iterable) else [given]
    if any(size <= 0 for size in sizes):
        raise ArgumentError(
            f"hidden_layer_sizes must be > 0, got {sizes}.",
            where="hidden_layer_sizes=",
            expected="how many units each hidden layer has, such as (100, 50)",
        )
    return [int(size) for size in sizes]
