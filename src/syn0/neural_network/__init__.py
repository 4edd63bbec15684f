"""Networks as estimators of scikit-learn: in pipelines, searches and cross-validation."""

from __future__ import annotations

from syn0.neural_network.displays import LossCurveDisplay
from syn0.neural_network.network_classifier import NetworkClassifier
from syn0.neural_network.network_regressor import NetworkRegressor
from syn0.neural_network.perceptron_classifier import MLPClassifier
from syn0.neural_network.perceptron_regressor import MLPRegressor

__all__ = [
    "LossCurveDisplay",
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
]
