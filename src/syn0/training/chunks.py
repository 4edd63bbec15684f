"""Data that are larger than memory: an epoch as chunks, and chunks as batches.

An epoch reads one chunk of rows after the other. The rows of a chunk are mixed; those that
are left over, fewer than a batch, join the first ones of the next chunk. So each row comes
exactly once an epoch, and every batch is full but the last. The order is a function of the
seed, the epoch and the place in it: how fast chunks arrive changes no number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from syn0.arrays import is_mapped
from syn0.errors import DataError
from syn0.training.feeds import StepTable, common_length

Array = NDArray[Any]
Order = NDArray[np.int64]


@dataclass(frozen=True)
class Chunk:
    """Some rows of an epoch in memory, under the names of the program's inputs.

    Parameters
    ----------
    inputs : mapping of str to array
        All of one length.
    order : array of int64
        In which order the rows are taken.
    """

    inputs: Mapping[str, Array]
    order: Order

    def take(self, rows: slice) -> dict[str, Array]:
        """Return the rows at these places of the order."""
        return {name: x.take(self.order[rows], axis=0) for name, x in self.inputs.items()}

    def behind(self, start: int) -> Chunk:
        """Return the chunk without the rows that come first."""
        return Chunk(self.inputs, self.order[start:])


class Source(Protocol):
    """Where chunks come from.

    Attributes
    ----------
    samples : int or None
        Rows an epoch; None where only the end of an epoch tells.
    """

    samples: int | None

    def chunks(self, epoch: int) -> Iterator[Mapping[str, Array]]:
        """Yield the chunks of an epoch, in its order."""
        ...


class Part:
    """Batches of one size from one chunk, as a feed that engines gather by index.

    Parameters
    ----------
    chunk : Chunk
        Its order is cut into batches from the front; what is left over is not touched.
    batch_size : int
        Samples a step.
    first : int
        How many updates this fit did before, which is what the tables go by.
    tables : mapping of str to StepTable
        Inputs that change from step to step.

    Attributes
    ----------
    steps : int
        How many batches there are. An epoch has more steps than these, since what ends
        an epoch is not known here.
    """

    shuffle = True

    def __init__(
        self, chunk: Chunk, batch_size: int, first: int, tables: Mapping[str, StepTable]
    ) -> None:
        self.inputs = chunk.inputs
        self.samples = common_length(chunk.inputs)
        self.batch_size = batch_size
        self.steps = len(chunk.order) // batch_size
        self.steps_per_epoch = self.steps + 1
        self._chunk = chunk
        self._tables = tables
        self._first = first

    def orders(self, first: int, count: int) -> Order:
        """Return the order in which the rows are taken, which is the same for all epochs."""
        return np.broadcast_to(self._chunk.order, (count, len(self._chunk.order)))

    def table(self, name: str, first: int, count: int) -> Array:
        """Return the values of one table at some steps."""
        return self._tables[name].rows(self._first + first, count)

    def batch(self, step: int) -> dict[str, Array]:
        """Return the inputs of the program for a step."""
        batch = self._chunk.take(slice(step * self.batch_size, (step + 1) * self.batch_size))
        return batch | {name: self.table(name, step, 1).reshape(()) for name in self._tables}


class ChunkFeed:
    """Batches from chunks that follow each other.

    Parameters
    ----------
    source : Source
        Where the chunks come from.
    batch_size : int
        Samples a step.
    seed : int
        Draws the order within each chunk: that of ``default_rng([seed, epoch, place])``.
    shuffle : bool
        False keeps the order of the rows.
    tables : mapping of str to StepTable
        Inputs that change from step to step, counted from the first step of the fit.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> halves = [{"x": np.arange(3)}, {"x": np.arange(3, 7)}]
    >>> source = SimpleNamespace(samples=7, chunks=lambda epoch: iter(halves))
    >>> feed = ChunkFeed(source, batch_size=2, seed=0, shuffle=False)
    >>> chunks = [chunk for chunk in feed.read(0, 1) if chunk is not None]
    >>> [p.batch(step)["x"].tolist() for p in feed.parts(chunks) for step in range(p.steps)]
    [[0, 1], [2, 3], [4, 5], [6]]
    """

    def __init__(
        self,
        source: Source,
        *,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
        tables: Mapping[str, StepTable] | None = None,
    ) -> None:
        self.source = source
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.tables = dict(tables or {})

    @property
    def samples(self) -> int | None:
        """Rows an epoch, None before they are known."""
        return self.source.samples

    @property
    def steps_per_epoch(self) -> int | None:
        """Steps an epoch, None before they are known."""
        return None if self.samples is None else -(-self.samples // self.batch_size)

    def read(self, first_epoch: int, epochs: int) -> Iterator[Chunk | None]:
        """Yield the chunks of some epochs, and None behind each epoch."""
        for epoch in range(first_epoch, first_epoch + epochs):
            place = -1
            for place, inputs in enumerate(self.source.chunks(epoch)):
                # Yielded without a name, so that a chunk lives no longer than it is used.
                yield self._mixed(inputs, np.random.default_rng([self.seed, epoch, place]))
                del inputs
            if place < 0:
                raise DataError(
                    f"epoch {epoch + 1} has no samples.",
                    where="the chunks",
                    expected="at least one chunk of (X, y) in every epoch",
                    mend="give a list, or a function that returns a fresh iterator at each call",
                )
            yield None

    def _mixed(self, inputs: Mapping[str, Array], rng: np.random.Generator) -> Chunk:
        rows = common_length(inputs)
        order = rng.permutation(rows) if self.shuffle else np.arange(rows)
        ready = {name: _in_memory(x) for name, x in inputs.items()}
        return Chunk(ready, order.astype(np.int64, copy=False))

    def parts(self, chunks: Iterable[Chunk], first: int = 0) -> Iterator[Part]:
        """Cut the chunks of an epoch into batches.

        Parameters
        ----------
        chunks : iterable of Chunk
            Those of one epoch.
        first : int
            How many updates this fit did before.
        """
        held: list[dict[str, Array]] = []  # rows that wait for the next chunk
        waiting = 0
        for chunk in chunks:
            rows = len(chunk.order)
            start = min(self.batch_size - waiting, rows) if waiting else 0
            if start:
                held.append(chunk.take(slice(start)))
                waiting += start
            if waiting == self.batch_size:
                yield self._joined(held, first)
                first, held, waiting = first + 1, [], 0
            if start < rows:
                part = Part(chunk.behind(start), self.batch_size, first, self.tables)
                if part.steps:
                    yield part
                first += part.steps
                start += part.steps * self.batch_size
                del part
            if start < rows:
                held.append(chunk.take(slice(start, None)))
                waiting = rows - start
            del chunk
        if held:
            yield self._joined(held, first)

    def _joined(self, held: list[dict[str, Array]], first: int) -> Part:
        inputs = {name: np.concatenate([piece[name] for piece in held]) for name in held[0]}
        rows = common_length(inputs)
        return Part(Chunk(inputs, np.arange(rows)), rows, first, self.tables)


def _in_memory(array: Array) -> Array:
    """Return an array as engines read it: in memory, and of a kind that all of them know."""
    kind = array.dtype.newbyteorder("=")
    if kind.kind == "f" and kind.itemsize not in (4, 8):
        kind = np.dtype("float32" if kind.itemsize < 4 else "float64")
    return np.array(array, kind) if is_mapped(array) else np.ascontiguousarray(array, kind)
