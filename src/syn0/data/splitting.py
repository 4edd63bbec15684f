"""Rows drawn at random to be held out, each part with its share of every label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.values import is_missing
from syn0.errors import ArgumentError

Array = NDArray[Any]
Mask = NDArray[np.bool_]


def held_out(
    rows: int, share: float, random_state: int | None, labels: Array | None = None
) -> Mask:
    """Return which rows are held out, a share of them all and of each label.

    Raises
    ------
    ArgumentError
        If either side would be empty.
    """
    held = round(rows * share) if isinstance(share, (int, float)) else 0
    if isinstance(share, bool) or not 0 < held < rows:
        raise ArgumentError(
            f"a share of {share!r} of {rows} rows leaves one side empty.",
            where="split(share)",
            expected="a share between 0 and 1 that leaves rows on both sides",
        )
    return _mask(rows, spread(rows, random_state, labels)[:held])


def held_in_turn(
    rows: int, count: int, random_state: int | None, labels: Array | None = None
) -> Iterator[Mask]:
    """Yield so many times which rows are held out, so that each is once.

    Raises
    ------
    ArgumentError
        If there are fewer rows than that, or it is less than two.
    """
    whole = isinstance(count, int) and not isinstance(count, bool)
    if not whole or not 2 <= count <= rows:
        raise ArgumentError(
            f"{count!r} folds of {rows} rows.",
            where="folds(count)",
            expected=f"a whole number from 2 to {rows}",
        )
    order = spread(rows, random_state, labels)
    for i in range(count):
        yield _mask(rows, order[i * rows // count : (i + 1) * rows // count])


def _mask(rows: int, chosen: Array) -> Mask:
    found = np.zeros(rows, bool)
    found[chosen] = True
    return found


def spread(rows: int, random_state: int | None, labels: Array | None = None) -> Array:
    """Return the rows in a random order whose every part has its share of every label.

    Each label's rows are shuffled and laid evenly over the order, so that the first tenth
    of it has a tenth of each label, to a row.

    Examples
    --------
    >>> labels = np.array(["a"] * 4 + ["b"] * 2)
    >>> order = spread(6, 0, labels)
    >>> "".join(sorted(labels[order[:3]])), "".join(sorted(labels[order[3:]]))
    ('aab', 'aab')
    """
    generator = np.random.default_rng(random_state)
    shuffled = generator.permutation(rows)
    if labels is None:
        return shuffled
    keys = np.where(is_missing(labels), "", labels.astype(object)).astype(str)
    _, number, count = np.unique(keys[shuffled], return_inverse=True, return_counts=True)
    by_label = np.argsort(number, kind="stable")
    rank = np.empty(rows)
    rank[by_label] = np.arange(rows) - np.repeat(np.cumsum(count) - count, count)
    return shuffled[np.argsort((rank + 0.5) / count[number], kind="stable")]
