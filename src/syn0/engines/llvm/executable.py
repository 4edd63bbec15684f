"""A program compiled for this machine, for any batch size: plans are made as they are wanted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm import checked, crew, jit
from syn0.engines.llvm.driver import DRIVER, Word, driver_text
from syn0.engines.llvm.inlining import SMALL, inlined
from syn0.engines.llvm.listing import page
from syn0.engines.llvm.plan import ORDER, Plan, Source, make_plan
from syn0.engines.llvm.single_row import SingleRow
from syn0.engines.llvm.target import Target
from syn0.engines.llvm.threads import Pace, threads_for
from syn0.engines.llvm.workspace import Workspace, address_of
from syn0.engines.numpy import as_printed, first_failure
from syn0.engines.protocol import Control, Feed, ResidentArrays
from syn0.engines.source import is_plain_number
from syn0.errors import DataError
from syn0.graph import FLOATS, Dimension, Tensor, batch
from syn0.program import Program, State

Array = NDArray[Any]
BLOCKS = (1, 16, 128)  # samples that go through a program at a time
MOST_PLANS = 64  # of a program: other batch sizes are planned anew
CYCLES = 3e9  # a second of most processors' clocks
PATIENCE = 0.05  # seconds of a native call, after which Python looks at signals and clocks
_NOT_FINITE, _OUT_OF_RANGE = 1, 2


@dataclass(eq=False)
class Compiled:
    """A plan and its driver, with workspaces that wait to be used again."""

    plan: Plan
    pool: list[Workspace] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)

    @cached_property
    def alone(self) -> int:
        """The address of the driver for a single thread."""
        return self._linked(alone=True)

    @cached_property
    def together(self) -> int:
        """The address of the driver for several threads."""
        return self._linked(alone=False)

    def _linked(self, *, alone: bool) -> int:
        target = self.plan.target
        written_out = alone and not self.plan.by_rows
        used = [(written_out and call.written_out) or call.kernel for call in self.plan.calls]
        kernels = list({kernel.symbol: kernel for kernel in used}.values())
        text = driver_text(self.plan, alone=alone)
        if alone and self.plan.operations < SMALL:
            whole = inlined(text, DRIVER, kernels, target)
            return jit.addresses([whole], target)[whole.symbol]
        return jit.link_program(text, DRIVER, jit.addresses(kernels, target), target)

    def launch(self, space: Workspace, threads: int) -> None:
        """Run the driver in so many threads."""
        driver = self.alone if threads == 1 else self.together
        with checked.watching(space.ranges()) if checked.ENABLED else nullcontext():
            crew.run(driver, space.address, threads, self.plan.target)

    def take_back(self, space: Workspace) -> None:
        """Keep memory for the next run, without the arrays of this one."""
        space.release()
        self.pool.append(space)

    def workspace(self, threads: int) -> Workspace:
        """Return memory for a run, to be given to `take_back`."""
        try:
            found = self.pool.pop()
        except IndexError:
            return Workspace(self.plan, threads)
        return found if found.threads >= threads else Workspace(self.plan, threads)


class LLVMExecutable:
    """A program for this machine; see `syn0.engines.protocol.Executable`."""

    def __init__(self, program: Program, target: Target) -> None:
        self.program = program.simplified()
        self.target = target
        inputs, entries = self.program.leaves()
        self.inputs = {t.name or "": t for t in inputs}
        self.entries = {t.name or "": t for t in entries}
        self._compiled: dict[Any, Compiled | None] = {}
        self._lock = Lock()

    # ----- one step

    def run(
        self, state: State, batch: Mapping[str, Array], threads: int | str = "auto"
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return outputs and updates of one step; the state is not touched."""
        given = {name: _fitted(batch[name], t) for name, t in self.inputs.items()}
        sizes = self._sizes(given)
        rows = sizes.get("batch", 1)
        found = self._by_rows(sizes, rows)
        if found is not None:
            return self._run_rows(found, state, given, rows, threads), {}
        kinds = {name: Source("batch", t.dtype) for name, t in self.inputs.items()}
        compiled = self._plan(sizes, kinds)
        assert compiled is not None
        return self._run_once(compiled, state, given, threads)

    def _sizes(self, given: Mapping[str, Array]) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for name, tensor in self.inputs.items():
            for dimension, count in zip(tensor.shape, given[name].shape, strict=True):
                if isinstance(dimension, Dimension) and dimension == Dimension(dimension.name):
                    sizes.setdefault(dimension.name, count)
        return sizes

    def _by_rows(self, sizes: Mapping[str, int], rows: int) -> Compiled | None:
        """Return the form for any number of samples, None if they need each other."""
        if not rows or "batch" not in sizes:
            return None
        block = next((b for b in BLOCKS if rows <= b), BLOCKS[-1])
        kinds = {
            name: Source("rows" if t.shape[:1] == (batch,) else "batch", t.dtype)
            for name, t in self.inputs.items()
        }
        return self._plan({**sizes, "batch": block}, kinds, by_rows=True)

    def _plan(
        self, sizes: Mapping[str, int], sources: Mapping[str, Source], *, by_rows: bool = False,
        guarded: bool = False,
    ) -> Compiled | None:  # fmt: skip
        key = (by_rows, guarded, tuple(sorted(sizes.items())), tuple(sources.items()))
        with self._lock:
            if key not in self._compiled:
                plan = make_plan(
                    self.program, sizes, sources, self.target, by_rows=by_rows, guarded=guarded
                )
                self._compiled[key] = None if plan is None else Compiled(plan)
                while len(self._compiled) > MOST_PLANS:
                    del self._compiled[next(iter(self._compiled))]
            return self._compiled[key]

    def _run_rows(
        self, compiled: Compiled, state: State, given: Mapping[str, Array], rows: int,
        threads: int | str,
    ) -> dict[str, Any]:  # fmt: skip
        plan = compiled.plan
        blocks = -(-rows // plan.rows)
        used = threads_for(plan, threads, blocks)
        space = compiled.workspace(used)
        self._bind(space, state, given)
        outputs = {}
        for name, buffer in plan.outputs.items():
            outputs[name] = np.empty((rows, *plan.shapes[name][1:]), buffer.dtype)
            space.put(buffer, outputs[name])
        space.table[Word.COUNT] = rows
        space.table[Word.STATUS] = 0
        compiled.launch(space, used)
        _check(int(space.table[Word.STATUS]))
        compiled.take_back(space)
        return outputs

    def _run_once(
        self, compiled: Compiled, state: State, given: Mapping[str, Array], threads: int | str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        plan = compiled.plan
        used = threads_for(plan, threads)
        space = compiled.workspace(used)
        self._bind(space, state, given)
        space.load_state({name: np.asarray(state[name]) for name in plan.updates})
        totals = np.zeros(1 + len(plan.totals))
        self._launch(space, 1, 1, 1, totals)
        compiled.launch(space, used)
        status = int(space.table[Word.STATUS])
        _check(status & _OUT_OF_RANGE)
        outputs = {name: space.output(name)[()] for name in plan.outputs}
        coming = status != 0
        shapes = {name: np.shape(state[name]) for name in plan.updates}
        updates = {name: space.entry(name, s, coming=coming) for name, s in shapes.items()}
        compiled.take_back(space)
        return outputs, updates

    def _bind(self, space: Workspace, state: State, given: Mapping[str, Array]) -> None:
        """Let the slots be the memory of entries and inputs."""
        for buffer in space.plan.slots:
            name = buffer.name
            if buffer.value is not None or buffer in space.plan.outputs.values():
                continue
            if name in self.inputs and name in given:
                space.put(buffer, given[name])
            elif name in self.entries:
                space.put(buffer, _fitted(state[name], self.entries[name]))

    def _launch(
        self, space: Workspace, count: int, left: int, per_epoch: int, totals: Array,
        samples: int = 0, abort: bool = False,
    ) -> None:  # fmt: skip
        table = space.table
        table[Word.COUNT], table[Word.SAMPLES] = count, samples
        space.totals = totals
        table[Word.TOTALS] = address_of(totals)
        table[Word.TOTALS_LEFT], table[Word.STEPS_PER_EPOCH] = left, per_epoch
        table[Word.DONE : Word.SLOTS] = 0
        table[Word.ABORT], table[Word.CYCLES] = abort, int(PATIENCE * CYCLES)

    def single_row(self, state: State) -> SingleRow | None:
        """Return a function of one sample, None where the program has not one input and output."""
        (tensor, *others), (goal, *more) = self.inputs.values(), self.program.outputs
        fixed = all(isinstance(d, int) for d in tensor.shape[1:])
        if others or more or tensor.shape[:1] != (batch,) or not fixed or checked.ENABLED:
            return None
        name = tensor.name or ""
        sources = {name: Source("rows", tensor.dtype)}
        compiled = self._plan({"batch": 1}, sources, by_rows=True, guarded=True)
        if compiled is None:
            return None
        plan = compiled.plan

        def make() -> Workspace:
            space = Workspace(plan, 1)
            self._bind(space, entries, {})
            space.table[Word.COUNT] = 1
            return space

        entries = {b.name: state[b.name] for b in plan.slots if b.name in self.entries}
        return SingleRow(compiled.alone, make, entries, name, goal)

    def plans(self) -> list[Plan]:
        """Return the plans that were made so far."""
        return [compiled.plan for compiled in self._compiled.values() if compiled is not None]

    def plan_text(self, rows: int | None = None) -> str:
        """Return the plan for so many samples, None for any number, as a page to read."""
        fitting = [plan for plan in self.plans() if plan.rows == rows and not plan.by_rows]
        if fitting:
            return page(fitting[-1])
        sources = {name: Source("batch", t.dtype) for name, t in self.inputs.items()}
        found = self._by_rows({"batch": BLOCKS[-1]}, BLOCKS[-1]) if rows is None else None
        compiled = found or self._plan({"batch": rows or BLOCKS[-1]}, sources)
        assert compiled is not None
        return page(compiled.plan)

    # ----- many steps

    def run_span(self, state: State, feed: Feed, first: int, count: int, control: Control) -> int:
        """Run steps from `first` on; each is taken over whole, or not at all."""
        if isinstance(feed, ResidentArrays):
            return _Span(self, state, feed, control).run(first, count)
        return self._step_by_step(state, feed, first, count, control)

    def _step_by_step(
        self, state: State, feed: Feed, first: int, count: int, control: Control
    ) -> int:
        for done in range(count):
            span = _Span(self, state, OneBatch(feed.batch(first + done), feed), control)
            if not span.run(first + done, 1):
                return done
            if control.abort or time.monotonic() > control.deadline:
                return done + 1
        return count


class OneBatch:
    """A batch that was made in Python, as arrays of which a step takes all."""

    shuffle: bool = False

    def __init__(self, given: Mapping[str, Array], feed: Feed) -> None:
        self.inputs: Mapping[str, Array] = {name: np.asarray(x) for name, x in given.items()}
        self.steps_per_epoch = feed.steps_per_epoch
        sizes = [len(x) for x in self.inputs.values() if x.ndim]
        self.samples = self.batch_size = max(sizes, default=1)

    def batch(self, step: int) -> Mapping[str, Array]:
        """Return the batch."""
        return self.inputs

    def order(self, epoch: int) -> Array:
        """Return the samples in their order."""
        return np.arange(self.samples)

    def table(self, name: str, first: int, count: int) -> Array:
        """Return what the batch has."""
        return np.broadcast_to(self.inputs[name], count)


class _Span:
    """Some steps over arrays in memory, in native calls as long as Python may wait."""

    def __init__(
        self, executable: LLVMExecutable, state: State, feed: ResidentArrays, control: Control
    ) -> None:
        self.executable = executable
        self.state = state
        self.feed = feed
        self.control = control
        self.program = executable.program
        self.space: Workspace | None = None  # that holds the state now
        self.by_rows: dict[int, Compiled] = {}
        self.spaces: dict[int, tuple[Compiled, Workspace]] = {}

    def run(self, first: int, count: int) -> int:
        """Run steps; return how many were done."""
        done = 0
        try:
            while done < count:
                wanted = self._stretch(first + done, count - done)
                made = self._call(first + done, wanted)
                done += made
                if self._ends(done, made):
                    break
        finally:
            self._give_back()
        return done

    def _ends(self, done: int, made: int) -> bool:
        """Tell whether a failure, the caller or the clock ends the span before its time."""
        control = self.control
        if not made or control.failure is not None or control.abort:
            return True
        if time.monotonic() <= control.deadline:
            return False
        return control.tick is None or control.tick(done)

    # ----- what one native call does

    @property
    def _full(self) -> int:
        """The steps of an epoch that take a whole batch."""
        single = isinstance(self.feed, OneBatch)
        return self.feed.steps_per_epoch if single else self.feed.samples // self.feed.batch_size

    def _stretch(self, step: int, count: int) -> int:
        """Return how many of the next steps one call can do."""
        feed = self.feed
        index = step % feed.steps_per_epoch
        if feed.steps_per_epoch == 1 or isinstance(feed, OneBatch):
            return count
        return min(count, self._full - index) if index < self._full else 1

    def _call(self, first: int, count: int) -> int:
        feed, control = self.feed, self.control
        epoch, index = divmod(first, feed.steps_per_epoch)
        rows = feed.batch_size if index < self._full else feed.samples % feed.batch_size
        compiled = self.by_rows.get(rows)
        if compiled is None:
            compiled = self.by_rows[rows] = self._compiled(rows)
        plan = compiled.plan
        threads = compiled.pace.choose(plan, control.threads)
        space = self._space(compiled, threads)
        count = min(count, compiled.pace.steps(plan, threads, PATIENCE))
        self._bind_inputs(space, first, epoch, index, count)
        width = 1 + len(plan.totals)
        totals = np.zeros(((index + count) // feed.steps_per_epoch + 2, width))
        names = ["weight", *plan.totals]
        totals[0] = [control.row.get(f"{name}_total", 0.0) for name in names]
        left = feed.steps_per_epoch - index
        self.executable._launch(
            space, count, left, feed.steps_per_epoch, totals, feed.samples, control.abort
        )
        began = time.perf_counter()
        compiled.launch(space, threads)
        done: int = int(space.table[Word.DONE])
        if done:
            compiled.pace.note(threads, done, time.perf_counter() - began)
        self._note_totals(totals, names, index, done)
        status = int(space.table[Word.STATUS] | space.table[Word.STATUS_ODD])
        if status:
            _check(status & _OUT_OF_RANGE)
            control.failure = self._failure(space)
        return done

    def _compiled(self, rows: int) -> Compiled:
        inputs, feed = self.executable.inputs, self.feed
        whole = feed.steps_per_epoch == 1 or isinstance(feed, OneBatch)
        kinds = {}
        for name, tensor in inputs.items():
            if tensor.shape[:1] != (batch,):
                kinds[name] = Source("table", tensor.dtype)
            elif feed.shuffle and not whole:
                kinds[name] = Source("order", str(feed.inputs[name].dtype))
            else:
                kinds[name] = Source("batch" if whole else "rows", tensor.dtype)
        given = {n: x for n, x in feed.inputs.items() if n in inputs}
        sizes = self.executable._sizes(
            {n: given.get(n, np.empty((0,) * len(t.shape))) for n, t in inputs.items()}
        )
        if "batch" in sizes:
            sizes["batch"] = rows
        compiled = self.executable._plan(sizes, kinds)
        assert compiled is not None
        return compiled

    def _bind_inputs(
        self, space: Workspace, first: int, epoch: int, index: int, count: int
    ) -> None:
        feed, inputs = self.feed, self.executable.inputs
        start = 0 if feed.steps_per_epoch == 1 else index * feed.batch_size
        for buffer in space.plan.slots:
            name = buffer.name
            if name == ORDER and buffer.source == "rows":
                space.put(buffer, feed.order(epoch), start)
            elif name in inputs and buffer.value is None and name not in self.executable.entries:
                tensor = inputs[name]
                if buffer.source == "table":
                    space.put(buffer, _fitted_all(feed.table(name, first, count), tensor))
                elif buffer.source == "order":
                    space.put(buffer, np.ascontiguousarray(feed.inputs[name]))
                else:
                    row = start if buffer.source == "rows" else 0
                    space.put(buffer, self._resident(name, tensor), row)

    def _resident(self, name: str, tensor: Tensor) -> Array:
        return np.ascontiguousarray(self.feed.inputs[name], dtype=tensor.dtype)

    # ----- state and figures

    def _space(self, compiled: Compiled, threads: int) -> Workspace:
        """Return the workspace of a plan with the state as it is now."""
        before, key = self.space, id(compiled)
        if key not in self.spaces:
            space = compiled.workspace(threads)
            for buffer in space.plan.slots:
                tensor = self.executable.entries.get(buffer.name)
                if tensor is not None and buffer.value is None:
                    space.put(buffer, _fitted(self.state[buffer.name], tensor))
            self.spaces[key] = compiled, space
        self.space = self.spaces[key][1]
        if before is None:
            values = {name: np.asarray(self.state[name]) for name in self.space.plan.updates}
            self.space.load_state(values)
        elif before is not self.space:
            self.space.adopt_state(before)
        return self.space

    def _give_back(self) -> None:
        """Write the state as it is after the last full step into the caller's mapping."""
        if self.space is None:
            return
        shapes = {name: np.shape(self.state[name]) for name in self.space.plan.updates}
        self.state.update({name: self.space.entry(name, s) for name, s in shapes.items()})
        for compiled, space in self.spaces.values():
            if space is self.space or space.copies is not self.space.copies:
                compiled.take_back(space)

    def _note_totals(self, totals: Array, names: Sequence[str], index: int, done: int) -> None:
        if not done:
            return
        ended, left = divmod(index + done, self.feed.steps_per_epoch)
        keys = [f"{name}_total" for name in names]
        if ended:
            self.control.rows.append(dict(zip(keys, totals[:ended].T, strict=True)))
        self.control.row = dict(zip(keys, totals[ended].tolist(), strict=True)) if left else {}

    def _failure(self, space: Workspace) -> str:
        """Return the name of the result that was not finite."""
        plan = space.plan
        outputs = {name: space.output(name) for name in plan.outputs if name == "loss"}
        shapes = {name: np.shape(self.state[name]) for name in plan.updates}
        updates = {name: space.entry(name, s, coming=True) for name, s in shapes.items()}
        return first_failure(outputs, updates) or "loss"


def _fitted(value: Any, tensor: Tensor) -> Array:
    """Return an array as the compiled program reads it."""
    if is_plain_number(tensor) and tensor.dtype in FLOATS:
        return np.asarray(as_printed(np.asarray(value).item(), tensor.dtype), np.float64)
    return np.ascontiguousarray(value, dtype=tensor.dtype).reshape(np.shape(value))


def _fitted_all(values: Array, tensor: Tensor) -> Array:
    if tensor.dtype in FLOATS:
        return np.asarray([as_printed(v, tensor.dtype) for v in values.tolist()], np.float64)
    return np.ascontiguousarray(values, dtype=tensor.dtype)


def _check(status: int) -> None:
    if status:
        raise DataError(
            "an index lies outside of the rows that it takes from.",
            where="take",
            expected="whole numbers from 0 to the number of rows - 1",
        )
