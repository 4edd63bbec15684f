"""Where batches come from: arrays in memory, each in its own dtype, gathered by index.

A feed is a pure function of the absolute step: asked twice for one step it gives the same
batch, in whatever order it is asked. So a span may be split anywhere, and training may go
on in the middle of an epoch. An epoch's order depends on the seed and on the epoch's number
alone. Data that do not fit into memory have feeds of their own, in `syn0.training.chunks`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, DataError
from syn0.schedules import Schedule

Orders = Callable[[int, int], NDArray[np.int64]]  # of the samples in some epochs, a row each
AUTO_BATCH_SIZE = 200  # scikit-learn's MLPClassifier


@dataclass(frozen=True)
class StepTable:
    """A hyperparameter that is a function of the step, evaluated ahead into arrays.

    Parameters
    ----------
    function : callable
        ``function(step) -> float``, step 0 being the first update; a `Schedule` is
        asked for many steps at once.
    dtype : str
        What the program takes.
    offset : int
        How many updates were done before step 0 of the feed; the value at `step` is
        ``function(step + offset)``.

    Examples
    --------
    >>> halving = StepTable(lambda step: 0.5**step, "float64")
    >>> halving.rows(1, 3)
    array([0.5  , 0.25 , 0.125])
    """

    function: Schedule | Callable[[int], Any]
    dtype: str = "float32"
    offset: int = 0

    def rows(self, first: int, count: int) -> NDArray[Any]:
        """Return the values at the steps ``first .. first + count - 1``."""
        steps = np.arange(first, first + count) + self.offset
        if isinstance(self.function, Schedule):
            values = np.asarray(self.function(steps), np.float64)
        else:
            values = np.asarray([float(self.function(step)) for step in steps.tolist()])
        wrong = steps[~np.isfinite(values)]
        if wrong.size:
            raise ArgumentError(
                f"the schedule gives {values[steps == wrong[0]].item()} at step {wrong[0]}.",
                where=repr(self.function),
                expected="a finite number at every step",
            )
        return values.astype(self.dtype)


class ResidentFeed:
    """Batches from arrays in memory.

    Parameters
    ----------
    inputs : mapping of str to array
        The program's inputs by name, such as x, y and sample_weight; samples first, all of
        one length. They keep their dtype and are not copied.
    batch_size : int, None or "auto"
        Samples a step; None takes all, ``"auto"`` at most 200. The last batch of an epoch
        holds what is left.
    seed : int
        Draws the order of each epoch, ``default_rng([seed, epoch]).permutation(n)``.
    shuffle : bool
        False keeps the order of the arrays. One batch that holds all samples keeps it
        too: there is nothing to mix.
    orders : callable, optional
        ``orders(first, count)`` returns permutations of ``range(n)``, a row for each of some
        epochs, in place of the drawn ones. What is asked for again lies not far back.
    tables : mapping of str to StepTable
        Inputs that change from step to step, such as a scheduled learning_rate.

    Attributes
    ----------
    samples, batch_size, steps_per_epoch : int
        Samples an epoch, samples a full step, steps an epoch.

    Examples
    --------
    >>> import numpy as np
    >>> feed = ResidentFeed({"x": np.arange(5)}, batch_size=2, shuffle=False)
    >>> [feed.batch(step)["x"].tolist() for step in range(4)]
    [[0, 1], [2, 3], [4], [0, 1]]
    """

    def __init__(
        self,
        inputs: Mapping[str, NDArray[Any]],
        *,
        batch_size: int | Literal["auto"] | None = "auto",
        seed: int = 0,
        shuffle: bool = True,
        orders: Orders | None = None,
        tables: Mapping[str, StepTable] | None = None,
    ) -> None:
        self.inputs = dict(inputs)
        self.tables = dict(tables or {})
        self.seed = seed
        self.samples = common_length(self.inputs)
        self.batch_size = resolve_batch_size(batch_size, self.samples)
        self.steps_per_epoch = -(-self.samples // self.batch_size)
        self.shuffle = shuffle and self.steps_per_epoch > 1
        self._draw = self._drawn if orders is None else orders
        self._orders: tuple[int, NDArray[np.int64]] = 0, np.empty((0, 0), np.int64)
        self._rows: tuple[int, dict[str, NDArray[Any]]] | None = None

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the order in which an epoch takes the samples."""
        return self.orders(epoch, 1)[0]

    def orders(self, first: int, count: int) -> NDArray[np.int64]:
        """Return the orders in which some epochs take the samples, a row each."""
        begin, kept = self._orders
        if not begin <= first <= first + count <= begin + len(kept):
            kept = self._draw(first, count) if self.shuffle else self._plain(count)
            begin, self._orders = first, (first, kept)
        return kept[first - begin : first - begin + count]

    def _plain(self, count: int) -> NDArray[np.int64]:
        return np.tile(np.arange(self.samples), (count, 1))

    def _drawn(self, first: int, count: int) -> NDArray[np.int64]:
        found = np.empty((count, self.samples), np.int64)
        for row, epoch in enumerate(range(first, first + count)):
            found[row] = np.random.default_rng([self.seed, epoch]).permutation(self.samples)
        return found

    def table_rows(self, epoch: int) -> dict[str, NDArray[Any]]:
        """Return the values of the tables for each step of an epoch."""
        if self._rows is None or self._rows[0] != epoch:
            count = self.steps_per_epoch
            rows = {name: t.rows(epoch * count, count) for name, t in self.tables.items()}
            self._rows = (epoch, rows)
        return self._rows[1]

    def table(self, name: str, first: int, count: int) -> NDArray[Any]:
        """Return the values of one table at the steps ``first .. first + count - 1``."""
        return self.tables[name].rows(first, count)

    def batch(self, step: int) -> dict[str, NDArray[Any]]:
        """Return the inputs of the program for an absolute step."""
        epoch, index = divmod(step, self.steps_per_epoch)
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        if self.shuffle:
            chosen = self.order(epoch)[part]
            batch = {name: x.take(chosen, axis=0) for name, x in self.inputs.items()}
        else:
            batch = {name: x[part] for name, x in self.inputs.items()}
        if self.tables:
            rows = self.table_rows(epoch)
            batch.update({name: np.asarray(row[index]) for name, row in rows.items()})
        return batch


def common_length(inputs: Mapping[str, NDArray[Any]]) -> int:
    """Return the number of samples, the same in all inputs and at least one."""
    lengths = {name: len(x) for name, x in inputs.items()}
    if len(set(lengths.values())) != 1:
        listed = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DataError(
            f"the inputs differ in their number of samples: {listed or 'there are none'}.",
            expected="one row a sample in each",
        )
    samples = next(iter(lengths.values()))
    if samples == 0:
        raise DataError("there are no samples.", where=", ".join(lengths), expected="at least one")
    return samples


def resolve_batch_size(batch_size: int | str | None, samples: int = sys.maxsize) -> int:
    """Return the samples of a full step, of so many or of a number that is not known."""
    if batch_size is None:
        return samples
    if batch_size == "auto":
        return min(AUTO_BATCH_SIZE, samples)
    whole = isinstance(batch_size, int | np.integer) and not isinstance(batch_size, bool)
    if not whole or int(batch_size) < 1:
        raise ArgumentError(
            f"batch_size is {batch_size!r}.",
            expected="a whole number from 1 on, None for all samples, or 'auto'",
        )
    return min(int(batch_size), samples)
