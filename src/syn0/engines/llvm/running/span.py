"""Many steps over arrays in memory, in native calls as long as Python may wait."""

from __future__ import annotations

import time
from collections.abc import Container, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.ir import SCALARS
from syn0.engines.llvm.planning.plan import ORDER, Plan, Source
from syn0.engines.llvm.running.arguments import check_status, fitted, fitted_all
from syn0.engines.llvm.running.epochs import Epochs, next_epochs
from syn0.engines.llvm.running.family import Compiled, Family
from syn0.engines.llvm.running.state_memory import LARGE
from syn0.engines.llvm.running.words import Word
from syn0.engines.llvm.running.workspace import PATIENCE, Workspace
from syn0.engines.numpy import first_failure
from syn0.engines.protocol import Control, Feed, ResidentArrays
from syn0.graph import Tensor, batch
from syn0.program import State

Array = NDArray[Any]


class OneBatch:
    """A batch that was made in Python, as arrays of which a step takes all."""

    shuffle: bool = False

    def __init__(self, given: Mapping[str, Array], steps_per_epoch: int = 1) -> None:
        self.inputs: Mapping[str, Array] = {name: np.asarray(x) for name, x in given.items()}
        self.steps_per_epoch = steps_per_epoch
        sizes = [len(x) for x in self.inputs.values() if x.ndim]
        self.samples = self.batch_size = max(sizes, default=1)

    def batch(self, step: int) -> Mapping[str, Array]:
        """Return the batch."""
        return self.inputs

    def orders(self, first: int, count: int) -> Array:
        """Return the samples in their order."""
        return np.tile(np.arange(self.samples), (count, 1))

    def table(self, name: str, first: int, count: int) -> Array:
        """Return what the batch has."""
        return np.broadcast_to(self.inputs[name], count)


class Span:
    """Steps over arrays in memory, in native calls as long as Python may wait.

    Between two runs the state is its owner's, who may change what he likes of it.
    """

    def __init__(
        self, family: Family, state: State, feed: ResidentArrays, control: Control
    ) -> None:
        self.family = family
        self.state = state
        self.feed = feed
        self.control = control
        self.space: Workspace | None = None  # that holds the state now
        self.forms: dict[int, Compiled] = {}  # by the rows of a batch
        self.spaces: dict[int, tuple[Compiled, Workspace]] = {}
        self._epochs: Epochs | None = None  # as they ran in one call
        self._converted: dict[str, Array] = {}
        self._bound: dict[str, Array] = {}  # entries of the state that no step changes
        self._given: dict[str, Array] = {}  # those that one does, as they were given back

    def serves(self, family: Family, state: State, feed: Feed) -> bool:
        """Tell whether this is the span of these."""
        return self.family is family and self.state is state and self.feed is feed

    def run(self, first: int, count: int) -> int:
        """Run steps; return how many were done."""
        self.look_again()
        done = 0
        try:
            while done < count:
                place, some = first + done, int(min(count, self.control.until)) - done
                made = self.advance_epochs(place, some, count - done)
                made = made or self.advance(place, self.stretch(place, some))
                done += made
                # At its end the span hands over by itself, the state before what is told of it.
                if done < count and self.ends(done, made):
                    break
        finally:
            self.give_back()
        return done

    def ends(self, done: int, made: int) -> bool:
        """Tell whether a failure, the caller or the clock ends the span before its time."""
        control = self.control
        if not made or control.failure is not None or control.abort:
            return True
        if done < control.until and time.monotonic() <= control.deadline:
            return False
        return control.tick is None or control.tick(done)

    # ----- what one native call does

    @property
    def takes_all(self) -> bool:
        """Whether each step takes all that the arrays hold, in their order."""
        return self.feed.steps_per_epoch == 1 or isinstance(self.feed, OneBatch)

    def stretch(self, step: int, count: int) -> int:
        """Return how many of the next steps one call can do."""
        if self.takes_all:
            return count
        index = step % self.feed.steps_per_epoch
        full = self.feed.samples // self.feed.batch_size
        return min(count, full - index) if index < full else 1

    def advance(self, first: int, count: int) -> int:
        """Make one native call of up to so many steps; return how many were done."""
        feed, control = self.feed, self.control
        epoch, index = divmod(first, feed.steps_per_epoch)
        start = 0 if self.takes_all else index * feed.batch_size
        compiled = self.compiled(min(feed.batch_size, feed.samples - start))
        plan = compiled.plan
        threads = compiled.pace.choose(plan, control.threads)
        space = self.go_on_with(self.workspace(compiled, threads))
        count = min(count, compiled.pace.steps(plan, threads, PATIENCE))
        if space.memory.guest is not None:
            count = 1
        self.bind_inputs(space, epoch, start, first, count)
        totals = self.new_totals(plan, index + count)
        left = feed.steps_per_epoch - index
        space.prepare(count, left, feed.steps_per_epoch, totals, feed.samples, control.abort)
        began = time.perf_counter()
        compiled.launch(space, threads)
        space.settle()
        done: int = int(space.table[Word.DONE])
        if done:
            compiled.pace.note(threads, done, time.perf_counter() - began)
        self._note_totals(totals, plan, index, done)
        self._note_failure(space)
        return done

    def advance_epochs(self, first: int, count: int, left: int) -> int:
        """Make one native call of several stretches, where they can be had; return the steps.

        Parameters
        ----------
        first, count : int
            The next step, and how many there are.
        left : int
            How many there may be in all.
        """
        if self.takes_all:
            return 0
        self._epochs, epochs = next_epochs(self, self._epochs, first, count, left)
        if self._epochs is None or not epochs:
            return 0
        done, space = self._epochs.run(first, epochs, left)
        self._note_totals(self._epochs.totals[: epochs + 1].copy(), space.plan, 0, done)
        self._note_failure(space)
        return done

    def compiled(self, rows: int) -> Compiled:
        """Return the form for batches of so many rows."""
        if rows not in self.forms or isinstance(self.feed, OneBatch):
            self.forms[rows] = self._compiled(rows)
        return self.forms[rows]

    def _compiled(self, rows: int) -> Compiled:
        inputs, feed = self.family.inputs, self.feed
        kinds = {}
        for name, tensor in inputs.items():
            if tensor.shape[:1] != (batch,):
                kinds[name] = Source("table", tensor.dtype)
            elif feed.shuffle and not self.takes_all:
                kinds[name] = Source("order", self._rows(name, tensor).dtype.name)
            else:
                kinds[name] = Source("batch" if self.takes_all else "rows", tensor.dtype)
        given = {n: x for n, x in feed.inputs.items() if n in inputs}
        sizes = self.family.sizes(
            {n: given.get(n, np.empty((0,) * len(t.shape))) for n, t in inputs.items()}
        )
        if "batch" in sizes:
            sizes["batch"] = rows
        return self.family.member(sizes, kinds)

    def bind_inputs(self, space: Workspace, epoch: int, start: int, first: int, count: int) -> None:
        """Let the slots be the inputs of steps `first` on, of which the rows begin at `start`."""
        feed, inputs = self.feed, self.family.inputs
        for buffer in space.plan.slots:
            name = buffer.name
            if name == ORDER and buffer.source == "rows":
                space.put(buffer, feed.orders(epoch, 1)[0], start)
            elif name in inputs and buffer.value is None and name not in self.family.entries:
                tensor = inputs[name]
                if buffer.source == "table":
                    space.put(buffer, fitted_all(feed.table(name, first, count), tensor))
                elif buffer.source == "order":
                    space.put(buffer, self._rows(name, inputs[name]))
                else:
                    space.put(buffer, self._resident(name, tensor), start)

    def _rows(self, name: str, tensor: Tensor) -> Array:
        """Return an array to gather from: as it is, or converted where no kernel reads it."""
        given = self.feed.inputs[name]
        read = given.dtype.isnative and given.dtype.name in SCALARS
        return given if read and given.flags.c_contiguous else self._resident(name, tensor)

    def _resident(self, name: str, tensor: Tensor) -> Array:
        """Return an array in the program's own dtype, converted once."""
        given = self.feed.inputs[name]
        if isinstance(self.feed, OneBatch):
            return np.ascontiguousarray(given, dtype=tensor.dtype)
        if name not in self._converted:
            self._converted[name] = np.ascontiguousarray(given, dtype=tensor.dtype)
        return self._converted[name]

    # ----- state and figures

    def workspace(self, compiled: Compiled, threads: int) -> Workspace:
        """Return the workspace of a plan, with the entries that no step changes."""
        key = id(compiled)
        if key not in self.spaces:
            space = compiled.workspace(threads)
            self.spaces[key] = compiled, space
            self._bind_entries(space, self.family.entries)
        return self.spaces[key][1]

    def _bind_entries(self, space: Workspace, names: Container[str]) -> None:
        for buffer in space.plan.slots:
            name, tensor = buffer.name, self.family.entries.get(buffer.name)
            if tensor is not None and buffer.value is None and name in names:
                self._bound[name] = self.state[name]
                space.put(buffer, fitted(self.state[name], tensor))

    def look_again(self) -> None:
        """Take over what was changed since the last run."""
        state = self.state
        changed = {name for name, value in self._bound.items() if state[name] is not value}
        if changed:
            for _, space in self.spaces.values():
                self._bind_entries(space, changed)
        if any(state[name] is not value for name, value in self._given.items()):
            self.space = None

    def go_on_with(self, space: Workspace) -> Workspace:
        """Let a workspace hold the state from now on, and return it."""
        before, self.space = self.space, space
        if before is None:
            space.load_state({name: np.asarray(self.state[name]) for name in space.plan.updates})
        elif before is not space:
            space.adopt_state(before)
        return space

    def give_back(self) -> None:
        """Write the state as it is after the last full step into the caller's mapping."""
        if self.space is None:
            return
        shapes = {name: np.shape(self.state[name]) for name in self.space.plan.updates}
        self._given = self.space.hand_over(shapes)
        self.state.update(self._given)
        if self.space.memory.size >= LARGE:  # it is theirs now, and read where it lies
            self.space, self._given = None, {}

    def close(self) -> None:
        """Keep the memory for other runs; of workspaces that share their state's only one."""
        alone = {id(space.memory): (compiled, space) for compiled, space in self.spaces.values()}
        for compiled, space in alone.values():
            compiled.take_back(space)
        self.spaces, self.forms, self._epochs = {}, {}, None

    def new_totals(self, plan: Plan, steps: int) -> Array:
        """Return rows for the figures of so many steps from the epoch's begin on."""
        totals = np.zeros((steps // self.feed.steps_per_epoch + 2, 1 + len(plan.totals)))
        totals[0] = [self.control.row.get(key, 0.0) for key in totals_of(plan)]
        return totals

    def _note_totals(self, totals: Array, plan: Plan, index: int, done: int) -> None:
        if not done:
            return
        ended, left = divmod(index + done, self.feed.steps_per_epoch)
        keys = totals_of(plan)
        if ended:
            self.control.rows.append(dict(zip(keys, totals[:ended].T, strict=True)))
        self.control.row = dict(zip(keys, totals[ended].tolist(), strict=True)) if left else {}

    def _note_failure(self, space: Workspace) -> None:
        status = int(space.table[Word.STATUS] | space.table[Word.STATUS_ODD])
        if status:
            check_status(status)
            self.control.failure = self._failure(space)

    def _failure(self, space: Workspace) -> str:
        """Return the name of the result that was not finite."""
        plan = space.plan
        outputs = {name: space.output(name) for name in plan.outputs if name == "loss"}
        shapes = {name: np.shape(self.state[name]) for name in plan.updates}
        updates = {name: space.entry(name, s, coming=True) for name, s in shapes.items()}
        return first_failure(outputs, updates) or "loss"


def totals_of(plan: Plan) -> list[str]:
    """Return the names of the figures that a plan's steps add up."""
    return [f"{name}_total" for name in ("weight", *plan.totals)]


def run_batches(
    family: Family, state: State, feed: Feed, first: int, count: int, control: Control
) -> int:
    """Run steps of which each takes a batch that Python makes; return how many were done."""
    span = Span(family, state, OneBatch(feed.batch(first), feed.steps_per_epoch), control)
    try:
        for done in range(count):
            if done:
                span.feed = OneBatch(feed.batch(first + done), feed.steps_per_epoch)
            if not span.advance(first + done, 1):
                return done
            if done + 1 < count and span.ends(done + 1, 1):
                return done + 1
        return count
    finally:
        span.give_back()
        span.close()
