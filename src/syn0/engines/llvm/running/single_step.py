"""One step of training at a time, for streams: all is bound but the numbers of the batch."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.running.arguments import fitted_all
from syn0.engines.llvm.running.family import Family
from syn0.engines.llvm.running.span import OneBatch, Span, totals_of
from syn0.engines.llvm.running.words import Word
from syn0.engines.protocol import Control
from syn0.graph import batch
from syn0.program import State

Array = NDArray[Any]
_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
_WORDS = slice(Word.COUNT, Word.SLOTS)


class SingleStep:
    """A train step over batches of one size, in one thread.

    Parameters
    ----------
    family : Family
        The train step.
    state : dict of str to array
        Read before each step and written after it.
    given : mapping of str to array
        A batch, for its sizes and dtypes.

    Attributes
    ----------
    inputs : dict of str to array
        The memory of the batch: write into it before a step, or call `fill`.
    """

    def __init__(self, family: Family, state: State, given: Mapping[str, Array]) -> None:
        self.inputs: dict[str, Array] = {}
        for name, tensor in family.inputs.items():
            dtype = tensor.dtype if tensor.shape[:1] == (batch,) else None
            self.inputs[name] = np.array(given[name], dtype)
        feed = OneBatch(self.inputs)
        self._span = Span(family, state, feed, Control(threads=1))
        compiled = self._span.compiled(feed.samples)
        self._space = space = self._span.workspace(compiled, 1)
        self._span.bind_inputs(space, 0, 0, 0, 1)
        self.plan = space.plan
        self._tables = {
            buffer.name: space.held[buffer.place]
            for buffer in space.plan.slots
            if buffer.source == "table"
        }
        self._totals = np.zeros((2, 1 + len(space.plan.totals)))
        space.prepare(1, 1, 1, self._totals, feed.samples)
        self._names = totals_of(space.plan)
        self._words, self._fresh = space.table[_WORDS], space.table[_WORDS].copy()
        self._run = partial(_FUNCTION(compiled.bind(space, 1)), space.address, 0, 1)

    def fill(self, name: str, value: Any) -> None:
        """Let an input be this in the next step."""
        if name in self._tables:
            tensor = self._span.family.inputs[name]
            self._tables[name][...] = fitted_all(np.asarray([value]), tensor)
        else:
            self.inputs[name][...] = value

    def fits(self, state: State, given: Mapping[str, Array]) -> bool:
        """Tell whether this is the step of a state, for batches of such sizes."""
        return self._span.state is state and all(
            np.shape(given[name]) == array.shape or array.size == 1
            for name, array in self.inputs.items()
        )

    def __call__(self) -> dict[str, float] | None:
        """Do the step; return the totals of its figures.

        None where something was not finite: the state is as it was, and `Executable.run_span`
        tells what.
        """
        span = self._span
        span.look_again()
        if span.space is None:
            span.go_on_with(self._space)
        self._words[...] = self._fresh
        self._totals[0] = 0
        self._run()
        self._space.settle()
        done = bool(self._space.table[Word.DONE])
        span.give_back()
        return dict(zip(self._names, self._totals[0].tolist(), strict=True)) if done else None
