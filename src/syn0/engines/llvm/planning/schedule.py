"""When calls run: phases between which threads wait for each other, and groups within them.

A phase holds groups of calls; a group's calls divide the same rows, and row i of each needs
row i of the others only. So a thread takes a share of the rows through all calls of a group,
block by block while the block lies in its cache, and waits for nobody before the phase ends.
Where sums over shards of these rows follow in the same phase, its share is whole shards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.memory import Buffer, Call

CACHE = 384 * 1024  # bytes that the rows of a block may fill
LEAST_BLOCK = 32  # rows, if so many are in the cache
FEW = 2  # of rows that are large
GRAIN = 8  # rows, of which a block is a multiple


@dataclass(eq=False)
class Group:
    """Calls over the same rows, in order."""

    rows: Rows
    calls: list[Call] = field(default_factory=list)
    # Sums over shards of its rows, to which each block's rows are added while they are near.
    chained: list[Call] = field(default_factory=list)
    # Values of a block that nothing else makes or reads: the next block may have their memory.
    passing: list[Buffer] = field(default_factory=list)

    @property
    def block(self) -> int:
        """How many rows go through all calls at a time."""
        count, near = max(self.rows.count, 1), self.near
        if len(self.calls) + len(self.chained) == 1:
            return count
        if near < LEAST_BLOCK:
            return min(near, count)
        even = count / math.ceil(count / near)
        return min(math.ceil(even / GRAIN) * GRAIN, count)

    @property
    def near(self) -> int:
        """How many rows stay in the cache, of however many there are."""
        own: dict[int, Buffer] = {}
        whole: dict[int, Buffer] = {}  # read again for each block: weights
        for call in self.calls:
            own |= {id(b): b for b in call.writes}
            for buffer, by_row in call.reads:
                (own if by_row else whole)[id(buffer)] = buffer
        row = sum(b.bytes // max(b.rows.count, 1) for b in own.values())
        # A block's rows should stay in the cache, but not be fewer bytes than the weights are.
        wanted = max(CACHE, sum(b.bytes for b in whole.values())) / max(row, 1)
        if wanted < LEAST_BLOCK:  # such as pictures, which outweigh the weights that they share
            return max(FEW, CACHE // max(row, 1))
        return math.ceil(wanted / LEAST_BLOCK) * LEAST_BLOCK


@dataclass(eq=False)
class Phase:
    """Groups that no order binds."""

    groups: list[Group] = field(default_factory=list)

    def group(self, rows: Rows) -> Group:
        """Return the group of these rows, begun if need be."""
        for group in self.groups:
            if group.rows == rows:
                return group
        self.groups.append(Group(rows))
        return self.groups[-1]

    def shards(self, samples: Rows) -> Rows | None:
        """Return the shards by which threads must share samples, if sums of them follow."""
        return next((g.rows for g in self.groups if g.rows.split(samples)), None)

    @property
    def calls(self) -> list[Call]:
        """Its calls, group by group."""
        return [call for group in self.groups for call in group.calls]


def schedule(calls: Sequence[Call]) -> list[Phase]:
    """Return the phases of calls, as few as this order allows.

    What does not depend on the batch but is needed by calls that do comes first, so that
    forward and backward pass of a block of samples stay in one phase.
    """
    needs = _needs(calls)
    first = _prologue(calls, needs)
    number: list[int] = []  # of the phase of each call
    for i, call in enumerate(calls):
        found = int(bool(first) and i not in first)
        for j, own in needs[i]:
            near = calls[j].rows == call.rows or call.rows.split(calls[j].rows)
            found = max(found, number[j] + (not (own and near)))
        number.append(found)
    phases = [Phase() for _ in range(max(number, default=-1) + 1)]
    for call, place in zip(calls, number, strict=True):
        phases[place].group(call.rows).calls.append(call)
    for phase in phases:
        phase.groups.sort(key=lambda group: group.rows.shard > 0)  # after their samples
        _chain(phase)
    return phases


def _chain(phase: Phase) -> None:
    """Give sums over shards to the groups whose calls write what they add up.

    Of many rows that are near together a shard is added up by itself: blocks would only be more
    calls. The number of samples must not decide this: their driver is the same code.
    """
    for group in phase.groups:
        if group.near >= LEAST_BLOCK:
            continue
        written = {id(b) for call in group.calls for b in call.writes}
        for others in phase.groups:
            if others.rows.split(group.rows):
                group.chained += [
                    call for call in others.calls
                    if call.resumes is not None and all(id(b) in written for b, _ in call.reads)
                ]  # fmt: skip


Need = tuple[int, bool]


def _needs(calls: Sequence[Call]) -> list[set[Need]]:
    """Return for each call those that must come before it, and whether row by row suffices."""
    writers: dict[int, list[int]] = {}
    needs: list[set[Need]] = []
    for i, call in enumerate(calls):
        found: set[Need] = set()
        for buffer, own in call.reads:
            found |= {(j, own) for j in writers.get(id(buffer), [])}
        for buffer in call.writes:
            # Zeros first, then what is put into them.
            found |= {(j, True) for j in writers.get(id(buffer), [])}
            writers.setdefault(id(buffer), []).append(i)
        needs.append(found)
    return needs


def _prologue(calls: Sequence[Call], needs: Sequence[set[Need]]) -> set[int]:
    """Return the calls that calls of the batch need and that need none of them."""
    late: set[int] = set()
    for i, call in enumerate(calls):
        if call.rows.batched or any(j in late for j, _ in needs[i]):
            late.add(i)
    wanted: set[int] = set()
    for i in reversed(range(len(calls))):
        if calls[i].rows.batched or i in wanted:
            wanted |= {j for j, _ in needs[i] if j not in late}
    return wanted


def are_rows_independent(calls: Sequence[Call], outputs: Sequence[Buffer]) -> bool:
    """Tell whether each sample's outputs are computed from that sample and the state alone."""
    of_batch: set[int] = set()
    for call in calls:
        reads = [own for b, own in call.reads if id(b) in of_batch or b.rows.batched]
        if reads or call.rows.batched:
            if not call.rows.batched or not all(reads):
                return False
            of_batch |= {id(b) for b in call.writes}
    return all(id(b) in of_batch for b in outputs)


def pass_on(phases: Sequence[Phase], kept: Sequence[Buffer]) -> None:
    """Note in each group with sums which of its values nothing else makes or reads."""
    users: dict[int, set[int]] = {}
    for phase in phases:
        for call in phase.calls:
            for buffer in (*call.writes, *(b for b, _ in call.reads)):
                users.setdefault(id(buffer), set()).add(id(call))
    for group in (group for phase in phases for group in phase.groups if group.chained):
        own = {id(call) for call in (*group.calls, *group.chained)}
        written = {id(b): b for call in group.calls for b in call.writes}
        group.passing = [
            b for key, b in written.items()
            if b.space == "arena" and b.rows == group.rows and b not in kept
            and users[key] <= own
        ]  # fmt: skip


def lifetimes(phases: Sequence[Phase], kept: Sequence[Buffer]) -> dict[Buffer, tuple[int, int]]:
    """Return the first and the last phase in which each value in the arena is needed."""
    spans: dict[Buffer, tuple[int, int]] = {}
    for number, phase in enumerate(phases):
        for call in phase.calls:
            for buffer in (*call.writes, *(b for b, _ in call.reads)):
                if buffer.space == "arena":
                    begin, _ = spans.get(buffer, (number, number))
                    spans[buffer] = (begin, number)
    last = len(phases)
    return {b: (first, last if b in kept else end) for b, (first, end) in spans.items()}
