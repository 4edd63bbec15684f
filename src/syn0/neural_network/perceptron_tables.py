"""What a perceptron is given as X and y: arrays, sparse matrices, or tables to be prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

from syn0.arrays import to_array
from syn0.data import Preparation
from syn0.data.reading import is_table, read_table
from syn0.errors import ArgumentError

_NOTHING = object()
_TARGET = "the target"


def read_features(estimator: Any, X: Any, y: Any = _NOTHING, *, learn: bool = False) -> Any:
    """Return X as numbers, and y as an array where it is given, checked as scikit-learn does.

    Parameters
    ----------
    estimator : BasePerceptron
        Keeps the number and names of the features, and how tables are prepared.
    X : array-like, sparse matrix or table
        The features.
    y : array-like, optional
        The targets.
    learn : bool
        Whether to keep what is seen here, instead of comparing with what was seen before.

    Returns
    -------
    X, y : array or sparse matrix, array or None
    """
    if estimator.preparation is not None:
        return _prepared(estimator, X, y, learn)
    _refuse_no_numbers(X)
    options: dict[str, Any] = {"accept_sparse": ["csr", "csc"], "reset": learn}
    if y is _NOTHING:
        return validate_data(estimator, X, **options), None
    if not is_classifier(estimator):
        options["y_numeric"] = True
    return validate_data(
        estimator, X, y, multi_output=True, dtype=(np.float64, np.float32), **options
    )


def _refuse_no_numbers(X: Any) -> None:
    """Refuse what scikit-learn would take for numbers in some calls, and not in others."""
    masked = isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X)
    if masked or getattr(getattr(X, "dtype", None), "kind", "") in ("U", "S", "M", "m"):
        to_array(X, "X")


def _prepared(estimator: Any, X: Any, y: Any, learn: bool) -> tuple[Any, Any]:
    X = X if is_table(X) else np.asarray(X, dtype=object)
    validate_data(estimator, X, skip_check_array=True, reset=learn)
    table = X if is_table(X) else {f"x{i}": column for i, column in enumerate(X.T)}
    if y is not _NOTHING:
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        check_consistent_length(X, y)
    if learn:
        estimator.preparation_ = _learn(estimator, table, y)
    return estimator.preparation_.features(table), None if y is _NOTHING else y


def _learn(estimator: Any, table: Any, y: Any) -> Preparation:
    given = estimator.preparation
    if isinstance(given, Preparation):
        return given
    if given != "auto":
        raise ArgumentError(
            f"preparation is {given!r}.",
            expected="'auto', None or a syn0.data.Preparation",
        )
    task = "classification" if is_classifier(estimator) else "regression"
    if y.ndim > 1:
        y, task = np.arange(len(y)), "regression"  # no single target that columns may be copies of
    return Preparation.learn({**_columns(table), _TARGET: y}, _TARGET, task=task)


def _columns(table: Any) -> Mapping[str, Any]:
    given = read_table(table)
    return {name: given[name] for name in given.names}
