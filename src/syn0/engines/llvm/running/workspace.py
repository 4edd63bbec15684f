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
from syn0.engines.llvm.running.state_memory import (
    StateMemory,
    address_of,
    aligned_bytes,
    seen,
)
from syn0.engines.llvm.running.words import Word

Array = NDArray[Any]
_NONE = np.empty(0)
CYCLES = 3e9  # a second of most processors' clocks
PATIENCE = 0.05  # seconds of a native call, after which Python looks at signals and clocks


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
        self.memory = StateMemory(plan.updates, plan.state_bytes)
        self.barrier = aligned_bytes(BARRIER_BYTES)
        self.barrier[CROWDED] = threads > cpus()
        self.table = aligned_bytes(8 * (Word.SLOTS + len(plan.slots))).view(np.int64)
        self.totals: Array = np.empty(0)
        self.sizes: Array = np.empty(0, np.int64)  # that the driver reads
        self.held: list[Array] = [_NONE] * len(plan.slots)  # alive while their address is
        self.table[Word.ARENA] = address_of(self.arena)
        self.table[Word.ARENA_BYTES] = stride
        self.table[Word.STATE], self.table[Word.NEXT] = map(address_of, self.memory.copies)
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
        found.append(Range("sizes", address_of(self.sizes), self.sizes.nbytes))
        for buffer, array in zip(plan.slots, self.held, strict=True):
            found.append(Range(buffer.name, address_of(array), array.nbytes))
        for copy in map(address_of, self.memory.blocks):
            entries = plan.updates.values()
            found += [Range(b.name, copy + b.place, b.bytes) for b in entries]
        stride = int(self.table[Word.ARENA_BYTES])
        used = [b for call in plan.calls for b in (*call.writes, *(b for b, _ in call.reads))]
        values = {id(b): b for b in used if b.space == "arena"}.values()
        for start in range(arena, arena + self.arena.size, stride):
            found += [Range(b.name, start + b.place, b.bytes) for b in values]
        return found

    def prepare(
        self, count: int, left: int, per_epoch: int, totals: Array, samples: int = 0,
        abort: bool = False,
    ) -> None:  # fmt: skip
        """Write into the table what a run of a step program needs to know.

        Parameters
        ----------
        count : int
            Steps to run.
        left, per_epoch : int
            Steps until the row of the next epoch begins, and in an epoch.
        totals : array of shape (rows, figures)
            What figures are added to.
        samples : int
            Rows of the arrays that batches are gathered from.
        abort : bool
            Whether to stop after a step.
        """
        table = self.table
        table[Word.COUNT], table[Word.SAMPLES] = count, samples
        self.totals = totals
        table[Word.TOTALS] = address_of(totals)
        table[Word.TOTALS_LEFT], table[Word.STEPS_PER_EPOCH] = left, per_epoch
        table[Word.DONE : Word.SLOTS] = 0
        table[Word.ABORT], table[Word.CYCLES] = abort, int(PATIENCE * CYCLES)

    # ----- the state

    def adopt_state(self, other: Workspace) -> None:
        """Go on with the state of another plan of the same program, which lays it out alike."""
        self.memory = other.memory
        for word in (Word.STATE, Word.NEXT):
            self.table[word] = other.table[word]

    def load_state(self, values: Mapping[str, Array]) -> None:
        """Take over the entries that the plan changes; see `StateMemory.load`."""
        self.table[Word.STATE], self.table[Word.NEXT] = self.memory.load(values)

    def settle(self) -> None:
        """Let what follows the first step write to memory of our own alone."""
        if self.memory.guest is not None and self.memory.dismiss(self._current):
            self.table[Word.NEXT] = self.memory.other(self._current)

    @property
    def _current(self) -> int:
        return int(self.table[Word.STATE])

    def entry(self, name: str, shape: tuple[int, ...], *, coming: bool = False) -> Array:
        """Return a copy of an entry: the current one, or the one that the last step wrote."""
        block = self.memory.at(int(self.table[Word.NEXT if coming else Word.STATE]))
        return seen(block, self.plan.updates[name], shape).copy()

    def hand_over(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
        """Return the entries as they are now, in memory that nobody writes to any more."""
        return self.memory.hand_over(self._current, shapes)

    def output(self, name: str) -> Array:
        """Return a copy of a result that is in the arena."""
        return seen(self.arena, self.plan.outputs[name], self.plan.shapes[name]).copy()
