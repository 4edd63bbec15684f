"""The preparations that a network may have, and how a file tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from syn0.data.images_preparation import ImagePreparation
from syn0.data.preparation import Preparation

AnyPreparation = Preparation | ImagePreparation


def preparation_from_plain(json: Any, arrays: Mapping[str, NDArray[Any]]) -> AnyPreparation:
    """Return the preparation that a file holds; that of a table names no kind.

    Raises
    ------
    DataError
        If it is none, or damaged.
    """
    if isinstance(json, Mapping) and "kind" in json:
        return ImagePreparation.from_plain(json, arrays)
    return Preparation.from_plain(json, arrays)
