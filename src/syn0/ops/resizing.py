"""Images at another size: rows and columns mixed by two constant matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, DTypeError, ShapeError
from syn0.graph import FLOATS, format_shape, public
from syn0.ops.contraction import matmul
from syn0.ops.structure import reshape
from syn0.ops.windows import Pair, numbers, pair


@public
def resize(x: Any, size: Pair, interpolation: str = "bilinear") -> Any:
    r"""Return images of another size.

    A pixel of the new image lies between pixels of the old one; it is their mean weighted by
    how near they are, or the nearest. Rows and columns are mixed one after the other:

    .. math:: y_{n, i, j, c} = \sum_{h, w} A_{i, h} \, B_{j, w} \, x_{n, h, w, c}

    Parameters
    ----------
    x : Tensor or array
        Images (n, height, width, channels).
    size : (int, int)
        The new height and width.
    interpolation : "bilinear" or "nearest"
        What a pixel between others becomes.

    Raises
    ------
    ShapeError, ArgumentError
        If these are no images, or there is no such size or interpolation.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> x = np.array([0.0, 4.0]).reshape(1, 1, 2, 1)
    >>> syn0.ops.resize(x, (1, 4))[0, 0, :, 0]
    array([0., 1., 3., 4.])
    >>> syn0.ops.resize(x, (1, 3), "nearest")[0, 0, :, 0]
    array([0., 4., 4.])
    """
    height, width = pair("size", size)
    sizes = numbers(tuple(x.shape[1:]))
    if len(x.shape) != 4 or len(sizes) != 3:
        raise ShapeError(
            f"resize got the shape {format_shape(tuple(x.shape))}.",
            expected="images (n, height, width, channels) whose last three sizes are numbers",
        )
    if str(x.dtype) not in FLOATS:
        raise DTypeError(
            f"resize needs floating-point numbers, not {x.dtype}.",
            mend="syn0.ops.astype(x, 'float32')",
        )
    old_height, old_width, channels = sizes
    rows, columns = (
        mixing(old, new, interpolation).astype(str(x.dtype))
        for old, new in ((old_height, height), (old_width, width))
    )
    flat = reshape(x, (x.shape[0], old_height, old_width * channels))
    tall = reshape(matmul(rows, flat), (x.shape[0], height, old_width, channels))
    return matmul(columns, tall)


def mixing(old: int, new: int, interpolation: str) -> NDArray[np.float64]:
    """Return the matrix (new, old) that makes `new` pixels of `old` ones; its rows sum to 1.

    Examples
    --------
    >>> mixing(2, 3, "bilinear")
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    middle = (np.arange(new) + 0.5) * old / new  # of each new pixel, seen from the old ones
    if interpolation == "nearest":
        nearest: NDArray[np.float64] = np.eye(old)[middle.astype(int)]
        return nearest
    if interpolation != "bilinear":
        raise ArgumentError(
            f"there is no interpolation {interpolation!r}.", where="interpolation=",
            expected="'bilinear' or 'nearest'",
        )  # fmt: skip
    distance = np.abs(np.clip(middle - 0.5, 0, old - 1)[:, None] - np.arange(old))
    share: NDArray[np.float64] = np.maximum(1 - distance, 0)
    return share
