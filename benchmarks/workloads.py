"""What is timed: a network, its data, and how it is trained or asked.

A workload is a record that every peer can read. Its network is made here, in syn0; the peers
read of what parts it is, and start from its weights.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

import syn0
from benchmarks.parts import DATA, STATISTICS, Part, parts_of

Array = NDArray[Any]
Weights = dict[str, Array]  # weights and running statistics, by the names that syn0 gives them


@dataclass(frozen=True)
class Workload:
    """One line of the table.

    Parameters
    ----------
    name, says : str
        What it is called, and what it is.
    network : callable
        Makes the network in syn0, given `random_state` and `dtype`.
    loss, optimizer : str
        Words of syn0; half_squared_error is summed over the batch, the others are means.
    learning_rate, momentum : float
        Of the optimizer.
    rows, batch : int
        Samples, and how many of them a step sees; whole batches, so that all steps are alike.
    epochs : int
        How many times one run goes through the data.
    dtype : str
        Of data and weights.
    task : {"train", "predict", "predict_one"}
        What is timed: steps of training, all rows in one call, or one row a call.
    wanted : dict
        The peers to compare with, and the ratio to reach; None where it is only reported.
    """

    name: str
    says: str
    network: Callable[..., syn0.Model]
    loss: str = "cross_entropy"
    optimizer: str = "adam"
    learning_rate: float = 0.001
    momentum: float = 0.0
    rows: int = 1
    batch: int = 1
    epochs: int = 1
    dtype: str = "float32"
    task: str = "train"
    wanted: dict[str, float | None] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """What one run does: steps of training, or calls that predict."""
        return self.epochs * (self.rows // self.batch) if self.task == "train" else 1

    @property
    def flops(self) -> int:
        """Floating-point operations of the products of a step or call."""
        samples = {"train": self.batch, "predict": self.rows, "predict_one": 1}[self.task]
        return 2 * samples * sum(self._passes(p) * p.multiplications for p in self.parts)

    def cut(self, rows: int, epochs: int = 1) -> Workload:
        """Return the same with fewer rows, whole batches of them."""
        return replace(self, rows=rows, batch=min(self.batch, rows), epochs=epochs)

    # ----- the network and its data

    def model(self) -> syn0.Model:
        """Return the network in syn0, with the first weights."""
        return copy.deepcopy(self._model)

    @cached_property
    def _model(self) -> syn0.Model:
        return self.network(random_state=0, dtype=self.dtype)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The layers in the order of computation."""
        return parts_of(self._model)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a sample: features, or height, width and channels of an image."""
        return next(part.taken for part in self.parts if DATA in part.inputs)

    @cached_property
    def statistics(self) -> frozenset[str]:
        """The names in `Weights` that no gradient moves."""
        parts = self.parts
        return frozenset(p.entries[k] for p in parts for k in STATISTICS if k in p.entries)

    def data(self) -> tuple[Array, Array]:
        """Return X (rows, ...) and the targets: numbers, or classes (rows,)."""
        if self.name.startswith("lesson"):
            X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], self.dtype)
            return X, np.array([[0], [1], [1], [0]], self.dtype)
        random = np.random.default_rng(0)
        X = random.random((self.rows, *self.shape), dtype="float32")
        units = self.parts[-1].given[-1]
        if self.loss == "cross_entropy":
            return X, random.integers(units, size=self.rows)
        return X, random.standard_normal((self.rows, units), dtype="float32")

    def order(self, epoch: int) -> Array:
        """Return the rows of each step, (steps, batch): the order that syn0 takes them in."""
        rows = np.arange(self.rows)
        if self.batch < self.rows:
            rows = np.random.default_rng([0, epoch]).permutation(self.rows)
        return rows.reshape(-1, self.batch)

    def _passes(self, part: Part) -> int:
        """Return how often the products of a part are made: forward, by data, by weights."""
        if self.task != "train":
            return 1
        return 2 if DATA in part.inputs else 3  # nobody asks for the slopes of the data
