"""Where chunks come from: a file mapped into memory, or whatever hands over ``(X, y)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, DataError

Array = NDArray[Any]
CHUNK_BYTES = 2**24  # of a mapped file that are read and mixed at a time
RUN_BYTES = 2**19  # of a mapped file that lie together: a disk likes no less
_END = object()


class MappedRows:
    """Chunks of rows from arrays that lie in a file.

    The rows are cut into runs, of half a megabyte each. An epoch goes through the runs in an
    order of its own, and reads some thirty of them, from all over the file, as a chunk. So
    reading stays local, and yet rows from all over the file are mixed.

    Parameters
    ----------
    read : callable
        ``read(rows)`` returns these rows, given by ascending numbers, as arrays by name.
    samples, row_bytes : int
        How many rows there are, and the size of one.
    seed : int
        Draws the order of the runs, ``default_rng([seed, epoch])``.
    shuffle : bool
        False reads from the first row to the last.

    Examples
    --------
    >>> source = MappedRows(lambda rows: {"x": rows}, samples=7, row_bytes=2**22, shuffle=False)
    >>> [chunk["x"].tolist() for chunk in source.chunks(0)]
    [[0, 1, 2, 3], [4, 5, 6]]
    """

    def __init__(
        self,
        read: Callable[[Array], Mapping[str, Array]],
        *,
        samples: int,
        row_bytes: int,
        seed: int = 0,
        shuffle: bool = True,
    ) -> None:
        self.samples: int | None = samples
        self._read = read
        self._rows = samples
        self._run = max(1, RUN_BYTES // max(row_bytes, 1))
        self._runs_per_chunk = max(1, CHUNK_BYTES // max(row_bytes * self._run, 1))
        self._seed = seed
        self._shuffle = shuffle

    def chunks(self, epoch: int) -> Iterator[Mapping[str, Array]]:
        """Yield the chunks of an epoch."""
        runs = np.arange(0, self._rows, self._run)
        if self._shuffle:
            np.random.default_rng([self._seed, epoch]).shuffle(runs)
        for place in range(0, len(runs), self._runs_per_chunk):
            chosen = np.sort(runs[place : place + self._runs_per_chunk])  # as they lie on a disk
            rows = (chosen[:, None] + np.arange(self._run)).ravel()
            yield self._read(rows[rows < self._rows])


class GivenChunks:
    """Chunks that somebody hands over.

    Parameters
    ----------
    given : iterable or callable
        A sequence; something that can be iterated in each epoch; a function that returns
        a fresh iterator; or an iterator, which serves one epoch.
    epoch, epochs : int
        The first epoch that will be read, and how many.
    seed : int
        Draws the order of a sequence, ``default_rng([seed, epoch]).permutation(n)``.
    shuffle : bool
        False keeps the order of a sequence. Others come in the order in which they come.

    Attributes
    ----------
    samples : int or None
        Rows of an epoch: of a sequence about so many, before an epoch has passed.
    """

    def __init__(self, given: Any, *, epoch: int, epochs: int, seed: int, shuffle: bool) -> None:
        self._given = given
        self._sequence = is_sequence(given)
        self._seed = seed
        self._shuffle = shuffle
        self._prepare: Callable[[Any], Mapping[str, Array]] = lambda chunk: chunk
        if epochs > 1 and isinstance(given, Iterator):
            raise ArgumentError(
                f"a {type(given).__name__} gives its chunks once, for {epochs} epochs.",
                expected="epochs=1, or chunks that can be read again",
                mend="give a list, or the function itself that returns a fresh iterator: "
                "net.fit(read) and not net.fit(read())",
            )
        self.samples: int | None = None
        self._begun = (epoch, self._items(epoch))
        self._ahead = list(islice(self._begun[1], 1))
        if not self._ahead:
            raise DataError("there are no chunks.", expected="at least one chunk of (X, y)")

    @contextmanager
    def first(self) -> Iterator[Any]:
        """Look at the first chunk as it was given; an error within says where it was met."""
        ((place, chunk),) = self._ahead
        with noting(place):
            yield chunk

    def prepared_by(self, prepare: Callable[[Any], Mapping[str, Array]], rows: int) -> None:
        """Set what makes arrays of a chunk as it was given, and how many rows one has about."""
        self._prepare = prepare
        self.samples = None if self._count is None else rows * self._count

    def sample(self) -> Mapping[str, Array] | None:
        """Return the first chunk of a sequence, checked; None where chunks come in one order."""
        if not self._sequence:
            return None
        with noting("chunks[0]"):
            return self._prepare(self._given[0])

    @property
    def _count(self) -> int | None:
        """How many chunks there are, None where that is not known."""
        try:
            return len(self._given)
        except TypeError:
            return None

    @property
    def described(self) -> str:
        """What there is, for the first line of progress."""
        return "chunks" if self._count is None else f"{self._count} chunks"

    def chunks(self, epoch: int) -> Iterator[Mapping[str, Array]]:
        """Yield the chunks of an epoch, checked."""
        samples = 0
        kept = isinstance(self._given, (list, tuple))
        for place, chunk in self._from(epoch):
            with noting(place):
                inputs = self._prepare(chunk)
            if not kept:  # whoever makes chunks may fill the same array with the next one
                inputs = {name: np.array(x) for name, x in inputs.items()}
            del chunk
            rows = len(next(iter(inputs.values())))
            samples += rows
            if rows:
                yield inputs
            del inputs
        self.samples = samples

    def _from(self, epoch: int) -> Iterator[tuple[str, Any]]:
        """Yield the chunks of an epoch, the one that was looked at ahead among them."""
        begun, items = self._begun
        if epoch == begun and self._ahead:
            yield self._ahead.pop()  # without a name: it is not to live as long as the epoch
            yield from items
        else:
            yield from self._items(epoch)

    def _items(self, epoch: int) -> Iterator[tuple[str, Any]]:
        """Yield each chunk as it is given, and where it stands."""
        if self._sequence:
            numbers = np.arange(len(self._given))
            if self._shuffle:
                numbers = np.random.default_rng([self._seed, epoch]).permutation(numbers)
            for number in numbers.tolist():
                with noting(place := f"chunks[{number}]"):
                    chunk = self._given[number]
                yield place, chunk
            return
        with noting(place := f"chunk 1 of epoch {epoch + 1}"):
            items = iter(self._given if isinstance(self._given, Iterable) else self._given())
        number = 1
        while True:
            with noting(place):
                chunk = next(items, _END)
            if chunk is _END:
                return
            yield place, chunk
            del chunk
            number += 1
            place = f"chunk {number} of epoch {epoch + 1}"


@contextmanager
def noting(place: str) -> Iterator[None]:
    """Add to an error where it was met."""
    try:
        yield
    except Exception as error:
        error.add_note(f"  while reading {place}")
        raise


# ----- what people mean ---------------------------------------------------


def is_sequence(given: Any) -> bool:
    """Tell whether chunks can be asked for by number."""
    return hasattr(given, "__getitem__") and isinstance(given, Sized)


def are_chunks(X: Any, y: Any = None) -> bool:
    """Tell whether X gives chunks, and is no array, nor one array for each input.

    Examples
    --------
    >>> X, y = np.zeros((4, 3)), np.zeros(4)
    >>> are_chunks([(X, y), (X, y)]), are_chunks(lambda: iter([(X, y)]))
    (True, True)
    >>> are_chunks(X), are_chunks([[1.0, 2.0], [3.0, 4.0]]), are_chunks((X, X))
    (False, False, False)
    """
    if X is None or _is_array(X) or isinstance(X, (Mapping, set, frozenset, str, bytes)):
        return False
    if is_sequence(X):
        return y is None and len(X) > 0 and _is_chunk(X[0])
    return callable(X) or isinstance(X, Iterable)


def _is_chunk(item: Any) -> bool:
    """Tell a chunk from a row of numbers."""
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        return False
    X = item[0]
    if isinstance(X, Mapping):
        return True
    return any(map(_is_array, X)) if isinstance(X, (tuple, list)) else _is_array(X)


def _is_array(value: Any) -> bool:
    known = ("shape", "__array__", "__array_interface__")
    return not isinstance(value, np.generic) and any(hasattr(value, name) for name in known)


def unpack_chunk(chunk: Any) -> tuple[Any, Any, Any]:
    """Return X, y and sample_weight of a chunk.

    Raises
    ------
    DataError
        If it is nothing of the kind.
    """
    if not isinstance(chunk, (tuple, list)) or len(chunk) not in (2, 3):
        found = f"{len(chunk)} items" if isinstance(chunk, (tuple, list)) else "no tuple"
        raise DataError(
            f"a chunk is a {type(chunk).__name__}, {found}.",
            expected="(X, y) or (X, y, sample_weight)",
            mend="where the network computes its loss itself: (X, None)",
        )
    X, y, *weight = chunk
    return X, y, weight[0] if weight else None


def needs_all(what: str, mend: str) -> ArgumentError:
    """Return the error for what cannot be had from chunks."""
    return ArgumentError(
        f"{what} needs all samples at once, but they come in chunks.",
        mend=f"{mend}, or give arrays; those that do not fit into memory as numpy.memmap",
    )


def check_chunked(y: Any, sample_weight: Any, validation_data: Any, batch_size: Any) -> None:
    """Refuse what cannot go with chunks."""
    if y is not None or sample_weight is not None:
        raise ArgumentError(
            f"{'y' if y is not None else 'sample_weight'} is given beside chunks.",
            expected="chunks that bring (X, y) or (X, y, sample_weight)",
            mend="net.fit(chunks)",
        )
    if isinstance(validation_data, (int, float)):
        raise needs_all(f"validation_data={validation_data!r}", "give (X, y)")
    if batch_size is None:
        raise needs_all("batch_size=None", "give a number")
