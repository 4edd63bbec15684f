"""Initializers for kernels whose fans their shape does not tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from syn0.initializers import AnyInitializer, Constant, Initializer


def in_groups(initializer: AnyInitializer, groups: int) -> AnyInitializer:
    """Return what draws the kernels of each group of channels by themselves.

    An input feeds the filters of its group alone, so the fans are those of a group. Numbers and
    functions given by a user stay as they are.

    Examples
    --------
    >>> from syn0.initializers import GlorotUniform
    >>> shape = (3, 3, 1, 8)  # of a depthwise convolution: fans 9 and 9, not 9 and 72
    >>> W = in_groups(GlorotUniform(), 8)(np.random.default_rng(0), shape, "float64")
    >>> limit = np.sqrt(6 / (9 + 9))
    >>> bool(0.9 * limit < np.abs(W).max() < limit)
    True
    """
    return _InGroups(initializer, groups) if groups > 1 and _looks(initializer) else initializer


def in_and_out_swapped(initializer: AnyInitializer) -> AnyInitializer:
    """Return what draws kernels (H, W, out, in) of a transposed convolution by their fans.

    Numbers and functions given by a user stay as they are.

    Examples
    --------
    >>> from syn0.initializers import HeUniform
    >>> W = in_and_out_swapped(HeUniform())(np.random.default_rng(0), (1, 1, 500, 6), "float64")
    >>> W.shape, bool(0.9 < np.abs(W).max() < 1)  # the square root of 6 / 6
    ((1, 1, 500, 6), True)
    """
    return _Swapped(initializer) if _looks(initializer) else initializer


def _looks(initializer: AnyInitializer) -> TypeGuard[Initializer]:
    """Tell whether an initializer looks at fans."""
    return isinstance(initializer, Initializer) and not isinstance(initializer, Constant)


@dataclass(frozen=True)
class _InGroups(Initializer):
    inner: Initializer
    groups: int

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        part = (*shape[:-1], shape[-1] // self.groups)
        drawn = [self.inner(rng, part, "float64") for _ in range(self.groups)]
        return np.concatenate(drawn, axis=-1)


@dataclass(frozen=True)
class _Swapped(Initializer):
    inner: Initializer

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        drawn = self.inner(rng, (*shape[:-2], shape[-1], shape[-2]), "float64")
        return np.ascontiguousarray(np.swapaxes(drawn, -1, -2))
