"""`ImagePreparation`: what a network must know to read pictures and to name what it sees."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.images import Images
from syn0.data.images_decoding import MOST_PIXELS, WAYS, check_pillow, decode
from syn0.data.plain import Plain, vector
from syn0.data.table import concatenated
from syn0.data.targets import Classes, check_outputs
from syn0.errors import DataError, ShapeError

Array = NDArray[Any]
_FORMAT = 1


@dataclass(frozen=True, repr=False)
class ImagePreparation:
    """From picture files to the pixels that a network takes, and back to the names of classes.

    Made by `ImagePreparation.learn`. A network that has one takes `Images` and paths of
    pictures wherever it takes arrays, and keeps it in its file.

    Parameters
    ----------
    target : Classes
        What the classes are called, and how frequent each was.
    shape : (int, int, int)
        Height, width and channels of a picture; those of other sizes are brought to it.
    resize : {"stretch", "crop", "pad"}
        How; see `read_images`.
    pictures : int
        How many it was learned from.

    Examples
    --------
    >>> images = Images(np.zeros((2, 8, 8), np.uint8), [0, 1], ["cat", "dog"])
    >>> preparation = ImagePreparation.learn(images)
    >>> preparation
    ImagePreparation: pictures of 8 x 8 pixels, grey -> class, one of 'cat', 'dog'
    >>> preparation.decode([[0.25, 0.75]])["class"]
    array(['dog'], dtype=object)
    """

    target: Classes
    shape: tuple[int, int, int]
    resize: str = "stretch"
    pictures: int = 0

    @classmethod
    def learn(cls, images: Images) -> ImagePreparation:
        """Return how these pictures are read and named.

        Raises
        ------
        DataError
            If there is only one class.
        """
        if len(images.labels) < 2:
            raise DataError(
                f"all pictures are of the class {images.labels[0]!r}.", where=images.source,
                expected="at least two classes, each in a folder of its own",
            )  # fmt: skip
        shares = tuple(count / len(images) for count in images.counts.values())
        target = Classes("class", images.labels, shares)
        return cls(target, images.shape, images.resize, len(images))

    # ----- reading pictures

    def reads(self, X: Any) -> bool:
        """Tell whether X is `Images`, the path of a picture or several of these."""
        if isinstance(X, (Images, str, os.PathLike)):
            return True
        return isinstance(X, (list, tuple)) and bool(X) and all(map(_is_path, X))

    def features(self, X: Any) -> Array:
        """Return the pixels of pictures, uint8 (n, height, width, channels).

        Parameters
        ----------
        X : Images, str, Path or sequence of these paths
            The pictures. Files of another size are brought to that of the training pictures,
            and to grey or colour as those were.

        Raises
        ------
        DataError
            If a file cannot be read; it is named.
        ShapeError
            If `Images` have another shape.
        """
        return self.told_features(X)[0]

    def told_features(self, X: Any) -> tuple[Array, Counter[str]]:
        """Return the pixels, and what had to be done to how many pictures to get them."""
        if isinstance(X, Images):
            if X.shape != self.shape:
                raise ShapeError(
                    f"the pictures have the shape {X.shape}.", where=X.source,
                    expected=f"{self.shape}, height, width and channels as in training",
                    mend=f"read_images(folder, size={self.shape[:2]}, channels={self.shape[2]})",
                )  # fmt: skip
            return X.X, Counter()
        check_pillow()
        paths = [Path(path) for path in ([X] if _is_path(X) else X)]
        pixels, remarks = np.empty((len(paths), *self.shape), np.uint8), Counter[str]()
        height, width, channels = self.shape
        for row, path in enumerate(paths):
            found = decode(path, channels=channels, size=(height, width), resize=self.resize)
            pixels[row] = found.pixels
            remarks.update(found.remarks)
        return pixels, remarks

    def samples(self, X: Any) -> tuple[Array, Array]:
        """Return pixels and class numbers of `Images`.

        Raises
        ------
        DataError
            If the classes are not those of the training pictures.
        """
        if not isinstance(X, Images):
            raise DataError(
                "paths of pictures do not tell their classes.", expected="Images, or y beside X",
                mend="images = syn0.data.read_images(folder)",
            )  # fmt: skip
        if X.labels != self.target.labels:
            raise DataError(
                f"the classes are {', '.join(map(repr, X.labels))}.", where=X.source,
                expected=", ".join(map(repr, self.target.labels)) + ", those of the training",
            )  # fmt: skip
        return self.features(X), X.y

    def row(self, value: Any) -> Array:
        """Return the pixels of one picture, given by its path."""
        pixels: Array = self.features([value])[0]
        return pixels

    def decode(self, outputs: Any) -> dict[str, Array]:
        """Return the likeliest class of each picture, and the probability of each class."""
        return self.target.decode(check_outputs(self.target, outputs))

    # ----- plain data

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the record as JSON and arrays, which `from_plain` takes back."""
        return {
            "format": _FORMAT,
            "kind": "images",
            "pictures": self.pictures,
            "shape": list(self.shape),
            "resize": self.resize,
            "target": self.target.to_plain(),
        }, {"target_shares": np.array(self.target.shares, np.float64)}

    @classmethod
    def from_plain(cls, json: Any, arrays: Mapping[str, Array]) -> ImagePreparation:
        """Return the record that `to_plain` wrote, after checking every item of it.

        Raises
        ------
        DataError
            If an item is missing, unknown, or of another type, length or range.
        """
        plain = Plain(json, "preparation")
        plain.only("format", "kind", "pictures", "shape", "resize", "target")
        plain.choice("kind", ("images",))
        if plain.whole("format") != _FORMAT:
            raise plain.wrong("format", f"{_FORMAT}, the only one that this release reads")
        shape = plain.several("shape", _whole)
        if len(shape) != 3 or shape[2] not in (1, 3) or not 0 < shape[0] * shape[1] <= MOST_PIXELS:
            raise plain.wrong("shape", "height, width and channels of a picture")
        aim = Plain(plain.get("target", "a mapping"), "preparation, target")
        aim.choice("kind", ("classes",))
        labels = aim.texts("labels")
        extra = sorted(set(arrays) - {"target_shares"})
        if extra:
            raise DataError(
                f"there is an array {extra[0]!r} that nothing reads.", where="preparation"
            )
        target = Classes.from_plain(aim, vector(arrays, "target_shares", len(labels)))
        resize = plain.choice("resize", WAYS)
        return cls(target, (shape[0], shape[1], shape[2]), resize, plain.whole("pictures"))

    def __repr__(self) -> str:
        height, width, channels = self.shape
        shade = "grey" if channels == 1 else "colour"
        names = concatenated([str(label) for label in self.target.labels])
        return (
            f"ImagePreparation: pictures of {height} x {width} pixels, {shade} -> "
            f"{self.target.name}, one of {names}"
        )


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


def _whole(plain: Plain, item: Any) -> int:
    if not isinstance(item, int) or isinstance(item, bool) or item < 1:
        raise plain.wrong("shape", "whole numbers above 0")
    return item
