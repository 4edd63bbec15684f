"""What scikit-learn's perceptrons draw at random, in the same sequence of draws."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from syn0.engines import Engine

Array = NDArray[Any]


def draw_weights(
    units: Sequence[int], activation: object, dtype: Any, rng: np.random.RandomState
) -> tuple[list[Array], list[Array]]:
    r"""Return matrices and biases drawn from :math:`U(-r, r)` with :math:`r = \sqrt{6/(in + out)}`.

    After the logistic function 6 becomes 2 (Glorot and Bengio, 2010).

    Parameters
    ----------
    units : sequence of int
        Features, units of each hidden layer, outputs.
    activation : object
        That of the hidden layers.
    dtype : dtype
        Of the weights.
    rng : RandomState
        What they are drawn from: the matrix, then the biases, layer by layer.
    """
    factor = 2.0 if isinstance(activation, str) and activation == "logistic" else 6.0
    coefs, intercepts = [], []
    for before, after in pairwise(units):
        bound = np.sqrt(factor / (before + after))
        coefs.append(rng.uniform(-bound, bound, (before, after)).astype(dtype, copy=False))
        intercepts.append(rng.uniform(-bound, bound, after).astype(dtype, copy=False))
    return coefs, intercepts


class ShuffledOrders:
    """The order of each epoch: that of the epoch before, shuffled.

    Parameters
    ----------
    samples : int
        How many there are.
    rng : RandomState
        What the orders are drawn from, epoch after epoch.
    engine : Engine
        What draws them.

    Examples
    --------
    >>> from syn0.engines import choose
    >>> orders = ShuffledOrders(5, np.random.RandomState(0), choose()[0])
    >>> orders(0, 2)
    array([[2, 0, 1, 3, 4],
           [2, 1, 0, 4, 3]])
    """

    def __init__(self, samples: int, rng: np.random.RandomState, engine: Engine) -> None:
        self._samples = samples
        self._rng = rng
        self._engine = engine
        self._first: int | None = None
        self._kept = np.arange(samples)[None]  # those drawn last, or where the first begins
        self.epochs = 0

    def __call__(self, first: int, count: int) -> Array:
        """Return the orders of some epochs, of which the first is not before those of last time."""
        if self._first is None:
            self._first = first
        start = first - self._first
        self.draw_until(start)
        known = min(self.epochs - start, count)
        if known == count:
            return self._kept[len(self._kept) - (self.epochs - start) :][:count]
        found = np.empty((count, self._samples), np.int64)
        found[:known] = self._kept[len(self._kept) - known :]
        self._engine.shuffle(self._rng, self._kept[-1], found[known:])
        self._kept, self.epochs = found, start + count
        return found

    def draw_until(self, epochs: int) -> None:
        """Draw what so many epochs would have drawn, for whoever shares the generator."""
        while self.epochs < epochs:
            found = np.empty((1, self._samples), np.int64)
            self._engine.shuffle(self._rng, self._kept[-1], found)
            self._kept = found
            self.epochs += 1


def split_rows(
    samples: int, share: float, stratify: Array | None, rng: np.random.RandomState
) -> tuple[Array, Array]:
    """Return the rows to train on, and those held out.

    Parameters
    ----------
    samples : int
        How many there are.
    share : float
        How many of them are held out.
    stratify : array, optional
        Classes of which both sides get their share.
    rng : RandomState
        What the split is drawn from.

    Raises
    ------
    ValueError
        If fewer than two samples would be held out, or a class has a single sample.
    """
    train, held = train_test_split(
        np.arange(samples), random_state=rng, test_size=share, stratify=stratify
    )
    if len(held) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    return train, held
