"""JAX: a compiled step that gives its state away, called for each batch or scanned."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.peers import Ways
from benchmarks.peers.jax_network import scores
from benchmarks.workloads import Array, Weights, Workload

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_cpu_enable_async_dispatch", False)  # it oversubscribes small machines


def contenders(workload: Workload, weights: Weights, threads: int) -> Ways:
    if workload.task != "train":
        return {
            "jit": partial(Prediction, workload, weights),
            "jit, weights inside": partial(Prediction, workload, weights, inside=True),
        }
    ways = {"jitted step": step_by_step}
    if len(workload.shape) == 3:  # whose convolutions take several times as long in a scan
        ways["jitted step, by hand"] = partial(step_by_step, by_hand=True)
    else:
        ways |= {"scan": scanned, "scan, unrolled": partial(scanned, unroll=4)}
    return {name: partial(Training, workload, weights, way) for name, way in ways.items()}


# ----- a step -------------------------------------------------------------


def loss(workload: Workload, weights: Any, statistics: Any, x: Any, y: Any, **how: Any) -> Any:
    """Return the loss and new running statistics."""
    given = {**weights, **statistics}
    found, statistics = scores(workload.parts, given, x, training=True, **how)
    if workload.loss == "cross_entropy":
        return -jnp.take_along_axis(
            jax.nn.log_softmax(found), y[:, None], axis=1
        ).mean(), statistics
    squares = jnp.square(found - y)
    value = squares.mean() if workload.loss == "mean_squared_error" else 0.5 * squares.sum()
    return value, statistics


def step(workload: Workload, state: Any, x: Any, y: Any, **how: Any) -> Any:
    """Return the state after one update: weights, statistics, averages, number of steps."""
    weights, statistics, m, v, count = state
    grad = jax.value_and_grad(partial(loss, workload, **how), has_aux=True)
    (value, statistics), slope = grad(weights, statistics, x, y)
    rate = workload.learning_rate
    if workload.optimizer == "sgd":
        if workload.momentum:
            m = slope = jax.tree.map(lambda m, g: workload.momentum * m + g, m, slope)
        weights = jax.tree.map(lambda w, g: w - rate * g, weights, slope)
        return (weights, statistics, m, v, count + 1), value
    decay = 0.004 if workload.optimizer == "adamw" else 0.0
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, slope)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, slope)
    done = (count + 1).astype("float32")
    first, second = 1 / (1 - 0.9**done), 1 / (1 - 0.999**done)

    def updated(w: Any, m: Any, v: Any) -> Any:
        return w - rate * (m * first / (jnp.sqrt(v * second) + 1e-8) + decay * w)

    return (jax.tree.map(updated, weights, m, v), statistics, m, v, count + 1), value


# ----- ways to train ------------------------------------------------------


def scanned(workload: Workload, unroll: int = 1) -> Any:
    """Return a function that does a whole epoch, or all epochs of full batches, in one call."""
    whole = workload.batch == workload.rows

    @partial(jax.jit, donate_argnums=0)
    def run(state: Any, X: Any, y: Any, order: Any) -> Any:
        def one(state: Any, rows: Any) -> Any:
            return step(workload, state, X, y) if whole else step(workload, state, X[rows], y[rows])

        return lax.scan(one, state, order, unroll=unroll)[0]

    return run


def step_by_step(workload: Workload, **how: Any) -> Any:
    """Return a function that calls a compiled step for each batch."""
    whole = workload.batch == workload.rows

    @partial(jax.jit, donate_argnums=0)
    def one(state: Any, X: Any, y: Any, rows: Any) -> Any:
        return step(workload, state, *((X, y) if whole else (X[rows], y[rows])), **how)

    def run(state: Any, X: Any, y: Any, order: Any) -> Any:
        for rows in np.asarray(order):
            state, _ = one(state, X, y, rows)
        return state

    return run


class Training:
    """A state on the device, and a way to train it."""

    def __init__(self, workload: Workload, weights: Weights, way: Any) -> None:
        self.workload = workload
        self.X, self.y = map(jnp.asarray, workload.data())
        fixed = workload.statistics
        numbers = {name: jnp.array(w) for name, w in weights.items() if name not in fixed}
        statistics = {name: jnp.array(weights[name]) for name in fixed}
        m, v = (jax.tree.map(jnp.zeros_like, numbers) for _ in range(2))
        self.state = (numbers, statistics, m, v, jnp.asarray(0))
        self.way = way(workload)
        self.epoch = 0

    def run(self, times: int) -> None:
        """See `Contender`."""
        if self.workload.batch == self.workload.rows:
            order = jnp.zeros((self.workload.epochs, 0), "int32")  # nothing to choose
            for _ in range(times):
                self.state = self.way(self.state, self.X, self.y, order)
        else:
            for _ in range(times * self.workload.epochs):
                order = jnp.asarray(self.workload.order(self.epoch).astype("int32"))
                self.state = self.way(self.state, self.X, self.y, order)
                self.epoch += 1
        jax.block_until_ready(self.state)

    def weights(self) -> Weights:
        """Return the weights as they are now."""
        found: Weights = jax.tree.map(np.array, {**self.state[0], **self.state[1]})
        return found


class Prediction:
    """A compiled forward pass; one row comes and goes as a NumPy array."""

    def __init__(self, workload: Workload, weights: Weights, *, inside: bool = False) -> None:
        self.workload = workload
        numbers = jax.tree.map(lambda w: jnp.array(w), weights)
        X = workload.data()[0]
        self.X = jnp.asarray(X) if workload.task == "predict" else X
        whole = workload.task == "predict" or X.ndim == 4  # else a row without its batch
        self.rows = self.X if whole else X[0]

        def forward(numbers: Any, x: Any) -> Any:
            return jax.nn.softmax(scores(workload.parts, numbers, x)[0])

        if inside:  # as constants of the program
            self.call = jax.jit(partial(forward, numbers))
        else:
            self.call = partial(jax.jit(forward), numbers)

    def run(self, times: int) -> None:
        """See `Contender`."""
        if self.workload.task == "predict":
            for _ in range(times):
                self.call(self.X).block_until_ready()
        else:
            for _ in range(times):
                np.asarray(self.call(self.rows))

    def predict(self) -> Array:
        """Return the output for each row."""
        return np.asarray(self.call(self.X))
