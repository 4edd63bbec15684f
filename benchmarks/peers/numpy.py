"""The lesson's program in NumPy, as it is taught: two layers, no biases, all rows at once."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.peers import Ways
from benchmarks.workloads import Array, Weights, Workload


def contenders(workload: Workload, weights: Weights, threads: int) -> Ways:
    return {"the lesson's loop": partial(Lesson, workload, weights)}


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def sigmoid_derivative(output: Array) -> Array:
    return output * (1 - output)


class Lesson:
    """The loop that a reader of the lesson runs."""

    def __init__(self, workload: Workload, weights: Weights) -> None:
        self.workload = workload
        self.X, self.y = workload.data()
        self.names = [part.entries["W"] for part in workload.parts]
        self.first, self.second = (weights[name].copy() for name in self.names)

    def run(self, times: int) -> None:
        """See `Contender`."""
        X, y, first, second = self.X, self.y, self.first, self.second
        learning_rate = self.workload.learning_rate
        for _ in range(times * self.workload.epochs):
            hidden = sigmoid(np.dot(X, first))
            output = sigmoid(np.dot(hidden, second))
            error = y - output
            delta = error * sigmoid_derivative(output)
            hidden_delta = delta.dot(second.T) * sigmoid_derivative(hidden)
            second += learning_rate * hidden.T.dot(delta)
            first += learning_rate * X.T.dot(hidden_delta)

    def weights(self) -> Weights:
        """Return the weights as they are now."""
        return dict(zip(self.names, (self.first, self.second)))
