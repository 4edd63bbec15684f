"""The samples that a perceptron learns from, or is measured on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

Array = NDArray[Any]


@dataclass(frozen=True)
class Samples:
    """Features, targets and weights, checked.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, features)
        The features.
    targets : array of shape (n,) or (n, outputs)
        Class numbers, answers or numbers, as the network takes them.
    weight : array of shape (n,), optional
        How much each sample counts.
    """

    X: Any
    targets: Array
    weight: Array | None = None

    @property
    def total(self) -> float:
        """What all samples weigh."""
        return float(len(self.targets) if self.weight is None else self.weight.sum())

    def weighted_by(self, more: Array | None) -> Samples:
        """Return the samples, each counting so many times more."""
        if more is None:
            return self
        return replace(self, weight=more if self.weight is None else self.weight * more)

    def present(self) -> Samples:
        """Return the samples that count, dense: one of weight 0 is as good as absent."""
        chosen = self
        if self.weight is not None and not self.weight.all():
            chosen = self.rows(np.flatnonzero(self.weight))
        return replace(chosen, X=chosen.X.toarray()) if issparse(chosen.X) else chosen

    def rows(self, chosen: Array) -> Samples:
        """Return some of the samples."""
        weight = None if self.weight is None else self.weight[chosen]
        return Samples(self.X[chosen], self.targets[chosen], weight)
