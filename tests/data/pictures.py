"""Folders of small pictures for tests: good ones, and files that are no good."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CLASSES = ("cat", "dog", "owl")


def pixels(seed: int, size: tuple[int, int] = (6, 5), channels: int = 1) -> Any:
    shape = size if channels == 1 else (*size, channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def save(path: Path, array: Any, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def folder_of(place: Path, count: int = 3, channels: int = 1) -> Path:
    """Write so many pictures of each class, numbered by their seeds."""
    for number, name in enumerate(CLASSES):
        for i in range(count):
            seed = number * count + i
            save(place / name / f"{i}.png", pixels(seed, channels=channels))
    return place


def encoded(array: Any, kind: str = "png") -> bytes:
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header claims so many pixels."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))
