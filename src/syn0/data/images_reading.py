"""`read_images`: a folder of pictures, one folder within it for each class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.images import Images
from syn0.data.images_decoding import WAYS, Decoded, Size, check_pillow, decode, is_picture
from syn0.data.table import concatenated
from syn0.errors import ArgumentError, DataError

Array = NDArray[Any]
Progress = Callable[[int, int, str], object]


def read_images(
    folder: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    resize: str = "stretch",
    channels: int | None = None,
    on_error: str = "raise",
    progress: Progress | None = None,
) -> Images:
    """Return the pictures of a folder, in which each class has a folder that bears its name.

    Parameters
    ----------
    folder : str or Path
        The folder that holds the folders of the classes.
    size : int or (int, int), optional
        Height and width to bring all pictures to; not needed where they are alike.
    resize : {"stretch", "crop", "pad"}
        How: the whole picture, whatever becomes of its proportions, as in Keras; the largest
        part in the middle that has the new proportions; or the whole with black beside it.
    channels : {1, 3}, optional
        Grey or colour; by default grey if all files are, else colour.
    on_error : {"raise", "skip"}
        Whether a file that is no good is an error, or is passed over and named in `skipped`.
    progress : callable, optional
        Called after each file with how many are done, of how many, and its name.

    Returns
    -------
    Images
        Bytes as the files have them, in the order of names; nothing is scaled.

    Raises
    ------
    DataError
        If there are no classes, one is empty, a file is damaged, or sizes differ: it names
        the files.
    ArgumentError
        If an argument has a value that it cannot take, or Pillow is missing.

    Notes
    -----
    Transparent parts are laid over white, pictures are turned as their EXIF orientation says,
    of several frames the first is taken, of 16 bits a pixel the upper 8: `remarks` counts all
    that. Hidden files, and files that by their name are no pictures, are not looked at; the
    latter are counted too. A picture beside the folders, or a folder within that of a class,
    is an error: neither says what it shows.

    Examples
    --------
    >>> import tempfile, PIL.Image
    >>> place = Path(tempfile.mkdtemp())
    >>> for name in ("cat", "dog"):
    ...     (place / name).mkdir()
    ...     PIL.Image.new("L", (9, 8)).save(place / name / "1.png")
    >>> read_images(place)
    Images: 2 of 8 x 9 pixels, grey
      cat  1
      dog  1
    """
    wanted = _checked_size(size)
    for name, value, known in (
        ("resize", resize, WAYS), ("channels", channels, (None, 1, 3)),
        ("on_error", on_error, ("raise", "skip")),
    ):  # fmt: skip
        if value not in known:
            raise ArgumentError(
                f"{name} is {value!r}.", where="read_images",
                expected=", ".join(map(repr, known)),
            )  # fmt: skip
    check_pillow()
    place = Path(folder)
    found = find_pictures(place, skips=on_error == "skip")
    total = sum(map(len, found.classes.values()))
    stack = _Stack(total, wanted)
    for done, (label, path) in enumerate(found.pictures(), 1):
        try:
            stack.add(label, path, decode(path, channels=channels, size=wanted, resize=resize))
        except SizesDifferError:
            raise
        except DataError as error:
            if on_error == "raise":
                mend = f"{error.mend}, or pass such files over: on_error='skip', --skip-bad"
                raise DataError(error.what, mend=mend) from None
            found.skipped[path] = error.what
        if progress is not None:
            progress(done, total, path.name)
    labels = tuple(found.classes)
    lost = [label for number, label in enumerate(labels) if number not in stack.numbers]
    if lost:
        raise _empty(place / lost[0], found.skipped)
    remarks = {**stack.remarks, **found.remarks}
    return Images(
        stack.pixels[: len(stack.paths)], np.array(stack.numbers, np.int64), labels,
        tuple(stack.paths), found.skipped, remarks, resize, place.absolute().name,
    )  # fmt: skip


class SizesDifferError(DataError):
    """Pictures of several sizes, and none was asked for."""


def _checked_size(size: Any) -> Size | None:
    if size is None:
        return None
    pair = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in pair)
    if len(pair) != 2 or not whole:
        raise ArgumentError(
            f"size is {size!r}.", where="read_images",
            expected="height and width in pixels, or one number for both",
        )  # fmt: skip
    return pair[0], pair[1]


# ----- which files there are ----------------------------------------------


@dataclass
class Found:
    """The files of each class, and what else was met."""

    classes: dict[str, list[Path]] = field(default_factory=dict)
    skipped: dict[Path, str] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)

    def pictures(self) -> Iterator[tuple[int, Path]]:
        """Yield each picture with the number of its class, in order."""
        for number, paths in enumerate(self.classes.values()):
            for path in paths:
                yield number, path


def find_pictures(folder: Path, *, skips: bool) -> Found:
    """Return the pictures by class, classes and files in the order of their names."""
    found, strangers = Found(), 0
    beside: list[Path] = []
    for entry in _entries(folder):
        if entry.is_dir():
            pictures, others = _pictures_of(entry, found, skips)
            if not pictures:
                raise _empty(entry, found.skipped)
            found.classes[entry.name] = pictures
            strangers += others
        elif is_picture(entry):
            beside.append(entry)
        else:
            strangers += 1
    if not found.classes:
        raise DataError(
            f"{os.fspath(folder)!r} holds no folders"
            + (f", but {len(beside)} pictures." if beside else "."),
            expected="a folder for each class, with its pictures",
            mend="for pictures without classes give a network their paths",
        )
    if beside and not skips:
        raise DataError(
            f"the picture {beside[0].name!r} lies beside the folders of the classes.",
            where=os.fspath(folder),
            expected="each picture in the folder of its class",
            mend="move it there, or pass such files over: on_error='skip'",
        )
    found.skipped |= dict.fromkeys(beside, "it lies beside the folders of the classes")
    if strangers:
        found.remarks["files that are no pictures by their names were not looked at"] = strangers
    return found


def _entries(folder: Path) -> list[Path]:
    """Return what a folder holds, by name, hidden things left out."""
    if not folder.exists():
        raise DataError(f"there is no folder {os.fspath(folder)!r}.", expected="a folder")
    if not folder.is_dir():
        raise DataError(
            f"{os.fspath(folder)!r} is a file.", expected="a folder of pictures by class",
            mend="for a table: syn0.data.read_table",
        )  # fmt: skip
    try:
        return sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise DataError(
            f"the folder {os.fspath(folder)!r} cannot be read: {error.strerror or error}.",
            mend="look at its rights",
        ) from None


def _pictures_of(folder: Path, found: Found, skips: bool) -> tuple[list[Path], int]:
    """Return the pictures of a class, and how many other files lie there."""
    pictures, others = [], 0
    for entry in _entries(folder):
        if entry.is_dir():
            if not skips:
                inner = concatenated([p.name for p in _entries(folder) if p.is_dir()])
                raise DataError(
                    f"the class {folder.name!r} holds folders: {inner}.",
                    where=os.fspath(folder),
                    expected="pictures; classes are told from the folders above them",
                    mend=f"read_images({os.fspath(folder)!r}), if these are the classes",
                )
            found.skipped[entry] = f"it is a folder within that of the class {folder.name!r}"
        elif is_picture(entry):
            pictures.append(entry)
        else:
            others += 1
    return pictures, others


def _empty(folder: Path, skipped: dict[Path, str]) -> DataError:
    lost = [path for path in skipped if path.parent == folder]
    told = f": all {len(lost)} were skipped, {skipped[lost[0]]}" if lost else "."
    return DataError(
        f"the class {folder.name!r} has no pictures{told}",
        where=os.fspath(folder),
        expected="at least one picture in each class",
        mend="put pictures there, or remove the folder",
    )


# ----- their pixels -------------------------------------------------------


class _Stack:
    """Pixels in one array, which the first picture gives its size."""

    def __init__(self, most: int, size: Size | None) -> None:
        self.most, self.size = most, size
        self.pixels: Array = np.empty((0, 0, 0, 0), np.uint8)
        self.numbers: list[int] = []
        self.paths: list[Path] = []
        self.remarks: Counter[str] = Counter()

    def add(self, number: int, path: Path, picture: Decoded) -> None:
        """Take in a picture; grey ones become colour when the first in colour comes."""
        new = picture.pixels
        if not self.paths:
            self.pixels = np.empty((self.most, *new.shape), np.uint8)
        elif new.shape[:2] != self.pixels.shape[1:3]:
            raise self._differ(path, new.shape)
        if new.shape[2] > self.pixels.shape[3]:
            grey = self.pixels[: len(self.paths)]
            self.pixels = np.empty((self.most, *new.shape), np.uint8)
            self.pixels[: len(grey)] = grey
        self.pixels[len(self.paths)] = new
        self.numbers.append(number)
        self.paths.append(path)
        self.remarks.update(picture.remarks)

    def _differ(self, path: Path, shape: tuple[int, ...]) -> SizesDifferError:
        height, width = self.pixels.shape[1:3]
        return SizesDifferError(
            f"the pictures differ in size: {os.fspath(self.paths[0])!r} has {height} x {width} "
            f"pixels (height x width), {os.fspath(path)!r} has {shape[0]} x {shape[1]}.",
            expected="pictures of one size, or the size to bring them to",
            mend=f"read_images(folder, size=({height}, {width})); resize= says how",
        )
