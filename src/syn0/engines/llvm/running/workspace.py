"""The memory of one run of a compiled plan: its table of words, its arena, its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.checked import Range
from syn0.engines.llvm.planning.arena import ALIGNMENT
from syn0.engines.llvm.planning.memory import Buffer
from syn0.engines.llvm.planning.plan import Plan
from syn0.engines.llvm.running.barrier import BARRIER_BYTES, CROWDED
from syn0.engines.llvm.running.cpus import cpus
from syn0.engines.llvm.running.driver import Word

Array = NDArray[Any]


def address_of(array: Array) -> int:
    """Return where an array's first element is."""
    found: int = array.__array_interface__["data"][0]
    return found


def aligned_bytes(count: int) -> NDArray[np.uint8]:
    """Return zeros that begin on a boundary that no two threads' lines straddle."""
    memory = np.zeros(count + ALIGNMENT, np.uint8)
    start = -address_of(memory) % ALIGNMENT
    return memory[start : start + count]


_NONE = np.empty(0)
LARGE = 1 << 20  # bytes of a state that is handed over instead of copied


class Workspace:
    """What a driver works on; one thread of Python has it at a time.

    Parameters
    ----------
    plan : Plan
        What runs.
    threads : int
        How many at most: with samples in blocks, each thread has an arena of its own.
    """

    def __init__(self, plan: Plan, threads: int) -> None:
        self.plan = plan
        self.threads = threads
        arenas = threads if plan.by_rows else 1
        stride = -(-plan.arena_bytes // 4096) * 4096 + ALIGNMENT
        self.arena = aligned_bytes(stride * arenas)
        self.copies = [aligned_bytes(plan.state_bytes) for _ in range(2)]
        self.barrier = aligned_bytes(BARRIER_BYTES)
        self.barrier[CROWDED] = threads > cpus()
        self.table = aligned_bytes(8 * (Word.SLOTS + len(plan.slots))).view(np.int64)
        self.totals: Array = np.empty(0)
        self.held: list[Array] = [_NONE] * len(plan.slots)  # alive while their address is
        self.table[Word.ARENA] = address_of(self.arena)
        self.table[Word.ARENA_BYTES] = stride
        self.table[Word.STATE] = address_of(self.copies[0])
        self.table[Word.NEXT] = address_of(self.copies[1])
        self.table[Word.BARRIER] = address_of(self.barrier)
        self.table[Word.CYCLES] = 2**62
        self.address = address_of(self.table)
        for buffer in plan.slots:
            if buffer.value is not None:
                self.put(buffer, np.ascontiguousarray(buffer.value, buffer.dtype))

    def release(self) -> None:
        """Let go of arrays that are not the plan's own."""
        for buffer in self.plan.slots:
            if buffer.value is None:
                self.held[buffer.place] = _NONE

    def put(self, buffer: Buffer, array: Array, offset: int = 0) -> None:
        """Let a slot be an array's memory, from a row on."""
        self.held[buffer.place] = array
        skipped = offset * array.strides[0] if offset else 0
        self.table[Word.SLOTS + buffer.place] = address_of(array) + skipped

    def ranges(self) -> list[Range]:
        """Return all memory that the driver may touch, by name."""
        plan, arena = self.plan, address_of(self.arena)
        found = [Range("table", self.address, self.table.nbytes)]
        found.append(Range("totals", address_of(self.totals), self.totals.nbytes))
        for buffer, array in zip(plan.slots, self.held, strict=True):
            found.append(Range(buffer.name, address_of(array), array.nbytes))
        for copy in map(address_of, self.copies):
            entries = plan.updates.values()
            found += [Range(b.name, copy + b.place, b.bytes) for b in entries]
        stride = int(self.table[Word.ARENA_BYTES])
        used = [b for call in plan.calls for b in (*call.writes, *(b for b, _ in call.reads))]
        values = {id(b): b for b in used if b.space == "arena"}.values()
        for start in range(arena, arena + self.arena.size, stride):
            found += [Range(b.name, start + b.place, b.bytes) for b in values]
        return found

    # ----- the state

    def adopt_state(self, other: Workspace) -> None:
        """Go on with the state of another plan of the same program, which lays it out alike."""
        self.copies = other.copies
        for word in (Word.STATE, Word.NEXT):
            self.table[word] = other.table[word]

    def _copy(self, word: Word) -> NDArray[np.uint8]:
        place = self.table[word]
        return next(copy for copy in self.copies if address_of(copy) == place)

    def load_state(self, values: Mapping[str, Array]) -> None:
        """Write the entries that the plan changes into the current copy."""
        copy = self._copy(Word.STATE)
        for name, buffer in self.plan.updates.items():
            _seen(copy, buffer, values[name].shape)[...] = values[name]

    def entry(self, name: str, shape: tuple[int, ...], *, coming: bool = False) -> Array:
        """Return a copy of an entry: the current one, or the one that the last step wrote."""
        copy = self._copy(Word.NEXT if coming else Word.STATE)
        return _seen(copy, self.plan.updates[name], shape).copy()

    def hand_over(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
        """Return the entries of the current copy, which is theirs from now on if it is large."""
        copy = self._copy(Word.STATE)
        found = {name: _seen(copy, self.plan.updates[name], s) for name, s in shapes.items()}
        if copy.size < LARGE:
            return {name: array.copy() for name, array in found.items()}
        place = next(i for i, one in enumerate(self.copies) if one is copy)
        self.copies[place] = aligned_bytes(copy.size)
        self.table[Word.STATE] = address_of(self.copies[place])
        return found

    def output(self, name: str) -> Array:
        """Return a copy of a result that is in the arena."""
        return _seen(self.arena, self.plan.outputs[name], self.plan.shapes[name]).copy()


def _seen(memory: NDArray[np.uint8], buffer: Buffer, shape: tuple[int, ...]) -> Array:
    part = memory[buffer.place : buffer.place + buffer.bytes]
    return part.view(buffer.dtype).reshape(shape)
