"""What people give to estimators, checked: features, targets and weights, row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from syn0 import arrays
from syn0.errors import ArgumentError, DataError, ShapeError
from syn0.neural_network.labels import one_column

Array = NDArray[Any]
MOST_BYTES = 2**32  # that a sparse matrix may take as a dense one


@dataclass(frozen=True)
class Samples:
    """Rows that count: features, targets as they were given, a weight a row."""

    X: Array
    y: Array
    sample_weight: Array | None = None


def check_samples(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, first: bool,
    numeric: bool = False, shape: Any = None, called: str = "",
) -> Samples:  # fmt: skip
    """Return the samples that count, in scikit-learn's sense; rows without weight are left out.

    Parameters
    ----------
    estimator : BaseEstimator
        Learns the number and the names of features.
    X, y : array
        Features and targets; anything that scikit-learn takes.
    sample_weight : array of shape (samples,), optional
        How much each row counts.
    first : bool
        Whether features may be other ones than before.
    numeric : bool
        Whether the targets are numbers.
    shape : tuple of int, optional
        What a row of X is reshaped to.
    called : str
        What errors put before X and y, such as ``"validation "``.

    Raises
    ------
    ValueError, TypeError
        If something does not fit.
    """
    _check_mask(X, f"{called}X")
    X, y = validate_data(
        estimator, X, y, reset=first, accept_sparse=_SPARSE, allow_nd=True,
        ensure_all_finite=False, multi_output=True, y_numeric=numeric,
    )  # fmt: skip
    y = one_column(y)
    X = check_features(X, shape, f"{called}X")
    if sample_weight is None:
        return Samples(X, y)
    weight = arrays.check_sample_weight(sample_weight, len(y), f"{called}sample_weight")
    if not weight.all():
        there = weight > 0
        X, y, weight = X[there], y[there], weight[there]
    return Samples(X, y, None if (weight == 1).all() else weight)


_SPARSE = ("csr", "csc", "coo")


def check_rows(estimator: Any, X: Any, shape: Any = None) -> Array:
    """Return features to predict from, of which there must be as many as in fit."""
    _check_mask(X, "X")
    X = validate_data(
        estimator, X, reset=False, accept_sparse=_SPARSE, allow_nd=True, ensure_all_finite=False
    )
    return check_features(X, shape)


def check_features(X: Any, shape: Any = None, called: str = "X") -> Array:
    """Return finite numbers as a dense array, each row in the shape that the network takes."""
    if hasattr(X, "toarray"):
        X = _dense(X, called)
    X = arrays.to_array(X, called)
    if X.dtype.kind == "f" and X.dtype.itemsize > 8:
        X = X.astype(np.float64)
    arrays.check_finite(X, called)
    return X if shape is None else _shaped(X, shape, called)


def _check_mask(X: Any, called: str) -> None:
    """Refuse a masked array, whose mask scikit-learn would lose, where it masks anything."""
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        arrays.to_array(X, called)


def _dense(X: Any, called: str) -> Array:
    size = math.prod(X.shape) * X.dtype.itemsize
    if size > MOST_BYTES:
        raise DataError(
            f"{called} is a sparse matrix that takes {size / 2**30:.0f} GiB as a dense one.",
            expected=f"at most {MOST_BYTES / 2**30:.0f} GiB: networks read dense rows",
            mend="give parts of it to partial_fit, or fewer columns: "
            "sklearn.decomposition.TruncatedSVD",
        )
    found: Array = X.toarray()
    return found


def _shaped(X: Array, shape: Any, called: str) -> Array:
    if not isinstance(shape, (tuple, list)) or not all(
        isinstance(n, (int, np.integer)) and n > 0 for n in shape
    ):
        raise ArgumentError(
            f"input_shape is {shape!r}.",
            expected="the shape of one sample, such as (28, 28, 1)",
        )
    if X.shape[1:] == tuple(shape):
        return X
    if X.ndim == 2 and X.shape[1] == math.prod(shape):
        return X.reshape(len(X), *shape)
    raise ShapeError(
        f"{called} has the shape {X.shape}, which input_shape={tuple(shape)} cannot be made of.",
        expected=f"{math.prod(shape)} features a row, or rows of that shape",
    )
