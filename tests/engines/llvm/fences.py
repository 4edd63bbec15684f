"""Each value that a driver is given in pages of its own, between pages that may not be touched."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from guarded import PAGE, guarded

from syn0.engines.llvm.planning import arena, plan
from syn0.engines.llvm.planning.memory import Buffer
from syn0.engines.llvm.planning.plan import Plan
from syn0.engines.llvm.running import single_row, span, state_memory, workspace
from syn0.engines.llvm.running.family import Compiled
from syn0.engines.llvm.running.state_memory import StateMemory, address_of, seen
from syn0.engines.llvm.running.words import Word
from syn0.engines.llvm.running.workspace import Workspace

Array = np.ndarray[Any, Any]


def spread(buffers: Iterable[Buffer], side: str) -> int:
    """Place buffers in pages of their own, a page before and after each; return the size."""
    top = PAGE
    for buffer in buffers:
        room = -(-buffer.bytes // PAGE) * PAGE
        buffer.place = top + (room - buffer.bytes if side == "end" else 0)
        top += room + PAGE
    return top


def _pages(count: int) -> Array:
    """Return zeros that begin and end with a page."""
    memory = mmap.mmap(-1, max(-(-count // PAGE), 1) * PAGE)
    return np.frombuffer(memory, np.uint8)


def _forbid(memory: Array, buffers: Iterable[Buffer]) -> None:
    """Forbid all pages that none of the buffers lies in; fill the others with NaN."""
    open_ = {p for b in buffers for p in range(b.place // PAGE, -(-(b.place + b.bytes) // PAGE))}
    memory[:] = 255
    for page in set(range(memory.size // PAGE)) - open_:
        start = ctypes.c_void_p(address_of(memory) + page * PAGE)
        assert ctypes.CDLL(None).mprotect(start, ctypes.c_size_t(PAGE), 0) == 0


def _copy(array: Array, side: str) -> Array:
    """Return a copy between forbidden pages."""
    return guarded(np.ascontiguousarray(array), side).reshape(array.shape)


class Fences:
    """Puts all memory of all drivers between forbidden pages; see `up`.

    Parameters
    ----------
    side : str
        Where a value touches the forbidden page: at its ``end``, or at its ``begin``.
    """

    def __init__(self, side: str) -> None:
        self.side = side
        self.mirrors: list[tuple[Array, Array]] = []  # what is written, and who waits for it

    def up(self, patch: pytest.MonkeyPatch) -> None:
        """Begin."""
        patch.setattr(arena, "place", lambda spans: spread(spans, self.side))
        patch.setattr(plan._Planner, "_lay_out_state", self._lay_out_state)
        patch.setattr(workspace, "aligned_bytes", _pages)
        patch.setattr(state_memory, "aligned_bytes", _pages)
        patch.setattr(workspace, "ALIGNMENT", PAGE)  # between the arenas of threads
        # Each driver by itself, as fenced below.
        patch.setattr(span.Span, "advance_epochs", lambda *_: 0)
        patch.setattr(StateMemory, "hand_over", self._hand_over)
        for owner, name, method in (
            (Workspace, "__init__", self._begin_workspace),
            (Workspace, "put", self._put),
            (Compiled, "launch", self._run),
            (single_row._Row, "__init__", self._begin_row),
        ):
            patch.setattr(owner, name, _around(getattr(owner, name), method))

    def _lay_out_state(self, nexts: dict[str, Buffer]) -> int:
        return spread(nexts.values(), self.side)

    def _begin_workspace(self, plain: Any, space: Workspace, made: Plan, threads: int) -> None:
        for buffer in made.state:
            buffer.place = made.updates[buffer.name].place
        plain(space, made, threads)
        arenas = {b for call in made.calls for b in (*call.writes, *(b for b, _ in call.reads))}
        held = [b for b in arenas if b.space == "arena"]
        stride = int(space.table[Word.ARENA_BYTES])
        count = space.arena.size // stride
        _forbid(space.arena, [_moved(b, i * stride) for b in held for i in range(count)])
        for copy in space.memory.copies:
            _forbid(copy, made.updates.values())

    @staticmethod
    def _hand_over(memory: StateMemory, current: int, shapes: dict[str, Any]) -> dict[str, Array]:
        block = memory.at(current)  # which cannot be copied whole
        return {n: seen(block, memory.entries[n], shape).copy() for n, shape in shapes.items()}

    def _put(
        self, plain: Any, space: Workspace, buffer: Buffer, array: Array, offset: int = 0
    ) -> None:
        copy = _copy(array, self.side)
        if buffer in space.plan.outputs.values():
            self.mirrors.append((copy, array))
        plain(space, buffer, copy, offset)

    def _run(
        self, plain: Any, compiled: Compiled, space: Workspace, threads: int, **how: Any
    ) -> None:
        copy = _copy(space.totals, self.side)
        self.mirrors.append((copy, space.totals))
        if space.totals.size:
            space.table[Word.TOTALS] = address_of(copy)
        plain(compiled, space, threads, **how)
        for copy, array in self.mirrors:
            array[...] = copy
        self.mirrors.clear()

    def _begin_row(self, plain: Any, row: Any, *arguments: Any) -> None:
        plain(row, *arguments)
        *_, source, goal = arguments
        buffers = {b.name: b for b in row.space.plan.slots}
        row.x = row.space.held[buffers[source].place]
        row.y = row.space.held[row.space.plan.outputs[goal].place]


def _moved(buffer: Buffer, distance: int) -> Buffer:
    return replace(buffer, place=buffer.place + distance)


def _around(plain: Any, method: Any) -> Any:
    return lambda *arguments, **named: method(plain, *arguments, **named)
