"""What a program does on this machine: its kernels in phases, and where its values lie.

A plan is a tree: a span repeats a step, a step is a sequence of phases, a phase holds groups,
and a group is a loop over blocks of rows around the calls of its kernels. Nothing here knows
LLVM's text, so a plan can be read, compared and tested as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.kernels.indexing import gather_kernel
from syn0.engines.llvm.planning import arena
from syn0.engines.llvm.planning.calls import Emitter
from syn0.engines.llvm.planning.fusion import Fusion, Rows, copy_of
from syn0.engines.llvm.planning.lowering import lower
from syn0.engines.llvm.planning.memory import Buffer, Call, Pointer
from syn0.engines.llvm.planning.nest_writer import number_of
from syn0.engines.llvm.planning.recomputing import recomputed
from syn0.engines.llvm.planning.schedule import (
    Phase,
    are_rows_independent,
    lifetimes,
    pass_on,
    schedule,
)
from syn0.engines.llvm.planning.unit_rules import RULES
from syn0.engines.llvm.planning.views import MOVES
from syn0.graph import (
    FLOATS,
    Dimension,
    Tensor,
    batch,
    bind_shape,
    constant,
    constant_op,
    input_op,
    size_op,
    state_op,
    topological_order,
)
from syn0.program import Program

ORDER = "order"  # of the samples of an epoch, as an input
SAMPLES = "samples"  # how many there are, a number known when the program runs
EXACT = frozenset("add subtract multiply divide negative square sqrt astype".split())
SMALL = 20_000  # operations of a step, below which its sizes are part of its code


@dataclass(frozen=True)
class Source:
    """Where a program's input comes from.

    Parameters
    ----------
    kind : str
        ``batch``: an array of just this batch. ``rows``: the samples as they follow each other
        in an array of all. ``order``: samples named by an order. ``table``: a number a step.
    dtype : str
        Of the array.
    """

    kind: str
    dtype: str


@dataclass(eq=False)
class Plan:
    """A program's kernels, memory and order.

    Attributes
    ----------
    phases : list of Phase
        What a step does.
    slots : list of Buffer
        Memory outside the arena: inputs, entries that are only read, constants.
    state : list of Buffer
        Entries that the step changes; they have two copies, of `state_bytes` each.
    outputs, updates : dict of str to Buffer
        Where results are.
    by_rows : bool
        Whether samples do not need each other, so that any number goes through in blocks.
    is_small : bool
        Whether the step is so short that calls and loops are what it costs: such a program is
        made of one piece, for its sizes alone.
    """

    name: str
    target: Target
    rows: int
    phases: list[Phase]
    slots: list[Buffer]
    state: list[Buffer]
    outputs: dict[str, Buffer]
    updates: dict[str, Buffer]
    totals: Mapping[str, str]
    by_rows: bool
    is_small: bool
    arena_bytes: int = 0
    least_bytes: int = 0
    state_bytes: int = 0
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    input_shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def calls(self) -> list[Call]:
        """All calls, in order."""
        return [call for phase in self.phases for call in phase.calls]

    @cached_property
    def has_bands(self) -> bool:
        """Whether it is for one sample, the lines of which threads may share."""
        return any(call.bands > 1 for call in self.calls)

    @cached_property
    def operations(self) -> int:
        """Floating-point operations of a step, about."""
        return sum(call.operations for call in self.calls)


def make_plan(
    program: Program,
    sizes: Mapping[str, int],
    sources: Mapping[str, Source],
    target: Target,
    *,
    by_rows: bool = False,
    guarded: bool = False,
    lowered: Sequence[Tensor] | None = None,
) -> Plan | None:
    """Plan a program for the sizes of its named dimensions.

    Parameters
    ----------
    program : Program
        What to compute; simplified.
    sizes : mapping of str to int
        The named dimensions; the batch is that of a block if `by_rows`.
    sources : mapping of str to Source
        Where each input comes from.
    target : Target
        The machine.
    by_rows : bool
        Whether the plan is wanted for any number of samples.
    guarded : bool
        Whether inputs that are not finite are an error.
    lowered : sequence of Tensor, optional
        What `lowered_results` gives for the program, which is the same for all sizes.

    Returns
    -------
    Plan or None
        None if `by_rows` is asked for and samples need each other.
    """
    found = lowered_results(program) if lowered is None else lowered
    return _Planner(program, dict(sizes), sources, target).plan(found, by_rows, guarded)


def lowered_results(program: Program) -> list[Tensor]:
    """Return a program's outputs and updates, made of ops that kernels know."""
    return lower([*program.outputs.values(), *program.updates.values()], program.updates)


class _Planner:
    """Plans one program."""

    def __init__(
        self,
        program: Program,
        sizes: dict[str, int],
        sources: Mapping[str, Source],
        target: Target,
    ) -> None:
        self.program = program
        self.sizes = sizes
        self.sources = sources
        self.target = target
        self.slots: dict[str, Buffer] = {}
        self.state: dict[str, Buffer] = {}
        self.gathers: list[Call] = []
        self.of_sizes: dict[int, Tensor] = {}  # constants that another batch size changes

    def plan(self, found: Sequence[Tensor], by_rows: bool, guarded: bool) -> Plan | None:
        """Return the plan."""
        program = self.program
        self.is_small = _operations(found, self.sizes) < SMALL
        roots = _owned(found if self.is_small else self._bound(found))
        inputs, _ = program.leaves()
        guards = [copy_of(t) for t in inputs if guarded and t.dtype in FLOATS and t.shape]
        copies: Collection[int] = ()
        if any(t.op.name == "conv2d_dw" for t in topological_order(roots)) and not self.is_small:
            roots, copies = recomputed(roots, self.sizes)
        fusion = Fusion([*roots, *guards], self.sizes, is_small=self.is_small, copies=copies)
        named = dict(zip([*program.outputs, *program.updates], roots, strict=True))
        outputs = {name: named[name] for name in program.outputs}
        changed = dict(zip(program.updates, roots[len(outputs) :], strict=True))
        buffers = {id(leaf): self._leaf(leaf) for leaf in fusion.leaves if self._has_memory(leaf)}
        nexts = {name: self._next(name, t, fusion) for name, t in changed.items()}
        buffers |= {id(changed[name]): buffer for name, buffer in nexts.items()}
        checked = {id(t) for t in changed.values() if t.dtype in FLOATS}
        checked |= {id(t) for t in guards}
        checked |= {id(t) for name, t in outputs.items() if name == "loss"}
        single = by_rows and self.sizes.get("batch") == 1 and not self.is_small
        emitter = Emitter(fusion, self.target, buffers, checked, single)
        calls = [*self.gathers, *emitter.emit(RULES)]
        self.slots |= {f"table {i}": table for i, table in enumerate(emitter.tables.values())}
        results = {
            name: buffers[id(t)] for name, t in zip(outputs, roots[: len(outputs)], strict=True)
        }
        independent = not nexts and are_rows_independent(calls, list(results.values()))
        # Of one sample the first is the last, so that calls do not tell.
        independent = independent and not any(map(_moves_samples, topological_order(roots)))
        if by_rows and not independent:
            return None
        if by_rows:
            self._put_outside(results)
        phases = schedule(calls)
        pass_on(phases, list(results.values()))
        spans = lifetimes(phases, list(results.values()))
        if by_rows:  # computed once before all blocks, and read by the last of them too
            end = max((last for _, last in spans.values()), default=0)
            spans |= {b: (0, end) for b in spans if not b.rows.batched}
        # One thread adds up a step's figures while others may be in the first phase of the next.
        for name in {"weight", *self.program.totals} & results.keys():
            if results[name] in spans:
                spans[results[name]] = (0, spans[results[name]][1])
        plan = Plan(
            program.name, self.target, self.sizes.get("batch", 1), phases,
            list(self.slots.values()), list(self.state.values()), results, nexts,
            program.totals, by_rows, self.is_small,
        )  # fmt: skip
        plan.arena_bytes, plan.least_bytes = arena.place(spans), arena.most_alive(spans)
        plan.state_bytes = self._lay_out_state(nexts)
        plan.input_shapes = {t.name or "": bind_shape(t.shape, self.sizes) for t in inputs}
        plan.shapes = {name: fusion.shape(t) for name, t in outputs.items()}
        for number, buffer in enumerate(plan.slots):
            buffer.place = number
        return plan

    def _put_outside(self, results: dict[str, Buffer]) -> None:
        for name, buffer in results.items():
            buffer.space = "slot"
            self.slots[f"output {name}"] = buffer

    # ----- sizes

    def _bound(self, roots: Sequence[Tensor]) -> list[Tensor]:
        """Return the graph with numbers that come from sizes alone as constants in memory.

        In a kernel's code they would make it one for a single number of samples.
        """
        new: dict[int, Tensor] = {}
        for tensor in topological_order(roots):
            inputs = tuple(new[id(x)] for x in tensor.inputs)
            kept = all(x is y for x, y in zip(inputs, tensor.inputs, strict=True))
            made = tensor if kept else replace(tensor, inputs=inputs)
            if self._comes_from_sizes(made):
                made = constant(np.asarray(self._value(made), made.dtype))
                self.of_sizes[id(made)] = made
            new[id(tensor)] = made
        return [new[id(root)] for root in roots]

    def _comes_from_sizes(self, tensor: Tensor) -> bool:
        if tensor.op is size_op:
            return any(isinstance(d, Dimension) for d in tensor.attributes["of"])
        found = any(id(x) in self.of_sizes for x in tensor.inputs)
        known = all(x.op is constant_op and x.shape == () for x in tensor.inputs)
        return found and known and tensor.op.name in EXACT

    def _value(self, tensor: Tensor) -> Any:
        """Return a size, or what an op makes of constants."""
        if tensor.op is size_op:
            return number_of(tensor, self.sizes)
        numbers = [np.asarray(x.attributes["value"], x.dtype) for x in tensor.inputs]
        return tensor.op.forward(np, *numbers, **tensor.attributes)

    # ----- memory of leaves

    def _has_memory(self, leaf: Tensor) -> bool:
        if leaf.op is constant_op:
            return leaf.shape != () or id(leaf) in self.of_sizes
        return leaf.op in (input_op, state_op)

    def _leaf(self, leaf: Tensor) -> Buffer:
        name = leaf.name or "constant"
        shape = bind_shape(leaf.shape, self.sizes)
        count = math.prod(shape)
        rows = Rows(shape[0] if shape else 1, leaf.shape[:1] == (batch,))
        if leaf.op is state_op and name in self.program.updates:
            return self.state.setdefault(name, Buffer("state", name, leaf.dtype, count, rows))
        if leaf.op is input_op:
            return self._input(name, leaf, count, rows)
        key = f"constant {len(self.slots)}" if leaf.op is constant_op else f"state {name}"
        if key not in self.slots:
            value = leaf.attributes["value"] if leaf.op is constant_op else None
            self.slots[key] = Buffer("slot", name, leaf.dtype, count, rows, value)
        return self.slots[key]

    def _input(self, name: str, leaf: Tensor, count: int, rows: Rows) -> Buffer:
        source = self.sources[name]
        key = f"input {name}"
        if key in self.slots:
            return self.slots[key]
        if source.kind != "order":
            self.slots[key] = Buffer("slot", name, leaf.dtype, count, rows)
            self.slots[key].source = source.kind
            return self.slots[key]
        samples = Buffer("slot", name, source.dtype, 0, Rows(0, False))
        samples.source = "order"
        self.slots[key] = samples
        if ORDER not in self.slots:
            self.slots[ORDER] = Buffer("slot", ORDER, "int64", rows.count, rows)
            self.slots[ORDER].source = "rows"
        gathered = Buffer("arena", name, leaf.dtype, count, rows)
        kernel = gather_kernel(source.dtype, leaf.dtype, "int64", gathered.row)
        order = self.slots[ORDER]
        self.gathers.append(
            Call(
                kernel, (Pointer(samples), Pointer(order), Pointer(gathered)), (SAMPLES,), rows,
                ((order, True),), (gathered,), label=f"{name} gathered",
            )
        )  # fmt: skip
        return gathered

    # ----- memory of the state

    def _next(self, name: str, tensor: Tensor, fusion: Fusion) -> Buffer:
        shape = fusion.shape(tensor)
        rows = Rows(shape[0] if shape else 1, False)
        return Buffer("next", name, tensor.dtype, math.prod(shape), rows)

    def _lay_out_state(self, nexts: Mapping[str, Buffer]) -> int:
        place = 0
        for name, buffer in nexts.items():
            buffer.place = place
            if name in self.state:
                self.state[name].place = place
            place += -(-buffer.bytes // arena.ALIGNMENT) * arena.ALIGNMENT
        return place


def _owned(found: Sequence[Tensor]) -> list[Tensor]:
    """Return results that each have memory of their own: leaves and moves are copied."""
    roots: list[Tensor] = []
    taken: set[int] = set()
    for tensor in found:
        shared = not tensor.inputs or tensor.op.name in MOVES or id(tensor) in taken
        roots.append(copy_of(tensor) if shared else tensor)
        taken.add(id(tensor))
    return roots


def _moves_samples(tensor: Tensor) -> bool:
    """Tell whether an op takes some of the samples, or turns their order round."""
    if tensor.op.name != "slice" or tensor.inputs[0].shape[:1] != (batch,):
        return False
    step: int | None = tensor.attributes["key"][0].step
    return tensor.shape[:1] != (batch,) or step == -1


def _operations(roots: Sequence[Tensor], sizes: Mapping[str, int]) -> int:
    """Return how many operations a step has, about."""
    total = 0
    for tensor in topological_order(roots):
        if not tensor.inputs or tensor.op.name in MOVES:
            continue
        made = math.prod(bind_shape(tensor.shape, sizes))
        first, *others = (bind_shape(x.shape, sizes) for x in tensor.inputs)
        if tensor.op.name == "matmul":
            total += 2 * made * first[-1]
        elif tensor.op.name == "tensordot":
            total += 2 * made * math.prod(first[:-1])
        else:
            total += max(made, *map(math.prod, (first, *others)))
    return total


def itemsize(dtype: str) -> int:
    """Return the bytes of an element."""
    size: Any = np.dtype(dtype).itemsize
    return int(size)
