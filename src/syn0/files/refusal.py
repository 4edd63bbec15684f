"""How the readers of a file say that they will not have it."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 (it becomes a `FileFormatError` where the path is known)
    """A file is refused: what is wrong, where in it, what was expected, how to mend it.

    `load` catches it and raises a `FileFormatError` that names the path.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        mend: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what, self.where, self.expected, self.mend = what, where, expected, mend


class TooNew(Refused):
    """A file is whole, and of a release that came after this one."""


def short(value: object, most: int = 60) -> str:
    """Return the text of a value from a file, cut where it is long, on one line."""
    text = repr(value)
    return text if len(text) <= most else text[: most - 3] + "..."
