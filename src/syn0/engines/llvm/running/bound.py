"""A program over one batch that stays where it is, for one state after the other.

What a call would look up again is kept: the form, its memory, the addresses of the batch, and
those of the entries for as long as the state holds the same arrays.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.planning.memory import Buffer
from syn0.engines.llvm.running.arguments import check_status, fitted
from syn0.engines.llvm.running.family import Compiled, Family
from syn0.engines.llvm.running.state_memory import seen
from syn0.engines.llvm.running.threads import threads_for
from syn0.engines.llvm.running.words import Word
from syn0.program import State

Array = NDArray[Any]
Results = tuple[dict[str, Any], dict[str, Any]]


class _Bound:
    """What both have in common: a form's memory, with a batch bound to it.

    Parameters
    ----------
    family : Family
        The program.
    compiled : Compiled
        Its form for such batches.
    given : mapping of str to array
        The batch, as the program reads it.
    threads : int
        How many threads there is memory for.
    """

    def __init__(
        self, family: Family, compiled: Compiled, given: Mapping[str, Array], threads: int
    ) -> None:
        self.compiled, self.plan = compiled, compiled.plan
        self.space = compiled.workspace(threads)
        self._entries: list[tuple[Buffer, str]] = []
        self._tensors = family.entries
        self._seen: dict[str, Array] = {}
        for buffer in self.plan.slots:
            if buffer.value is not None or buffer in self.plan.outputs.values():
                continue
            if buffer.name in given:
                self.space.put(buffer, given[buffer.name])
            elif buffer.name in family.entries:
                self._entries.append((buffer, buffer.name))

    def release(self) -> None:
        """Give the memory to whoever runs the form next."""
        self.compiled.take_back(self.space)

    def read(self, state: State) -> None:
        """Let the slots be the memory of a state's entries."""
        for buffer, name in self._entries:
            value = state[name]
            if self._seen.get(name) is not value:
                array = fitted(value, self._tensors[name])
                self.space.put(buffer, array)
                if np.may_share_memory(array, value):  # what is a copy is made anew each time
                    self._seen[name] = value


class BoundRows(_Bound):
    """A program that goes through the samples of a batch, `rows` of them, by themselves."""

    def __init__(
        self, family: Family, compiled: Compiled, given: Mapping[str, Array], rows: int,
        threads: int | str,
    ) -> None:  # fmt: skip
        self._rows = rows
        self._single = rows == 1 and compiled.plan.has_bands
        self._wanted = threads
        self._threads = threads_for(compiled.plan, threads, -(-rows // compiled.plan.rows))
        super().__init__(family, compiled, given, self._threads)

    def __call__(self, state: State) -> Results:
        """Return the outputs for a state."""
        plan, table, found = self.plan, self.space.table, {}
        self.read(state)
        for name, buffer in plan.outputs.items():
            found[name] = np.empty((self._rows, *plan.shapes[name][1:]), buffer.dtype)
            self.space.put(buffer, found[name])
        table[Word.COUNT], table[Word.STATUS] = self._rows, 0
        if self._single:
            self.compiled.run_single(self.space, self._wanted)
        else:
            self.compiled.launch(self.space, self._threads)
        check_status(int(table[Word.STATUS]))
        return found, {}


class BoundBatch(_Bound):
    """A program that sees a batch as a whole."""

    def __init__(
        self, family: Family, compiled: Compiled, given: Mapping[str, Array], threads: int | str
    ) -> None:
        most = threads_for(compiled.plan, threads)
        self._wanted = 1 if most == 1 else threads
        super().__init__(family, compiled, given, most)
        self._totals = np.zeros(1 + len(self.plan.totals))
        arena, shapes = self.space.arena, self.plan.shapes
        self._outputs = {n: seen(arena, b, shapes[n]) for n, b in self.plan.outputs.items()}

    def __call__(self, state: State) -> Results:
        """Return outputs and updates for a state."""
        plan, space, pace = self.plan, self.space, self.compiled.pace
        self.read(state)
        if plan.updates:
            space.load_state({name: np.asarray(state[name]) for name in plan.updates})
        self._totals[...] = 0
        space.prepare(1, 1, 1, self._totals)
        threads = pace.choose(plan, self._wanted)
        began = time.perf_counter()
        self.compiled.launch(space, threads)
        pace.note(threads, 1, time.perf_counter() - began)
        space.settle()
        status = int(space.table[Word.STATUS])
        check_status(status)
        found = {name: output.copy()[()] for name, output in self._outputs.items()}
        shapes = {name: np.shape(state[name]) for name in plan.updates}
        coming = status != 0
        updates = {name: space.entry(name, s, coming=coming) for name, s in shapes.items()}
        return found, updates
