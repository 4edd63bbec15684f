"""Read plain data that came from a file, trusting nothing: every item is checked."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from syn0.errors import DataError

T = TypeVar("T")
_LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Plain:
    """A mapping out of a file, whose items are taken one by one, each of one type.

    Parameters
    ----------
    items : mapping
        What JSON gave.
    where : str
        How errors call it.

    Examples
    --------
    >>> Plain({"name": "age", "fill": 61}, "column 0").number("fill")
    61.0
    """

    items: Any
    where: str

    def __post_init__(self) -> None:
        if not isinstance(self.items, Mapping):
            raise self.wrong(None, "a mapping")

    def only(self, *names: str) -> None:
        """Refuse items under other names."""
        for name in self.items:
            if name not in names:
                raise DataError(
                    f"there is an item {name!r} that nothing reads.",
                    where=self.where,
                    expected=", ".join(names),
                )

    def get(self, name: str, expected: str) -> Any:
        """Return an item that must be there."""
        if name not in self.items:
            raise DataError(f"{name!r} is missing.", where=self.where, expected=expected)
        return self.items[name]

    def text(self, name: str, most: int = 65_536) -> str:
        """Return a text."""
        value = self.get(name, "text")
        if not isinstance(value, str) or len(value) > most:
            raise self.wrong(name, "text")
        return value

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """Return one of some words."""
        value = self.text(name)
        if value not in known:
            raise self.wrong(name, "one of " + ", ".join(known))
        return value

    def number(self, name: str, *, above: float = -math.inf) -> float:
        """Return a finite number above a limit."""
        value = self.get(name, "a number")
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        # Compared, not converted: a whole number of JSON may be too large for a float.
        if not real or not -_LARGEST <= value <= _LARGEST or not value > above:
            raise self.wrong(name, "a finite number" + f" above {above:g}" * (above > -math.inf))
        return float(value)

    def whole(self, name: str) -> int:
        """Return a whole number of at least 0."""
        value = self.get(name, "a whole number")
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            raise self.wrong(name, "a whole number of at least 0")
        return value

    def truth(self, name: str) -> bool:
        """Return true or false."""
        value = self.get(name, "true or false")
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def several(self, name: str, read: Callable[[Plain, Any], T]) -> tuple[T, ...]:
        """Return the items of a list, each read by a function."""
        value = self.get(name, "a list")
        if not isinstance(value, (list, tuple)):
            raise self.wrong(name, "a list")
        return tuple(read(self, item) for item in value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of different texts."""

        def one(_: Plain, item: Any) -> str:
            if not isinstance(item, str):
                raise self.wrong(name, "a list of texts")
            return item

        found = self.several(name, one)
        if len(set(found)) < len(found):
            raise self.wrong(name, "texts that differ")
        return found

    def wrong(self, name: str | None, expected: str) -> DataError:
        """Return the error for an item of another kind."""
        value = self.items if name is None else self.items[name]
        shown = repr(value)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        what = f"{name!r} is {shown}." if name else f"it is {shown}."
        return DataError(what, where=self.where, expected=expected, mend="write the file again")


def vector(arrays: Mapping[str, Any], name: str, length: int) -> NDArray[np.float64]:
    """Return an array of a file if it holds so many finite numbers."""
    found = arrays.get(name)
    fits = isinstance(found, np.ndarray) and found.dtype == np.float64 and found.shape == (length,)
    if found is None or not fits or not np.isfinite(found).all():
        raise DataError(
            f"the array {name!r} of the preparation is missing or of another kind.",
            where="preparation",
            expected=f"{length} finite numbers of float64",
            mend="write the file again",
        )
    return np.asarray(found)
