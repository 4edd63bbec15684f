"""A folder of checkpoints: their names, which of them stay, and what killed saves left."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from syn0.errors import FileAccessError
from syn0.files.atomic import unwritable, write_atomically

_NAME = re.compile(r"step-(\d{9,18})\.syn0")
_LEFTOVER = re.compile(r"\.step-\d{9,18}\.syn0\.[0-9a-f]{16}\.tmp")


class CheckpointFolder:
    """Files ``step-<updates>.syn0``, of which the newest stay.

    One process at a time writes into a folder.

    Parameters
    ----------
    path : str or path
        The folder.
    keep : int or None
        How many files stay; None keeps all.

    Examples
    --------
    >>> CheckpointFolder("runs/a", keep=3).place(1200).name
    'step-000001200.syn0'
    """

    def __init__(self, path: str | os.PathLike[str], keep: int | None) -> None:
        self.path = Path(path)
        self._keep = keep

    def place(self, updates: int) -> Path:
        """Return the path of the checkpoint after so many updates."""
        return self.path / f"step-{updates:09}.syn0"

    def paths(self) -> list[Path]:
        """Return the checkpoints, the newest first; none where there is no folder."""
        try:
            found = [path for path in self.path.iterdir() if _NAME.fullmatch(path.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _failed(f"{self.path} cannot be read", error) from error
        return sorted(found, key=updates_of, reverse=True)

    def prepare(self) -> None:
        """Make the folder, and take away what saves left that were killed.

        Raises
        ------
        FileAccessError
            If it cannot be made or written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError(13, "nothing can be written into it")
            for path in self.path.iterdir():
                if _LEFTOVER.fullmatch(path.name):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def write(self, updates: int, content: bytes, useless: Collection[Path] = ()) -> None:
        """Write a checkpoint; then, as it is whole, take away those that are too many.

        Parameters
        ----------
        updates : int
            After how many updates it is.
        content : bytes
            The file.
        useless : collection of Path
            Files that are damaged, which are taken away too.
        """
        place = self.place(updates)
        write_atomically(place, content)
        older = [p for p in self.paths() if updates_of(p) < updates and p not in useless]
        spare = [] if self._keep is None else older[self._keep - 1 :]
        for path in (*spare, *useless):
            try:
                if path != place:
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise _failed(
                    f"{path} is not needed any more and cannot be removed",
                    error,
                    mend="remove it by hand, or give Checkpoint keep=None",
                ) from error


def updates_of(path: Path) -> int:
    """Return after how many updates a checkpoint is, by its name."""
    return int(path.stem.removeprefix("step-"))


def _failed(what: str, error: OSError, mend: str | None = None) -> FileAccessError:
    found = FileAccessError(f"{what}: {error.strerror or error}.", mend=mend)
    found.errno = error.errno
    return found
