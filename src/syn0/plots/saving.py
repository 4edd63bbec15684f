"""Writing a picture so that the file is there whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from syn0.errors import ArgumentError


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place, then put it there in one step.

    Raises
    ------
    ArgumentError
        If there is no such folder.
    OSError
        If it cannot be written; what stood there before still does.
    """
    if not path.absolute().parent.is_dir():
        raise ArgumentError(
            f"there is no folder {path.absolute().parent}.", where="save(path)",
            mend="make it first",
        )  # fmt: skip
    # Made by `open`, so that the file has the permissions that any new file gets.
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
