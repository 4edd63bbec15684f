"""Many small pictures in one, so that a figure draws a single image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def montage(tiles: Array, columns: int, gap: tuple[int, int] = (1, 1)) -> Array:
    """Return tiles side by side, a gap of NaN (white, in colour) between them.

    Parameters
    ----------
    tiles : array of shape (n, height, width) or (n, height, width, 3)
        Numbers, or colours from 0 to 1.
    columns : int
        How many beside each other.
    gap : (int, int)
        Pixels below and beside each.

    Examples
    --------
    >>> montage(np.ones((3, 2, 2)), 2).shape
    (6, 6)
    """
    count, height, width, *colours = tiles.shape
    rows = -(-count // columns)
    size = rows * (height + gap[0]), columns * (width + gap[1])
    whole = np.full((*size, *colours), 1.0 if colours else np.nan)
    for i, tile in enumerate(tiles):
        left, top = tile_corner(i, columns, (height, width), gap)
        whole[top : top + height, left : left + width] = tile
    return whole


def tile_corner(
    place: int, columns: int, size: tuple[int, ...], gap: tuple[int, int]
) -> tuple[int, int]:
    """Return the left and upper pixel of a tile."""
    row, column = divmod(place, columns)
    return column * (size[1] + gap[1]), row * (size[0] + gap[0])


def signed(reach: float) -> dict[str, Any]:
    """Return how Matplotlib shows numbers on both sides of 0, in colours that all tell apart."""
    return {"cmap": "PuOr", "vmin": -reach, "vmax": reach}


def shade(picture: Any) -> Array:
    """Return a picture from 0 to 1, without the axis of a single channel.

    Bytes keep their scale; other numbers are spread between their least and largest.

    Examples
    --------
    >>> shade([[[-1.0], [1.0]]]).tolist()
    [[0.0, 1.0]]
    """
    found = np.asarray(picture)
    found = found[..., 0] if found.ndim == 3 and found.shape[2] == 1 else found
    if found.dtype == np.uint8:
        return found / 255
    low, high = float(found.min()), float(found.max())
    spread: Array = (found - low) / ((high - low) or 1.0)
    return spread
