"""The display of loss curves, for our estimators and scikit-learn's."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from syn0.errors import ArgumentError
from syn0.neural_network import LossCurveDisplay, NetworkClassifier, NetworkRegressor

X = np.linspace(-1, 1, 80).reshape(-1, 1)
Y = X[:, 0] ** 2


def drawn(ax: Any, label: str) -> list[float]:
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return np.asarray(line.get_ydata()).tolist()


def test_loss_and_validation() -> None:
    fitted = NetworkRegressor(epochs=6, validation_data=0.25, random_state=0).fit(X, Y)
    display = LossCurveDisplay.from_estimator(fitted)
    assert drawn(display.ax_, "train") == pytest.approx(fitted.history_["loss"])
    assert drawn(display.ax_, "validation") == pytest.approx(fitted.history_["val_loss"])
    assert "NetworkRegressor" in display.ax_.get_title(loc="left")
    assert display._repr_png_()[:4] == b"\x89PNG"  # type: ignore[index]


def test_in_axes_of_ones_own() -> None:
    ax = Figure().subplots()
    fitted = make_pipeline(StandardScaler(), NetworkRegressor(epochs=3)).fit(X, Y)
    display = LossCurveDisplay.from_estimator(fitted, ax=ax, name="squares")
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert "squares" in ax.get_title(loc="left")
    assert display._repr_png_() is None


def test_metrics_have_panels() -> None:
    fitted = NetworkClassifier(epochs=3).fit(X, Y > 0.5)
    display = LossCurveDisplay.from_estimator(fitted, "loss", "accuracy")
    assert len(display.ax_) == 2


def test_those_of_scikit_learn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, Y)
    display = LossCurveDisplay.from_estimator(theirs)
    assert drawn(display.ax_, "train") == pytest.approx(theirs.loss_curve_)


def test_what_has_no_curve() -> None:
    with pytest.raises(ArgumentError, match="SVC keeps no losses"):
        LossCurveDisplay.from_estimator(SVC().fit(X, Y > 0.5))
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(NetworkRegressor())
