"""Bad and odd inputs, given to every method of every estimator.

Each works, or raises ValueError or TypeError with a message that names what is wrong; nothing
warns; and a call that fails leaves the estimator as it was.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from sklearn.base import is_classifier
from sklearn.exceptions import DataConversionWarning

import syn0
from syn0.errors import DataError
from syn0.neural_network import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
)

# ----- who is asked -------------------------------------------------------


def small() -> Any:
    return syn0.Sequential(syn0.Dense(4, "tanh"), syn0.Dense("auto"), random_state=0)


SHORT: dict[str, Any] = {"tol": 1e300, "n_iter_no_change": 1, "random_state": 0}  # three epochs
ESTIMATORS: dict[str, Callable[[], Any]] = {
    "NetworkClassifier": lambda: NetworkClassifier(small(), epochs=2),
    "NetworkRegressor": lambda: NetworkRegressor(small(), epochs=2),
    "MLPClassifier": lambda: MLPClassifier((4,), **SHORT),
    "MLPRegressor": lambda: MLPRegressor(hidden_layer_sizes=(4,), **SHORT),
}
METHODS = ("fit", "partial_fit", "predict", "predict_proba", "score")

# ----- what is given ------------------------------------------------------

N, FEATURES = 12, 3
X = np.linspace(-1, 1, N * FEATURES).reshape(N, FEATURES)
CLASSES = np.arange(N) % 3
NAMES = [f"column {i}" for i in range(FEATURES)]


def changed(value: Any, dtype: Any = None) -> Any:
    """Return X with another number in row 2, column 1."""
    other = X.astype(dtype or X.dtype)
    other[2, 1] = value
    return other


def read_only() -> Any:
    rows = X.copy()
    rows.flags.writeable = False
    return rows


def frame(**columns: Any) -> Any:
    return pd.DataFrame(X, columns=NAMES).assign(**columns)


@dataclass(frozen=True)
class Odd:
    """The data of a call, and how it ends.

    Parameters
    ----------
    X, y, sample_weight : callable, optional
        Make what is odd; of a classifier's y and of a regressor's.
    told : str
        A part of the message of the error; empty where it works.
    predicts : str
        The same for methods that take X only.
    for_ : str
        Whether it is for classifiers or regressors only.
    warns : type
        A warning that scikit-learn's estimators give there too.
    """

    X: Callable[[], Any] | None = None
    y: Callable[[], Any] | None = None
    sample_weight: Callable[[], Any] | None = None
    told: str = ""
    predicts: str | None = None
    for_: str = ""
    warns: type[Warning] | None = None

    def end(self, method: str) -> str:
        """Return what the error of a method tells; nothing where it works."""
        learns = method in ("fit", "partial_fit")
        if self.predicts is not None and not learns:
            return self.predicts
        return "" if self.X is None and method.startswith("predict") else self.told


# What cannot be learned from, nor predicted.
BAD_X = {
    "NaN": Odd(lambda: changed(np.nan), told="NaN"),
    "infinity": Odd(lambda: changed(np.inf), told="inf at row|contains inf"),
    "minus infinity in float32": Odd(lambda: changed(-np.inf, "float32"), told="inf"),
    "NaN in a list": Odd(lambda: changed(np.nan).tolist(), told="NaN"),
    "NaN in a sparse matrix": Odd(lambda: scipy.sparse.csr_array(changed(np.nan)), told="NaN"),
    "None": Odd(lambda: None, told="None|NoneType|scalar"),
    "no samples": Odd(lambda: X[:0], told="0 sample|is empty"),
    "no features": Odd(lambda: X[:, :0], told="0 feature|no feature"),
    "ragged rows": Odd(lambda: [[1.0, 2.0, 3.0], [1.0, 2.0]] * 6, told="inhomogeneous|differ"),
    "strings": Odd(lambda: X.astype(str), told="strings|text"),
    "words": Odd(lambda: changed("red", object), told="'red'"),
    "bytes": Odd(lambda: X.astype("S"), told="strings|text|bytes"),
    "None within": Odd(lambda: changed(None, object), told="NaN|None"),
    "complex": Odd(lambda: X * 1j, told="[Cc]omplex"),
    "dates": Odd(lambda: X.astype("datetime64[s]"), told="dates|datetime|Datetime"),
    "one axis": Odd(lambda: X[:, 0], told="1D array|shape"),
    "a number": Odd(lambda: 3.0, told="scalar|shape"),
    "a mapping": Odd(lambda: {"a": [1.0]}, told="scalar|dict|float|number"),
    "a generator": Odd(lambda: (row for row in X), told="generator|scalar|iterator|float"),
    "categories": Odd(
        lambda: frame(**{NAMES[1]: pd.Categorical(["b"] * N)}), told="'b'|categor|string",
        warns=UserWarning,
    ),
    "a gap": Odd(
        lambda: frame(**{NAMES[1]: pd.array([None] * N, "Int64")}), told="NaN|NA",
        warns=UserWarning,
    ),
    "a mask": Odd(lambda: np.ma.masked_greater(X, 0.5), told="mask"),
    "too large": Odd(lambda: changed(1e308), told="", predicts=""),
}  # fmt: skip

# What only looks strange.
ODD_X = {
    "numbers as objects": Odd(lambda: X.astype(object)),
    "bool": Odd(lambda: X > 0),
    "uint8": Odd(lambda: (X * 100).astype("uint8")),
    "float16": Odd(lambda: X.astype("float16")),
    "long double": Odd(lambda: X.astype("longdouble")),
    "large whole numbers": Odd(lambda: changed(2**60 + 1, "int64")),
    "denormal": Odd(lambda: X * 1e-310),
    "zeros": Odd(lambda: X * 0),
    "a constant column": Odd(lambda: np.column_stack([X[:, :2], np.ones(N)])),
    "not contiguous": Odd(lambda: np.repeat(X, 2, axis=1)[:, ::2]),
    "backwards": Odd(lambda: X[::-1, ::-1]),
    "columns first": Odd(lambda: np.asfortranarray(X)),
    "big endian": Odd(lambda: X.astype(">f8")),
    "read-only": Odd(read_only),
    "a list": Odd(X.tolist),
    "CSR": Odd(lambda: scipy.sparse.csr_array(X)),
    "CSC": Odd(lambda: scipy.sparse.csc_matrix(X)),
    "COO": Odd(lambda: scipy.sparse.coo_array(X)),
    "LIL": Odd(lambda: scipy.sparse.lil_array(X)),
    "pandas": Odd(frame, warns=UserWarning),
    "nullable numbers": Odd(lambda: frame().convert_dtypes(), warns=UserWarning),
    "polars": Odd(lambda: pl.DataFrame(X, schema=NAMES), warns=UserWarning),
    "pyarrow": Odd(lambda: pa.table(dict(zip(NAMES, X.T))), warns=UserWarning),
    "a masked array": Odd(lambda: np.ma.array(X)),
    "one sample": Odd(lambda: X[:1], y=lambda: [1]),
}

# Features that are other than those of the fit; learned afresh they are as good as any.
OTHER_X = {
    "another number of features": Odd(lambda: X[:, :2], predicts="2 features"),
    "more axes": Odd(lambda: np.stack([X, X], axis=1), told="axes|dim 3|features|shape"),
}

BAD_Y = {
    "no y": Odd(y=lambda: None, told="None|requires y"),
    "fewer targets": Odd(y=lambda: CLASSES[:5], told="[Ii]nconsistent"),
    "NaN in y": Odd(y=lambda: [np.nan, *CLASSES[1:]], told="NaN|nan"),
    "infinity in y": Odd(y=lambda: [np.inf, *CLASSES[1:]], told="inf"),
    "y of three axes": Odd(y=lambda: np.zeros((N, 2, 2)), told="dim 3|shape"),
    "complex y": Odd(y=lambda: CLASSES * 1j, told="[Cc]omplex"),
    "a number as y": Odd(y=lambda: 1.0, told="scalar|shape|array|Singleton"),
    "numbers to a classifier": Odd(
        y=lambda: X[:, 0], told="continuous|label -1", for_="classifier"
    ),
    "mixed labels": Odd(
        y=lambda: np.array(["a", 1, None] * 4, object), told="int, str|could not|float"
    ),
    "a gap among words": Odd(
        y=lambda: np.array(["a", "b", np.nan] * 4, object), told="float, str|could not|NaN"
    ),
    "columns of classes": Odd(
        y=lambda: np.stack([CLASSES, CLASSES], 1), told="multiclass-multioutput|columns|2",
        for_="classifier",
    ),
    "words to a regressor": Odd(
        y=lambda: ["red", "blue"] * 6, told="'red'|'blue'|string|text|numeric", for_="regressor"
    ),
}  # fmt: skip

ODD_Y = {
    "one class": Odd(y=lambda: np.ones(N, int)),
    "words": Odd(y=lambda: ["red", "blue", "green"] * 4, for_="classifier"),
    "bools": Odd(y=lambda: CLASSES > 0),
    "numbers as objects": Odd(y=lambda: CLASSES.astype(object)),
    "a series": Odd(y=lambda: pd.Series(CLASSES, index=range(N, 0, -1))),
    "a column": Odd(y=lambda: CLASSES[:, None], warns=DataConversionWarning),
    "large numbers": Odd(y=lambda: CLASSES * 1e6, for_="regressor"),
    "negative labels": Odd(y=lambda: CLASSES - 7),
}

WEIGHTS = {
    "negative weight": Odd(sample_weight=lambda: [-1.0, *np.ones(N - 1)], told="negative"),
    "no weight at all": Odd(sample_weight=lambda: np.zeros(N), told="zero"),
    "NaN as weight": Odd(sample_weight=lambda: [np.nan, *np.ones(N - 1)], told="NaN|nan"),
    "fewer weights": Odd(sample_weight=lambda: np.ones(5), told="shape|[Ii]nconsistent"),
    "weights of two axes": Odd(sample_weight=lambda: np.ones((N, 2)), told="shape|1D"),
    "words as weights": Odd(sample_weight=lambda: ["heavy"] * N, told="heavy|text|string"),
    "whole numbers": Odd(sample_weight=lambda: np.arange(N)),
    "a series": Odd(sample_weight=lambda: pd.Series(np.ones(N))),
    "tiny weights": Odd(sample_weight=lambda: np.full(N, 1e-300)),
    "one weight": Odd(sample_weight=lambda: np.eye(N)[3]),
}

CASES = {
    f"{group}: {name}": odd
    for group, odds in {
        "X": BAD_X, "odd X": ODD_X, "other X": OTHER_X, "y": BAD_Y, "odd y": ODD_Y,
        "weight": WEIGHTS,
    }.items()
    for name, odd in odds.items()
}  # fmt: skip

# Where scikit-learn's rules lead to infinity: a penalty divided by the weight, unscaled errors.
OTHERWISE = {
    ("MLPRegressor", "X: too large"): replace(
        CASES["X: too large"], told="non-finite", warns=RuntimeWarning
    ),
    ("MLPRegressor", "weight: tiny weights"): replace(
        CASES["weight: tiny weights"], told="non-finite"
    ),
    ("MLPClassifier", "weight: tiny weights"): replace(
        CASES["weight: tiny weights"], told="non-finite"
    ),
}


# ----- asking -------------------------------------------------------------


@cache
def fitted(kind: str) -> Any:
    """Return an estimator that no call may change: one that learns anew is made anew."""
    return ESTIMATORS[kind]().fit(X, CLASSES)


def call(estimator: Any, method: str, odd: Odd) -> Any:
    """Call a method with the odd part, and with good data in the other places."""
    rows = X if odd.X is None else odd.X()
    if method.startswith("predict"):
        return getattr(estimator, method)(rows)
    targets = CLASSES if odd.y is None else odd.y()
    options = {} if odd.sample_weight is None else {"sample_weight": odd.sample_weight()}
    if method == "partial_fit" and is_classifier(estimator) and not hasattr(estimator, "n_iter_"):
        options["classes"] = [0, 1, 2] if odd.y is None or odd.told else np.unique(targets)
    return getattr(estimator, method)(rows, targets, **options)


def check_works(estimator: Any, method: str, odd: Odd) -> None:
    """Check that a call works and is silent."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if odd.warns is not None:
            warnings.simplefilter("ignore", odd.warns)
        call(estimator, method, odd)
    assert np.isfinite(estimator.n_iter_)


def check_fails(estimator: Any, method: str, odd: Odd) -> None:
    """Check that a call tells what is wrong, and leaves nothing behind."""
    before = dict(vars(estimator))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if odd.warns is not None:
            warnings.simplefilter("ignore", odd.warns)
        with pytest.raises((ValueError, TypeError), match=odd.end(method)):
            call(estimator, method, odd)
    after = dict(vars(estimator))
    vars(estimator).clear()
    vars(estimator).update(before)  # what one call leaves behind is no matter of the next
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before), "the call left something behind"


def check_score(kind: str, odd: Odd) -> None:
    """Check a score of odd targets, which scikit-learn's metrics judge, not we."""
    with warnings.catch_warnings(action="ignore"), suppress(ValueError, TypeError):
        assert isinstance(call(fitted(kind), "score", odd), float)


@pytest.mark.sampled(70)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_odd_input(kind: str, case: str) -> None:
    odd, answers = OTHERWISE.get((kind, case), CASES[case]), fitted(kind).predict(X)
    role = "classifier" if is_classifier(fitted(kind)) else "regressor"
    if odd.for_ not in ("", role):
        return
    for method in METHODS:
        if not hasattr(fitted(kind), method):
            continue
        if method == "score" and (odd.X is None or odd.y is not None):
            check_score(kind, odd)
        elif odd.end(method):
            check_fails(fitted(kind), method, odd)
            if method in ("fit", "partial_fit"):
                check_fails(ESTIMATORS[kind](), method, odd)
        else:
            learns = method in ("fit", "partial_fit")
            check_works(ESTIMATORS[kind]() if learns else fitted(kind), method, odd)
    assert np.array_equal(fitted(kind).predict(X), answers)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["NetworkClassifier", "NetworkRegressor"])
def test_the_place_is_told(kind: str, value: float) -> None:
    for rows in (changed(value), scipy.sparse.csr_array(changed(value)), changed(value).tolist()):
        with pytest.raises(DataError, match=f"X holds {value} at row 2, column 1"):
            fitted(kind).predict(rows)


def test_there_are_enough() -> None:
    assert len(CASES) >= 40
