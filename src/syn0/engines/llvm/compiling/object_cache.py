"""Compiled objects, kept on disk from one process to the next.

Code from here is run, so the folder and its files must be the user's own, and each file must
match its checksum. Whatever else may be wrong with it only costs time: it is compiled again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path

LIMIT = 256 << 20  # bytes


class ObjectCache:
    """A private folder of objects, each under its key; many processes may share it.

    Parameters
    ----------
    folder : Path, optional
        Made if it is not there. None: nothing is kept.
    limit : int
        Bytes in all; what was not used for longest goes first.

    Attributes
    ----------
    trouble : str or None
        Why nothing is kept.

    Examples
    --------
    >>> nowhere = ObjectCache(None)
    >>> nowhere.save("key", b"code")
    >>> nowhere.load("key") is None
    True
    """

    def __init__(self, folder: Path | None, limit: int = LIMIT) -> None:
        self.limit = limit
        self.trouble = _trouble_with(folder)
        self.folder = None if self.trouble else folder
        self._room = 0  # bytes to write before the folder is measured again

    def load(self, key: str) -> bytes | None:
        """Return the object under a key, or None if there is none to be trusted."""
        if self.folder is None:
            return None
        path = self.folder / f"{key}.o"
        try:
            with path.open("rb") as file:
                kept = file.read() if _is_ours(os.fstat(file.fileno())) else b""
        except OSError:
            return None
        data = kept[_CHECKSUM_BYTES:]
        if kept[:_CHECKSUM_BYTES] != _checksum(key, data):
            return None
        with contextlib.suppress(OSError):  # a cache that can only be read is still of use
            os.utime(path)
        return data

    def save(self, key: str, data: bytes) -> None:
        """Keep an object if that can be done; a reader sees all of it or nothing."""
        if self.folder is None:
            return
        kept = _checksum(key, data) + data
        with contextlib.suppress(OSError):
            self._make_room(len(kept))
            handle, part = tempfile.mkstemp(suffix=".part", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(kept)
                os.replace(part, self.folder / f"{key}.o")
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(part)
                raise

    def _make_room(self, size: int) -> None:
        """Remove the oldest files, now and then, so that the folder stays within its limit."""
        self._room -= size
        if self._room >= 0:
            return
        self._room = max(self.limit // 16, size)
        files = sorted(self._files())
        excess = sum(size for _, size, _ in files) + self._room - self.limit
        self._room -= size
        for _, size, path in files:
            if excess <= 0:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                excess -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return time of use, size and path of each file, unfinished ones among them."""
        files = []
        for path in self.folder.iterdir() if self.folder else ():
            with contextlib.suppress(OSError):  # another process may have removed it
                if path.suffix in (".o", ".part"):
                    found = path.stat()
                    files.append((found.st_mtime, found.st_size, path))
        return files


def open_cache() -> ObjectCache:
    """Return the user's cache: where ``SYN0_CACHE`` says, or where the system keeps such things.

    ``SYN0_CACHE=off`` keeps nothing.
    """
    wanted = os.environ.get("SYN0_CACHE", "")
    if wanted.lower() == "off":
        return ObjectCache(None)
    try:
        root = Path(wanted).expanduser() if wanted else _system_folder()
    except RuntimeError:  # this user has no home
        return ObjectCache(None)
    return ObjectCache(root / "objects")


def _system_folder() -> Path:
    """Return where this system keeps what can be made again."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "syn0" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "syn0"
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (xdg if xdg.is_absolute() else Path.home() / ".cache") / "syn0"


# ----- trust

_CHECKSUM_BYTES = 32


def _checksum(key: str, data: bytes) -> bytes:
    """Return what stands before an object; it covers the key, so that no file can be renamed."""
    return hashlib.blake2b(key.encode() + data, digest_size=_CHECKSUM_BYTES).digest()


def _trouble_with(folder: Path | None) -> str | None:
    """Make the folder, and return why it cannot be used, if so."""
    if folder is None:
        return "it is turned off, or this user has no home"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if not _is_ours(found):
            return f"{folder} belongs to another user"
        if found.st_mode & 0o077 and sys.platform != "win32":
            folder.chmod(0o700)
    except OSError as error:
        return f"{folder} cannot be made private: {error.strerror}"
    return None


def _is_ours(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user, where a system tells."""
    return sys.platform == "win32" or found.st_uid == os.geteuid()
