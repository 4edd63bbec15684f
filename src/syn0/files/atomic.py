"""Writing a file so that there is the old one or the new one, whole, whatever happens."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from syn0.errors import FileAccessError

_PIECE = 2**24  # bytes handed to the system at a time


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file: beside its place, onto the disk, then in one step to its place.

    Parameters
    ----------
    path : Path
        Where it goes; a symbolic link is followed.
    content : bytes
        What it holds.

    Raises
    ------
    FileAccessError
        If it cannot be written; what stood there before still does, and nothing else is left.
    """
    try:
        _write(check_place(path), content)
    except OSError as error:
        if isinstance(error, FileAccessError):
            raise
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> FileAccessError:
    """Return the error for a file that the system will not write."""
    found = FileAccessError(
        f"{path} cannot be written: {error.strerror or error}.", mend=_mend(path, error)
    )
    found.errno = error.errno
    return found


def _mend(path: Path, error: OSError) -> str | None:
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return f"make the folder first: mkdir {path.parent}"
    if isinstance(error, PermissionError):
        return "choose a folder that you may write to, or change its permissions"
    if isinstance(error, IsADirectoryError):
        return f"give the name of a file: {path / 'model.syn0'}"
    return "make room, or choose another folder; what stood there before is unchanged"


def check_place(path: Path) -> Path:
    """Return where a file would go, links followed.

    Raises
    ------
    FileAccessError
        If it is a folder, a pipe or a device, or in no folder.
    """
    place = Path(os.path.realpath(path))
    if place.is_dir():
        raise unwritable(path, IsADirectoryError(21, "it is a folder"))
    if place.exists() and not stat.S_ISREG(place.stat().st_mode):
        raise FileAccessError(f"{path} cannot be written: it is a pipe or a device.")
    if not place.parent.is_dir():
        raise unwritable(path, FileNotFoundError(2, f"there is no folder {place.parent}"))
    return place


def _write(place: Path, content: bytes) -> None:
    beside = place.with_name(f".{place.name[:100]}.{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    # Made as any new file is, which tells what it may be in the end; then for our eyes only.
    number = os.open(beside, flags, 0o666)
    try:
        try:
            mode = stat.S_IMODE((place if place.exists() else beside).stat().st_mode)
            _set_mode(number, 0o600)
            view = memoryview(content)
            while view:
                view = view[os.write(number, view[:_PIECE]) :]
            _set_mode(number, mode)
            os.fsync(number)
        finally:
            os.close(number)
        os.replace(beside, place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)


def _set_mode(number: int, mode: int) -> None:
    if hasattr(os, "fchmod"):  # not on Windows before Python 3.13
        os.fchmod(number, mode)


def _sync_folder(folder: Path) -> None:
    """Put the new name onto the disk, where folders can be opened; Windows does so itself."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
