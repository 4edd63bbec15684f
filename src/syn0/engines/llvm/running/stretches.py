"""Epochs in one native call: stretches of full batches, and between them the last batches.

What is done for each stretch in Python is little more than a row of numbers: of small networks
an epoch lasts some microseconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from syn0.engines.llvm.compiling import checked
from syn0.engines.llvm.planning.plan import ORDER, Plan
from syn0.engines.llvm.running.arguments import fitted_all
from syn0.engines.llvm.running.chain import Chain
from syn0.engines.llvm.running.driver import Word
from syn0.engines.llvm.running.family import Compiled, Family
from syn0.engines.llvm.running.state_memory import LARGE, address_of
from syn0.engines.llvm.running.workspace import CYCLES, PATIENCE, Workspace
from syn0.engines.protocol import Control, ResidentArrays, orders_ahead

Array = NDArray[Any]


class Steps(Protocol):
    """What a round asks of the span that it is part of."""

    family: Family
    feed: ResidentArrays
    control: Control
    space: Workspace | None
    spaces: dict[int, tuple[Compiled, Workspace]]

    @property
    def takes_all(self) -> bool:
        """Whether each step takes all samples."""
        ...

    def stretch(self, step: int, count: int) -> int:
        """Return how many of the next steps have batches of one size."""
        ...

    def compiled(self, rows: int) -> Compiled:
        """Return the form for batches of so many rows."""
        ...

    def workspace(self, compiled: Compiled, threads: int) -> Workspace:
        """Return the workspace of a plan."""
        ...

    def bind_inputs(self, space: Workspace, epoch: int, start: int, first: int, count: int) -> None:
        """Let the slots be the inputs of steps."""
        ...

    def go_on_with(self, space: Workspace) -> Workspace:
        """Let a workspace hold the state from now on."""
        ...

    def new_totals(self, plan: Plan, steps: int) -> Array:
        """Return rows for figures."""
        ...


@dataclass(frozen=True, eq=False)
class Form:
    """How batches of one size run now."""

    compiled: Compiled
    space: Workspace
    threads: int
    seconds: float  # of a step


@dataclass(frozen=True)
class Stretch:
    """Steps of one size of batch, one after the other in an epoch."""

    form: Form
    first: int
    epoch: int
    index: int
    count: int


class Round:
    """One native call that runs the next stretches of a span, as many as it may.

    Parameters
    ----------
    span : Steps
        What they are part of.
    first, count : int
        The next step, and how many there are.
    """

    def __init__(self, span: Steps, first: int, count: int) -> None:
        self._span = span
        self.first = first
        self._forms: dict[int, Form | None] = {}  # by the rows of a batch
        self.stretches = list(self._planned(first, first + count))

    def _planned(self, first: int, end: int) -> Iterator[Stretch]:
        """Yield stretches until Python is to be asked again."""
        feed, seconds = self._span.feed, PATIENCE
        per_epoch, full = feed.steps_per_epoch, feed.samples // feed.batch_size
        rest = feed.samples - full * feed.batch_size
        epoch, index = divmod(first, per_epoch)
        last = epoch + orders_ahead(feed.samples)
        while first < end and epoch < last and seconds > 0:
            form = self._form(epoch, index, feed.batch_size if index < full else rest)
            if form is None:
                return
            count = self._span.stretch(first, end - first)
            yield Stretch(form, first, epoch, index, count)
            seconds -= count * form.seconds
            first, index = first + count, index + count
            if index == per_epoch:
                epoch, index = epoch + 1, 0

    def _form(self, epoch: int, index: int, rows: int) -> Form | None:
        """Return what runs batches of so many rows, None where it is to run alone.

        That is while its threads are being tried, and for the first step of a large state,
        which is read where it lies.
        """
        if rows not in self._forms:
            self._forms[rows] = self._made(epoch, index, rows)
        return self._forms[rows]

    def _made(self, epoch: int, index: int, rows: int) -> Form | None:
        span = self._span
        compiled, wanted = span.compiled(rows), span.control.threads
        plan, pace = compiled.plan, compiled.pace
        if not pace.settled(plan, wanted) or (span.space is None and plan.state_bytes >= LARGE):
            return None
        threads = pace.choose(plan, wanted)
        known = id(compiled) in span.spaces
        space = span.workspace(compiled, threads)
        if not known:
            span.bind_inputs(space, epoch, index * span.feed.batch_size, self.first, 1)
        return Form(compiled, space, threads, pace.guess(plan, threads))

    def run(self) -> tuple[int, Workspace, Array]:
        """Run; return the steps done, the workspace of the last, and the figures' rows."""
        span, feed = self._span, self._span.feed
        steps = sum(stretch.count for stretch in self.stretches)
        start = self.stretches[0]
        totals = span.new_totals(start.form.compiled.plan, start.index + steps)
        chain, orders = Chain(span.family.target), dict[int, Array]()
        links = {}
        for form in filter(None, self._forms.values()):
            form.space.prepare(0, 0, feed.steps_per_epoch, totals, feed.samples)
            span.go_on_with(form.space)
            driver = form.compiled.bind(form.space, form.threads)
            links[form] = (driver, form.space.address, form.threads), self._moving(form, steps)
        # The first knows the state in the end, whatever ends the chain.
        span.go_on_with(start.form.space)
        row, width = address_of(totals), totals.strides[0]
        for stretch in self.stretches:
            head, moving = links[stretch.form]
            epoch, begin = stretch.epoch, stretch.index * feed.batch_size
            words = [
                Word.COUNT, stretch.count,
                Word.TOTALS, row + (epoch - start.epoch) * width,
                Word.TOTALS_LEFT, feed.steps_per_epoch - stretch.index,
            ]  # fmt: skip
            for word, place, by_row, by_step, ordered in moving:
                if ordered:
                    if epoch not in orders:
                        orders[epoch] = feed.order(epoch)
                    place = address_of(orders[epoch])
                words += [word, place + begin * by_row + (stretch.first - self.first) * by_step]
            chain.add(*head, words)
        began = time.perf_counter()
        done = chain.run(int(PATIENCE * CYCLES))[:, 1].tolist()
        self._note(done, time.perf_counter() - began)
        return sum(done), self.stretches[len(done) - 1].form.space, totals

    def _note(self, done: list[int], spent: float) -> None:
        """Note how fast it went, as if all forms were off their guesses by one factor."""
        steps: dict[Form, int] = dict.fromkeys(filter(None, self._forms.values()), 0)
        for stretch, count in zip(self.stretches, done, strict=False):
            steps[stretch.form] += count
        guessed = sum(form.seconds * count for form, count in steps.items())
        for form, count in steps.items():
            if count:
                share = spent * form.seconds * count / guessed
                form.compiled.pace.note(form.threads, count, share)

    def _moving(self, form: Form, steps: int) -> list[tuple[int, int, int, int, bool]]:
        """Return the words that change: where they begin, and what a row and a step add."""
        found = []
        for buffer in form.space.plan.slots:
            word, array = Word.SLOTS + buffer.place, form.space.held[buffer.place]
            ordered = buffer.name == ORDER and buffer.source == "rows"
            if buffer.source == "rows":
                found.append((word, address_of(array), array.strides[0], 0, ordered))
            elif buffer.source == "table":
                values = self._table(buffer.name, steps)
                form.space.held[buffer.place] = values
                found.append((word, address_of(values), 0, values.itemsize, False))
        return found

    def _table(self, name: str, steps: int) -> Array:
        """Return an input that changes with the steps, for all of them."""
        values = self._span.feed.table(name, self.first, steps)
        return fitted_all(values, self._span.family.inputs[name])


def next_round(span: Steps, first: int, count: int) -> Round | None:
    """Return what may run in one native call from step `first` on, None if it is one stretch."""
    if span.takes_all or checked.ENABLED or (span.space and span.space.memory.guest is not None):
        return None
    made = Round(span, first, count)
    return made if len(made.stretches) > 1 else None
