"""`Images`: pictures by class as bytes, wherever they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.arrays import check_integers, to_array
from syn0.data.splitting import held_in_turn, held_out
from syn0.data.table import concatenated
from syn0.errors import DataError, ShapeError

Array = NDArray[Any]
_NAMED = 5  # skipped files in a picture of the set


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Pictures with their classes; the pixels stay bytes until a network reads them.

    Parameters
    ----------
    X : array of uint8, shape (n, height, width) or (n, height, width, channels)
        The pixels.
    y : array of int, shape (n,)
        The number of each picture's class.
    labels : sequence of str
        What the classes are called, sorted.
    paths : sequence of Path, optional
        Where the pictures were read from.
    skipped : mapping of Path to str
        Files that were passed over, each with the reason.
    remarks : mapping of str to int
        What was done to pictures, and to how many.
    resize : {"stretch", "crop", "pad"}
        How pictures of another size are brought to this one, here and in prediction.
    source : str, optional
        What they are called in messages.

    Raises
    ------
    ShapeError, DataError
        If pixels, class numbers and labels do not fit together.

    Examples
    --------
    >>> pixels = np.zeros((3, 8, 8), np.uint8)
    >>> images = Images(pixels, [0, 1, 1], ["cat", "dog"])
    >>> images
    Images: 3 of 8 x 8 pixels, grey
      cat  1
      dog  2
    >>> images.take([2, 0]).y
    array([1, 0])
    """

    X: Array
    y: Array
    labels: tuple[str, ...]
    paths: tuple[Path, ...] | None = None
    skipped: Mapping[Path, str] = field(default_factory=dict)
    remarks: Mapping[str, int] = field(default_factory=dict)
    resize: str = "stretch"
    source: str | None = None

    def __post_init__(self) -> None:
        pixels = to_array(self.X, "X")
        pixels = pixels[..., None] if pixels.ndim == 3 else pixels
        if pixels.ndim != 4 or pixels.shape[3] not in (1, 3):
            raise ShapeError(
                f"the pixels have the shape {pixels.shape}.", where="Images(X)",
                expected="(n, height, width, channels), one channel for grey, three for colour",
                mend="channels first: X.transpose(0, 2, 3, 1)",
            )  # fmt: skip
        numbers, labels = check_integers(to_array(self.y, "y"), "y"), tuple(map(str, self.labels))
        if numbers.shape != (len(pixels),) or len(pixels) == 0:
            raise ShapeError(
                f"there are {len(pixels)} pictures and classes of shape {numbers.shape}.",
                where="Images(X, y)", expected="one class number for each picture, at least one",
            )  # fmt: skip
        if numbers.min() < 0 or numbers.max() >= len(labels):
            raise DataError(
                f"y holds {numbers.min()} to {numbers.max()}, and there are {len(labels)} labels.",
                where="Images(X, y, labels)", expected="class numbers from 0 on, each with a label",
            )  # fmt: skip
        if list(labels) != sorted(set(labels)):
            raise DataError(
                f"the labels are {concatenated(labels)}.", where="Images(labels)",
                expected="each once, sorted",
            )  # fmt: skip
        for name, value in (("X", pixels), ("y", numbers), ("labels", labels)):
            object.__setattr__(self, name, value)

    # ----- looking in

    def __len__(self) -> int:
        return len(self.X)

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures each class has."""
        found = np.bincount(self.y, minlength=len(self.labels)).tolist()
        return dict(zip(self.labels, found, strict=True))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each picture."""
        height, width, channels = self.X.shape[1:]
        return height, width, channels

    def __repr__(self) -> str:
        height, width, channels = self.shape
        shade = "grey" if channels == 1 else "colour"
        lines = [f"Images: {len(self):,} of {height} x {width} pixels, {shade}"]
        wide = max(map(len, self.labels))
        lines += [f"  {label:{wide}}  {count:,}" for label, count in self.counts.items()]
        lines += [f"  {count:,} {what}" for what, count in self.remarks.items()]
        if self.skipped:
            named = concatenated([path.name for path in self.skipped], _NAMED)
            lines.append(f"  {len(self.skipped):,} skipped: {named}")
        return "\n".join(lines)

    # ----- parts

    def take(self, rows: Any) -> Images:
        """Return some pictures, given by their numbers, a mask or a slice."""
        chosen = np.arange(len(self))[rows]
        paths = None if self.paths is None else tuple(self.paths[i] for i in chosen)
        return replace(self, X=self.X[rows], y=self.y[rows], paths=paths)

    def split(self, share: float, random_state: int | None = None) -> tuple[Images, Images]:
        """Return the pictures in two parts, each with its share of every class.

        Parameters
        ----------
        share : float
            The share that the second part gets.
        random_state : int, optional
            Seed of the draw.

        Examples
        --------
        >>> images = Images(np.zeros((8, 2, 2), np.uint8), [0, 1] * 4, ["cat", "dog"])
        >>> [part.counts for part in images.split(0.25, random_state=0)]
        [{'cat': 3, 'dog': 3}, {'cat': 1, 'dog': 1}]
        """
        held = held_out(len(self), share, random_state, self.y)
        return self.take(~held), self.take(held)

    def folds(self, count: int, random_state: int | None = None) -> Iterator[tuple[Images, Images]]:
        """Yield the pictures in two parts so many times, each held out once, as in `split`."""
        for held in held_in_turn(len(self), count, random_state, self.y):
            yield self.take(~held), self.take(held)
