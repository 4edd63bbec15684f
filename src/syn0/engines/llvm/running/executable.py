"""A program compiled for this machine, for any batch size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Self

from numpy.typing import NDArray

from syn0.engines.llvm.compiling import checked
from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.planning.listing import page
from syn0.engines.llvm.planning.plan import Plan, Source
from syn0.engines.llvm.running.arguments import fitted
from syn0.engines.llvm.running.bound import BoundBatch, BoundRows
from syn0.engines.llvm.running.family import Compiled, Family
from syn0.engines.llvm.running.single_row import SingleRow, alone, together
from syn0.engines.llvm.running.single_step import SingleStep
from syn0.engines.llvm.running.span import Span, run_batches
from syn0.engines.llvm.running.threads import threads_for
from syn0.engines.llvm.running.words import Word
from syn0.engines.llvm.running.workspace import Workspace
from syn0.engines.protocol import Control, Feed, ResidentArrays
from syn0.graph import batch
from syn0.program import Program, State

Array = NDArray[Any]
BLOCKS = (1, 4, 16, 128)  # samples that go through a program at a time
ROOM = 640 * 1024  # bytes that the largest value of a block may have, so that several stay near


class LLVMExecutable:
    """A program for this machine; see `syn0.engines.protocol.Executable`."""

    def __init__(self, program: Program, family: Family) -> None:
        self.program = program
        self.family = family

    @classmethod
    def of(cls, program: Program, target: Target) -> Self:
        """Return a program for this machine."""
        simplified = program.simplified()
        return cls(simplified, Family(simplified, target))

    def again(self) -> Self:
        """Return the same for another network: the code is shared, memory is not."""
        family = self.family
        return type(self)(self.program, Family(self.program, family.target, family.library))

    # ----- one step

    def run(
        self, state: State, batch: Mapping[str, Array], threads: int | str = "auto"
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return outputs and updates of one step; the state is not touched."""
        bound = self.bound(batch, threads)
        found = bound(state)
        bound.release()
        return found

    def bound(
        self, batch: Mapping[str, Array], threads: int | str = "auto"
    ) -> BoundRows | BoundBatch:
        """Return `run` for a batch that stays where it is, for one caller at a time."""
        family = self.family
        given = {name: fitted(batch[name], t) for name, t in family.inputs.items()}
        sizes = family.sizes(given)
        rows = sizes.get("batch", 1)
        compiled = self._by_rows(sizes, rows)
        if compiled is not None:
            return BoundRows(family, compiled, given, rows, threads)
        kinds = {name: Source("batch", t.dtype) for name, t in family.inputs.items()}
        return BoundBatch(family, family.member(sizes, kinds), given, threads)

    def _by_rows(self, sizes: Mapping[str, int], rows: int) -> Compiled | None:
        """Return the form for any number of samples, None if they need each other."""
        if not rows or "batch" not in sizes:
            return None
        near = [b for b in BLOCKS if b * self.family.sample_bytes <= ROOM] or BLOCKS[:1]
        block = next((b for b in near if rows <= b), near[-1])
        kinds = {
            name: Source("rows" if t.shape[:1] == (batch,) else "batch", t.dtype)
            for name, t in self.family.inputs.items()
        }
        return self.family.by_rows({**sizes, "batch": block}, kinds)

    def single_row(self, state: State) -> SingleRow | None:
        """Return a function of one sample, None where the program has not one input and output."""
        (tensor, *others), (goal, *more) = self.family.inputs.values(), self.program.outputs
        fixed = all(isinstance(d, int) for d in tensor.shape[1:])
        if others or more or tensor.shape[:1] != (batch,) or not fixed or checked.ENABLED:
            return None
        name = tensor.name or ""
        sources = {name: Source("rows", tensor.dtype)}
        compiled = self.family.by_rows({"batch": 1}, sources, guarded=True)
        if compiled is None:
            return None
        plan = compiled.plan
        threads = threads_for(plan, "auto")

        def make() -> Workspace:
            space = Workspace(plan, 1)  # however many threads share the sample
            for buffer in plan.slots:
                if buffer.name in entries:
                    tensor = self.family.entries[buffer.name]
                    space.put(buffer, fitted(entries[buffer.name], tensor))
            space.table[Word.COUNT] = 1
            return space

        entries = {b.name: state[b.name] for b in plan.slots if b.name in self.family.entries}
        runs = partial(alone, compiled.code.alone) if threads == 1 else partial(together, compiled)
        return SingleRow(runs, make, entries, name, goal)

    def single_step(
        self, state: State, batch: Mapping[str, Array], threads: int | str = 1
    ) -> SingleStep | None:
        """Return one step over batches like this, None where several threads are worth it."""
        if checked.ENABLED:
            return None
        found = SingleStep(self.family, state, batch)
        return found if threads_for(found.plan, threads) == 1 else None

    def plans(self) -> list[Plan]:
        """Return the plans that were made so far."""
        return [compiled.plan for compiled in self.family.members()]

    def plan_text(self, rows: int | None = None) -> str:
        """Return the plan for so many samples, None for any number, as a page to read."""
        fitting = [plan for plan in self.plans() if plan.rows == rows and not plan.by_rows]
        if fitting:
            return page(fitting[-1])
        sources = {name: Source("batch", t.dtype) for name, t in self.family.inputs.items()}
        found = self._by_rows({"batch": BLOCKS[-1]}, BLOCKS[-1]) if rows is None else None
        compiled = found or self.family.member({"batch": rows or BLOCKS[-1]}, sources)
        return page(compiled.plan)

    # ----- many steps

    def run_span(self, state: State, feed: Feed, first: int, count: int, control: Control) -> int:
        """Run steps from `first` on; each is taken over whole, or not at all."""
        span = control.kept
        if isinstance(span, Span) and span.serves(self.family, state, feed):
            return span.run(first, count)
        if not isinstance(feed, ResidentArrays):
            return run_batches(self.family, state, feed, first, count, control)
        control.close()
        span = control.kept = Span(self.family, state, feed, control)
        return span.run(first, count)
