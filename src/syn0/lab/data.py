"""Data that the studies make for themselves, so that hard and easy can be chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[NDArray[Any], NDArray[Any]]


def wave(bends: int, count: int, seed: int) -> Pair:
    """Return points in a square and whether each lies above a wave that bends so often.

    Examples
    --------
    >>> X, y = wave(3, 100, seed=0)
    >>> X.shape, y.shape
    ((100, 2), (100, 1))
    """
    random = np.random.default_rng(seed)
    X = random.uniform(-1, 1, (count, 2))
    y = X[:, 1] > 0.6 * np.sin(bends * np.pi * X[:, 0] / 2)
    return X, y[:, None].astype(float)


def curve(count: int, seed: int) -> Pair:
    """Return places between -1 and 1 and the height of a smooth, uneven curve there.

    Examples
    --------
    >>> X, y = curve(100, seed=0)
    >>> X.shape, y.shape
    ((100, 1), (100, 1))
    """
    random = np.random.default_rng(seed)
    X = random.uniform(-1, 1, (count, 1))
    return X, np.sin(5 * X) + 0.4 * np.cos(12 * X) * X
