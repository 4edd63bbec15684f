"""scikit-learn's MLPClassifier, in the dtype of the data.

It cannot leave biases out, and has cross-entropy only; a step costs about the same.
"""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.peers import Ways
from benchmarks.workloads import Array, Weights, Workload


def contenders(workload: Workload, weights: Weights, threads: int) -> Ways:
    counts = {"one BLAS thread": 1, f"{threads} BLAS threads": threads}
    return {name: partial(Perceptron, workload, weights, count) for name, count in counts.items()}


class Perceptron:
    """An estimator, fitted anew in each run for as many epochs as are asked for."""

    def __init__(self, workload: Workload, weights: Weights, threads: int) -> None:
        self.workload = workload
        self.threads = threads
        self.X, y = workload.data()
        self.y = y.ravel().astype(int)
        *hidden, _ = workload.parts
        word = hidden[0].activation
        self.estimator = MLPClassifier(
            [part.given[0] for part in hidden],
            activation={"sigmoid": "logistic"}.get(word, word),
            solver=workload.optimizer,
            learning_rate_init=workload.learning_rate,
            batch_size=workload.batch,
            alpha=0,
            momentum=0,
            random_state=0,
            tol=0,
        )
        if workload.task != "train":
            self._set(weights)

    def _set(self, weights: Weights) -> None:
        parts = self.workload.parts
        rows = parts[-1].given[0]
        X = np.zeros((rows, *self.workload.shape), self.X.dtype)
        self.estimator.set_params(batch_size=rows)
        self.estimator.partial_fit(X, np.arange(rows), classes=np.arange(rows))
        for part, W, b in zip(parts, self.estimator.coefs_, self.estimator.intercepts_):
            W[...], b[...] = weights[part.entries["W"]], weights[part.entries["b"]]

    def run(self, times: int) -> None:
        """See `Contender`."""
        with threadpool_limits(self.threads, user_api="blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            if self.workload.task == "train":
                epochs = times * self.workload.epochs
                self.estimator.set_params(max_iter=epochs, n_iter_no_change=epochs + 1)
                self.estimator.fit(self.X, self.y)
            elif self.workload.task == "predict":
                for _ in range(times):
                    self.estimator.predict_proba(self.X)
            else:
                row = self.X[0]
                for _ in range(times):
                    self.estimator.predict_proba(row[None])[0]

    def predict(self) -> Array:
        """Return the output for each row."""
        found: Array = self.estimator.predict_proba(self.X)
        return found
