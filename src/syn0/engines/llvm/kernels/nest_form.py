"""How a nest is to be walked: what belongs to which loop, and to which pass over a row.

Every choice is made from the nest alone, never from the machine, so that the order of each
sum is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from syn0.engines.llvm.ir import BYTES, SCALARS
from syn0.engines.llvm.kernels.expressions import cost
from syn0.engines.llvm.kernels.statements import REDUCTIONS, Nest, Statement

IN_REGISTERS = 16  # vectors of a row that are held at once
SCRATCH = 32 * 1024  # bytes of a row that may be kept from pass to pass


@dataclass(frozen=True)
class Form:
    """A merged nest, and what each of its statements waits for."""

    nest: Nest
    factor: int
    written_out: bool = False  # for all of the first axis, without a loop over neighbours

    @cached_property
    def flat(self) -> bool:
        """Whether one loop goes over all elements."""
        return len(self.nest.domain) == 1

    @cached_property
    def lanes(self) -> int:
        """Lanes of a vector: 16, or 8 if a number of an element has 64 bits."""
        kinds = {SCALARS[s.dtype] for s in self.nest.statements if s.level == "element"}
        return 8 if kinds & {"double", "i64"} else 16

    @cached_property
    def width(self) -> int:
        """Elements of a row."""
        return self.nest.domain[-1]

    @cached_property
    def vectors(self) -> int:
        """Vectors of a row, with the one that the row does not fill."""
        return -(-self.width // self.lanes)

    @cached_property
    def needed(self) -> frozenset[int]:
        """What the stores come from."""
        return self.closure(s.statement for s in self.nest.stores)

    def closure(self, roots: Iterable[int], given: frozenset[int] = frozenset()) -> frozenset[int]:
        """Return all that some statements come from, and themselves, except what is given."""
        found: set[int] = set()
        waiting = [r for r in roots if r not in given]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                inputs = self.nest.statements[number].inputs
                waiting += [i for i in inputs if i not in given]
        return frozenset(found)

    @cached_property
    def stages(self) -> tuple[int, ...]:
        """How many passes over the row must be over before each statement."""
        stages: list[int] = []
        for s in self.nest.statements:
            before = max((stages[i] for i in s.inputs), default=0)
            stages.append(before + (s.op in REDUCTIONS))
        return tuple(stages)

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """In how many of the loops over rows each statement stands."""
        outer = len(self.nest.domain) - 1
        depths: list[int] = []
        for s in self.nest.statements:
            depth = max((depths[i] for i in s.inputs), default=0)
            if s.op in REDUCTIONS:
                depth = outer
            elif s.op == "index":
                depth = s.attribute + 1 if s.attribute < outer else 0
            elif s.op == "load":
                strides = self.nest.operands[s.attribute].strides[:outer]
                depth = max((axis + 1 for axis, stride in enumerate(strides) if stride), default=0)
            depths.append(depth)
        return tuple(depths)

    def defined_at(self, depth: int) -> list[int]:
        """Return what is one for each row, needs so many loops and no reduction."""
        return [n for n in self.defined_after(0) if self.depths[n] == depth]

    def defined_after(self, stage: int) -> list[int]:
        """Return what is one for each row and can be computed after so many passes."""
        return [
            n
            for n in sorted(self.needed & self._rows)
            if self.stages[n] == stage and self.nest.statements[n].op not in REDUCTIONS
        ]

    def fixed_at(self, depth: int) -> list[int]:
        """Return what is one for each element, but needs only so many of the loops over rows."""
        elements = self.elements(self.needed)
        return [n for n in elements if self.depths[n] == depth and not self.stages[n]]

    @cached_property
    def element_stores(self) -> tuple[int, ...]:
        """The stores that go along the row."""
        return tuple(
            number
            for number, store in enumerate(self.nest.stores)
            if self.nest.statements[store.statement].level == "element"
            or self.nest.operands[store.operand].strides[-1]
        )

    @cached_property
    def reductions(self) -> tuple[int, ...]:
        """The statements that reduce the row."""
        return tuple(s for s in sorted(self.needed) if self.nest.statements[s].op in REDUCTIONS)

    @cached_property
    def passes(self) -> int:
        """How often the row is walked."""
        stored = [self.nest.stores[s].statement for s in self.element_stores]
        reduced = [self.nest.statements[r].inputs[0] for r in self.reductions]
        return max((self.stages[s] + 1 for s in (*stored, *reduced)), default=0)

    def reduced_in(self, number: int) -> tuple[int, ...]:
        """Return the reductions that a pass makes."""
        return tuple(r for r in self.reductions if self.stages[r] == number + 1)

    def stored_in(self, number: int) -> tuple[int, ...]:
        """Return the stores of a pass: all in the last, so that it may write what it reads."""
        return self.element_stores if number == self.passes - 1 else ()

    def wanted_in(self, number: int) -> tuple[int, ...]:
        """Return the statements that a pass is made for."""
        reduced = (self.nest.statements[r].inputs[0] for r in self.reduced_in(number))
        return (*reduced, *(self.nest.stores[s].statement for s in self.stored_in(number)))

    def elements(self, roots: Iterable[int], given: frozenset[int] = frozenset()) -> list[int]:
        """Return the statements on elements that some come from, in order."""
        return sorted(self.closure(roots, given | self._rows))

    @cached_property
    def _rows(self) -> frozenset[int]:
        return frozenset(n for n, s in enumerate(self.nest.statements) if s.level == "row")

    def cycles(self, statements: Iterable[int]) -> int:
        """Return about how long some statements take for a vector."""
        return sum(self._cost(self.nest.statements[s]) for s in statements)

    def _cost(self, s: Statement) -> int:
        if s.op == "load" and self.nest.operands[s.attribute].strides[-1] not in (0, 1):
            return self.lanes
        return cost(s.op)

    # ----- what is held

    @cached_property
    def in_registers(self) -> bool:
        """Whether the row is written out, so that all its values stay in registers."""
        work = self.vectors * self.cycles(self.elements(self.needed))
        enough = 64 if self.passes < 2 else 320  # a row read once gains nothing by more
        return self.vectors <= 1 or (self.vectors <= IN_REGISTERS and work <= enough)

    @cached_property
    def rows_at_once(self) -> int:
        """How many short rows one turn does side by side."""
        if not self.in_registers:
            return 1
        work = self.cycles(self.elements(self.needed)) * self.vectors
        # Against the cost of the loop itself; with reductions, to overlap their chains.
        four, two = (8, 16) if self.passes < 2 else (40, 120)
        return 4 if work <= four else 2 if work <= two else 1

    def unroll(self, number: int) -> int:
        """Return how many vectors one turn of a pass does."""
        work = self.cycles(self.evaluated[number])
        if self.reduced_in(number):
            return 4 if work <= 40 else 1
        return 4 if work <= 8 else 2 if work <= 40 else 1

    @cached_property
    def kept(self) -> tuple[int, ...]:
        """What a pass keeps in memory for a later one, as to compute it again costs more."""
        kept: list[int] = []
        room = SCRATCH
        evaluated = self._evaluated(kept)
        for number in reversed(range(len(self.nest.statements))):
            if sum(number in numbers for numbers in evaluated) < 2:
                continue
            dear = self.cycles(self.elements([number], frozenset(kept))) > 4
            size = self.vectors * self.lanes * BYTES[SCALARS[self.nest.statements[number].dtype]]
            if dear and size <= room:
                kept.append(number)
                room -= size
                evaluated = self._evaluated(kept)
        return tuple(sorted(kept))

    def _evaluated(self, kept: Sequence[int]) -> list[list[int]]:
        """Return what each pass computes, if earlier passes keep some of it."""
        found: list[list[int]] = []
        given: frozenset[int] = frozenset()
        for number in range(self.passes):
            found.append(self.elements(self.wanted_in(number), given))
            given |= frozenset(found[-1]) & frozenset(kept)
        return found

    @cached_property
    def evaluated(self) -> list[list[int]]:
        """What each pass computes, in order; the rest was kept by an earlier one."""
        return self._evaluated(self.kept)
