"""Samples: arrays that fit the programs of a network, whole or in part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.arrays import is_mapped

Array = NDArray[Any]
PASS = 2**23  # numbers that are run through at a time


@dataclass(frozen=True)
class Data:
    """Arrays that fit the programs: inputs by name, targets by name, a weight a sample.

    Parameters
    ----------
    inputs, targets : mapping of str to array
        Samples first.
    sample_weight : array of shape (samples,), optional
        How much each sample counts.
    chosen : array of int, optional
        The rows of `inputs` and `targets` that are the samples, where these are not all:
        data that lie in a file are chosen from and not copied.
    """

    inputs: Mapping[str, Array]
    targets: Mapping[str, Array] = field(default_factory=dict)
    sample_weight: Array | None = None
    chosen: Array | None = None

    @property
    def samples(self) -> int:
        """The number of samples."""
        return len(next(iter(self.inputs.values())) if self.chosen is None else self.chosen)

    @property
    def described(self) -> str:
        """What there is, for the first line of progress."""
        return f"{self.samples} samples"

    @property
    def mapped(self) -> bool:
        """Whether some of the arrays lie in a file."""
        return any(map(is_mapped, (*self.inputs.values(), *self.targets.values())))

    @property
    def row_bytes(self) -> int:
        """The size of a sample where it lies."""
        return sum(x.nbytes // len(x) for x in (*self.inputs.values(), *self.targets.values()))

    def target(self, name: str) -> Array:
        """Return the targets of one output."""
        y = self.targets[name]
        return y if self.chosen is None else y[self.chosen]

    def all(self) -> dict[str, Array]:
        """Return every array under the name of the program's input."""
        if self.chosen is not None:
            return self.rows(slice(None)).all()
        weights = {} if self.sample_weight is None else {"sample_weight": self.sample_weight}
        return {**self.inputs, **self.targets, **weights}

    def rows(self, chosen: Array | slice) -> Data:
        """Return some of the samples."""
        weight = None if self.sample_weight is None else self.sample_weight[chosen]
        if self.chosen is not None:
            chosen = self.chosen[chosen]
        take = {name: x[chosen] for name, x in self.inputs.items()}
        return Data(take, {name: y[chosen] for name, y in self.targets.items()}, weight)

    def subset(self, chosen: Array) -> Data:
        """Return some of the samples, without reading them from a file."""
        if not self.mapped:
            return self.rows(chosen)
        weight = None if self.sample_weight is None else self.sample_weight[chosen]
        before = chosen if self.chosen is None else self.chosen[chosen]
        return replace(self, sample_weight=weight, chosen=before)

    def present(self) -> Data:
        """Return the samples that count: one with the weight 0 is as good as absent."""
        if self.sample_weight is None or self.sample_weight.all():
            return self
        return self.subset(np.flatnonzero(self.sample_weight > 0))

    def weighted_by(self, weight: Array | None) -> Data:
        """Return the same samples, each counting so many times more."""
        if weight is None:
            return self
        own = 1.0 if self.sample_weight is None else self.sample_weight
        return replace(self, sample_weight=own * weight)

    def passes(self, most: int) -> list[slice]:
        """Return the parts in which all samples are run through.

        Parameters
        ----------
        most : int
            Samples at a time; fewer where they are large.
        """
        numbers = sum(math.prod(x.shape[1:]) for x in self.inputs.values())
        size = max(1, min(most, PASS // max(numbers, 1)))
        return [slice(start, start + size) for start in range(0, self.samples, size)]
