"""One sample at a time, with nothing allocated but the answer."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.running.family import Compiled
from syn0.engines.llvm.running.words import Word
from syn0.engines.llvm.running.workspace import Workspace
from syn0.program import State

Run = Callable[[], int]

# Such a call is shorter than to let go of the interpreter's lock and take it again.
# A driver for one thread reads nothing but the table.
_FUNCTION = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


class SingleRow:
    """A program bound to the memory of one sample and to a state's arrays.

    Parameters
    ----------
    runs : callable
        Returns for a workspace what runs it: 0 if all went well.
    make : callable
        Returns a workspace with all bound but the input and the output.
    entries : mapping of str to array
        The entries of the state that are bound.
    source, goal : str
        The input and the output.
    """

    def __init__(
        self, runs: Callable[[Workspace], Run], make: Callable[[], Workspace], entries: State,
        source: str, goal: str,
    ) -> None:  # fmt: skip
        names = [*entries, *list(entries)[:1]]  # of one name itemgetter would give no tuple
        self._read = itemgetter(*names) if names else _nothing
        self._arrays = tuple(entries[name] for name in names)
        self._new = partial(_Row, runs, make, source, goal)
        self._rows = [self._new()]  # one for each thread of Python that is in a call
        self.shape = self._rows[0].x.shape

    def fits(self, state: State) -> bool:
        """Tell whether the state still holds the arrays that were bound."""
        try:
            return bool(self._read(state) == self._arrays)
        except (KeyError, ValueError):
            return False

    def __call__(self, x: Any, state: State) -> NDArray[Any] | None:
        """Return the output for a sample.

        None where it is not an array of finite floating-point numbers in the right shape, or
        where the state has changed.
        """
        if type(x) is not np.ndarray or x.shape != self.shape or x.dtype.char not in "fd":
            return None
        try:  # tuples compare by identity first; arrays that differ have no truth value
            if self._read(state) != self._arrays:
                return None
            row = self._rows.pop()
        except (KeyError, ValueError):
            return None
        except IndexError:
            row = self._new()
        row.x[...] = x
        found = None if row.run() else row.y.copy()
        self._rows.append(row)
        return found


class _Row:
    """The memory of one sample, and the function that goes from input to output."""

    def __init__(
        self, runs: Callable[[Workspace], Run], make: Callable[[], Workspace], source: str,
        goal: str,
    ) -> None:  # fmt: skip
        self.space = make()
        plan = self.space.plan
        slots = {buffer.name: buffer for buffer in plan.slots}
        self.x = np.zeros(plan.input_shapes[source][1:], slots[source].dtype)
        self.y = np.zeros(plan.shapes[goal][1:], plan.outputs[goal].dtype)
        self.space.put(slots[source], self.x)
        self.space.put(plan.outputs[goal], self.y)
        self.run = runs(self.space)


def alone(driver: int, space: Workspace) -> Run:
    """Return what runs a driver for one thread."""
    return partial(_FUNCTION(driver), space.address)


def together(compiled: Compiled, space: Workspace) -> Run:
    """Return what runs a sample whose lines threads share."""

    def run() -> int:
        space.table[Word.STATUS] = 0
        compiled.run_single(space, "auto")
        return int(space.table[Word.STATUS])

    return run


def _nothing(state: State) -> tuple[()]:
    return ()
