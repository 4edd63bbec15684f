"""One sample at a time, with nothing allocated but the answer."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import partial
from operator import is_
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.workspace import Workspace
from syn0.program import State

# Such a call is shorter than to let go of the interpreter's lock and take it again.
_FUNCTION = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


class SingleRow:
    """A program bound to the memory of one sample and to a state's arrays.

    Parameters
    ----------
    driver : int
        The compiled function's address.
    space : Workspace
        Its memory; the input and the output are bound to it here.
    names : sequence of str
        The entries of the state that it reads.
    arrays : sequence of array
        What they were when they were bound.
    source, goal : str
        The input and the output.
    """

    def __init__(
        self, driver: int, space: Workspace, names: Sequence[str], arrays: Sequence[Any],
        source: str, goal: str,
    ) -> None:  # fmt: skip
        slots = {buffer.name: buffer for buffer in space.plan.slots}
        self.names = tuple(names)
        self.arrays = tuple(arrays)
        self.shape = space.plan.input_shapes[source][1:]
        self.x = np.zeros(self.shape, slots[source].dtype)
        self.y = np.zeros(space.plan.shapes[goal][1:], space.plan.outputs[goal].dtype)
        space.put(slots[source], self.x)
        space.put(space.plan.outputs[goal], self.y)
        self._space = space
        self._call = partial(_FUNCTION(driver), space.address, 0, 1)

    def fits(self, state: State) -> bool:
        """Tell whether the state still holds the arrays that were bound."""
        return all(map(is_, map(state.get, self.names), self.arrays))

    def __call__(self, x: NDArray[Any]) -> NDArray[Any] | None:
        """Return the output for a sample, None where the sample is not finite."""
        np.copyto(self.x, x, "same_kind")
        return None if self._call() else self.y.copy()
