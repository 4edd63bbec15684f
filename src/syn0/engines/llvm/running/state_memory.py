"""The memory of a state: a step reads one copy and writes the other.

A large state is neither copied in nor out. What a span hands over is the copy itself; when it
comes back, the first step reads it where it lies, and the next ones go on in other memory. So
the arrays that people hold never change under them. What nobody holds any more is used again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.planning.arena import ALIGNMENT
from syn0.engines.llvm.planning.memory import Buffer

Array = NDArray[Any]
Block = NDArray[np.uint8]
LARGE = 1 << 20  # bytes of a state that is handed over instead of copied


def address_of(array: Array) -> int:
    """Return where an array's first element is."""
    found: int = array.__array_interface__["data"][0]
    return found


def aligned_bytes(count: int) -> Block:
    """Return zeros that begin on a boundary that no two threads' lines straddle."""
    memory = np.zeros(count + ALIGNMENT, np.uint8)
    start = -address_of(memory) % ALIGNMENT
    return memory[start : start + count]


def seen(block: Block, buffer: Buffer, shape: tuple[int, ...]) -> Array:
    """Return a part of memory as an array."""
    part = block[buffer.place : buffer.place + buffer.bytes]
    return part.view(buffer.dtype).reshape(shape)


def _holders(block: Block) -> int:
    """Return how many arrays lie in a block's memory, and a few."""
    return sys.getrefcount(block.base)


_NOBODY = _holders(aligned_bytes(1))


class StateMemory:
    """Two copies of the entries that a program changes.

    Parameters
    ----------
    entries : mapping of str to Buffer
        Their places in a copy.
    size : int
        Bytes of a copy.

    Attributes
    ----------
    copies : list of arrays of bytes
        Our own, two while a span runs.
    guest : array of bytes, optional
        The caller's arrays as a copy that is only read, until the first step is done.
    """

    def __init__(self, entries: Mapping[str, Buffer], size: int) -> None:
        self.entries = entries
        self.size = size
        self.copies = [aligned_bytes(size), aligned_bytes(size)]
        self.guest: Block | None = None
        self._lent: list[Block] = []

    @property
    def blocks(self) -> list[Block]:
        """All memory that a step may touch."""
        return self.copies if self.guest is None else [*self.copies, self.guest]

    def at(self, address: int) -> Block:
        """Return the copy that begins at an address."""
        return next(block for block in self.blocks if address_of(block) == address)

    # ----- coming in

    def load(self, values: Mapping[str, Array]) -> tuple[int, int]:
        """Take over a state; return the addresses of the current copy and of the next."""
        while len(self.copies) < 2:
            self.copies.append(self._free())
        self.guest = self._lying_as_a_copy(values)
        following, current = self.copies
        if self.guest is not None:
            return address_of(self.guest), address_of(following)
        for name, buffer in self.entries.items():
            seen(current, buffer, values[name].shape)[...] = values[name]
        return address_of(current), address_of(following)

    def _free(self) -> Block:
        """Return memory that was handed over and let go of, else new memory."""
        for number, block in enumerate(self._lent):
            if _holders(block) == _NOBODY:
                return self._lent.pop(number)
        return aligned_bytes(self.size)

    def _lying_as_a_copy(self, values: Mapping[str, Array]) -> Block | None:
        """Return the memory of entries that lie as in a copy of ours, else None."""
        if self.size < LARGE:
            return None
        largest = max(self.entries, key=lambda name: self.entries[name].bytes)
        owner = values[largest].base
        if type(owner) is not np.ndarray or owner.dtype != np.uint8:
            return None
        begin = address_of(values[largest]) - self.entries[largest].place - address_of(owner)
        if not 0 <= begin <= owner.size - self.size:
            return None
        block: Block = owner[begin : begin + self.size]
        for name, buffer in self.entries.items():
            x, there = values[name], seen(block, buffer, values[name].shape)
            same = x.base is owner and address_of(x) == address_of(there)
            number = x.size == 1 and x.tobytes() == there.tobytes()  # the step's, made anew
            if x.dtype != there.dtype or not x.flags.c_contiguous or not (same or number):
                return None
        return block

    # ----- going on

    def dismiss(self, current: int) -> bool:
        """Let go of the guest if a step has been made from it; tell whether that is so."""
        assert self.guest is not None
        done = current != address_of(self.guest)
        if done:
            self.guest = None
        return done

    def other(self, current: int) -> int:
        """Return the address of the copy of ours that is not the current one."""
        (other,) = (place for place in map(address_of, self.copies) if place != current)
        return other

    # ----- going out

    def hand_over(self, current: int, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
        """Return the entries of a copy, which is theirs from now on if it is large."""
        block = self.at(current)
        if self.size < LARGE:  # one copy of all, and no slices of it: for small steps it counts
            copy, entries = block.copy(), self.entries
            return {
                name: np.ndarray(shape, entries[name].dtype, copy, entries[name].place)
                for name, shape in shapes.items()
            }
        found = {name: seen(block, self.entries[name], shape) for name, shape in shapes.items()}
        if block is not self.guest:
            self.copies = [copy for copy in self.copies if copy is not block]
            self._lent = [*self._lent[-2:], block]
        return found
