"""Epochs in one native call: full batches, the last one, the next epoch.

What runs is written down once, for as many epochs as may run ahead; a call then changes the
addresses of the orders and says how many of the epochs it wants. Of small networks an epoch
lasts some microseconds, so nothing may be done in Python for each.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling import checked
from syn0.engines.llvm.planning.plan import ORDER, Plan
from syn0.engines.llvm.running.arguments import fitted_all
from syn0.engines.llvm.running.chain import HEAD, Chain
from syn0.engines.llvm.running.family import Compiled, Family
from syn0.engines.llvm.running.state_memory import LARGE, address_of
from syn0.engines.llvm.running.words import Word
from syn0.engines.llvm.running.workspace import CYCLES, PATIENCE, Workspace
from syn0.engines.protocol import Control, ResidentArrays, orders_ahead

Array = NDArray[Any]
TOGETHER = 1024  # steps of which tables are looked up together


class Steps(Protocol):
    """What epochs ask of the span that they are part of."""

    family: Family
    feed: ResidentArrays
    control: Control
    space: Workspace | None
    spaces: dict[int, tuple[Compiled, Workspace]]

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


@dataclass(frozen=True)
class Part:
    """Batches of one size, one after the other in each epoch."""

    compiled: Compiled
    threads: int
    index: int  # of the first step in its epoch
    steps: int

    @property
    def plan(self) -> Plan:
        """What a step runs."""
        return self.compiled.plan

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        return self.steps * self.compiled.pace.guess(self.plan, self.threads)


class Epochs:
    """Whole epochs of a span, so many at most in a native call.

    Parameters
    ----------
    span : Steps
        What they are part of.
    parts : list of Part
        What an epoch consists of.
    first, most : int
        The step that the first of them begins with, and how many they are.

    Attributes
    ----------
    totals : array of shape (epochs, figures)
        What their figures add up to.
    """

    def __init__(self, span: Steps, parts: list[Part], first: int, most: int) -> None:
        self.parts, self.most = parts, most
        self._span = span
        self._orders: Array | None = None  # alive while their addresses are
        self._tables: dict[str, Array] = {}  # inputs that change with the steps
        self._known = range(0)  # the steps of which they are known
        self._moving: list[tuple[str, int, int, Array]] = []  # what, part, word, and its places
        self.totals = np.zeros((most + 2, 1 + len(parts[0].plan.totals)))
        self.spaces = [self._space(part, first) for part in parts]
        self._chain = self._written()

    def _space(self, part: Part, first: int) -> Workspace:
        span = self._span
        known = id(part.compiled) in span.spaces
        space = span.workspace(part.compiled, part.threads)
        if not known:
            start = part.index * span.feed.batch_size
            span.bind_inputs(space, first // span.feed.steps_per_epoch, start, first, 1)
        return space

    def _written(self) -> Chain:
        """Return all links; a shorter one writes its first word again."""
        words = [self._words(number) for number in range(len(self.parts))]
        width = HEAD + 2 * max(map(len, words))
        links = np.zeros((self.most, len(self.parts), width), np.int64)
        for number, (part, space) in enumerate(zip(self.parts, self.spaces, strict=True)):
            driver = part.compiled.bind(space, part.threads)
            links[:, number, :3] = driver, space.address, part.threads
            for pair in range(HEAD, width, 2):
                place = (pair - HEAD) // 2
                word, values = words[number][place if place < len(words[number]) else 0]
                links[:, number, pair], links[:, number, pair + 1] = word, values
        self._links = links
        return Chain(links.reshape(-1, width), self._span.family.target)

    def _words(self, number: int) -> list[tuple[int, int | Array]]:
        """Return what a part writes into its table: the place, and a number for each epoch."""
        feed, part, epochs = self._span.feed, self.parts[number], np.arange(self.most)
        begin = part.index * feed.batch_size
        found: list[tuple[int, int | Array]] = [
            (Word.COUNT, part.steps),
            (Word.TOTALS, address_of(self.totals) + epochs * self.totals.strides[0]),
            (Word.TOTALS_LEFT, feed.steps_per_epoch - part.index),
        ]
        for buffer in self.spaces[number].plan.slots:
            word, array = Word.SLOTS + buffer.place, self.spaces[number].held[buffer.place]
            ordered = buffer.name == ORDER
            if buffer.source == "table" or (buffer.source == "rows" and ordered):
                places = epochs * feed.samples + begin
                if not ordered:
                    places = epochs * feed.steps_per_epoch + part.index
                    self._tables[buffer.name] = np.empty(0)
                self._moving.append((buffer.name, number, HEAD + 2 * len(found) + 1, places))
                found.append((word, 0))
            elif buffer.source == "rows":
                found.append((word, address_of(array) + begin * array.strides[0]))
        return found

    def run(self, first: int, count: int, left: int) -> tuple[int, Workspace]:
        """Run some epochs; return how many steps were done, and the workspace of the last.

        Parameters
        ----------
        first, count : int
            The next step, and how many epochs.
        left : int
            Steps that the span may do, of which tables may be looked up together.
        """
        span, per_epoch = self._span, self._span.feed.steps_per_epoch
        self.totals[: count + 1] = 0
        for space in self.spaces:
            space.prepare(0, 0, per_epoch, self.totals, span.feed.samples)
            span.go_on_with(space)
        # The first knows the state in the end, whatever ends the chain.
        span.go_on_with(self.spaces[0])
        self._move(first, count, left)
        began = time.perf_counter()
        done = self._chain.run(count * len(self.parts), int(PATIENCE * CYCLES))
        self._note(done, time.perf_counter() - began)
        return int(done.sum()), self.spaces[(len(done) - 1) % len(self.spaces)]

    def _move(self, first: int, count: int, left: int) -> None:
        """Write down where the orders and the tables of some epochs are."""
        feed, begins = self._span.feed, {}
        steps = count * feed.steps_per_epoch
        if self._tables and not (first in self._known and first + steps <= self._known.stop):
            self._look_up(first, min(max(steps, TOGETHER), left))
        for name, values in self._tables.items():
            begins[name] = address_of(values) + (first - self._known.start) * values.itemsize
        if any(name == ORDER for name, *_ in self._moving):
            self._orders = feed.orders(first // feed.steps_per_epoch, count)
            begins[ORDER] = address_of(self._orders)
        for name, number, word, places in self._moving:
            bytes_ = 8 if name == ORDER else self._tables[name].itemsize
            self._links[:count, number, word] = places[:count] * bytes_ + begins[name]

    def _look_up(self, first: int, steps: int) -> None:
        """Have the tables ready for some steps."""
        feed, inputs = self._span.feed, self._span.family.inputs
        self._known = range(first, first + steps)
        for name in self._tables:
            self._tables[name] = fitted_all(feed.table(name, first, steps), inputs[name])

    def _note(self, done: Array, spent: float) -> None:
        """Note how fast it went, as if all parts were off their guesses by one factor."""
        steps = [int(done[number :: len(self.parts)].sum()) for number in range(len(self.parts))]
        guesses = [part.seconds / part.steps for part in self.parts]
        guessed = sum(guess * count for guess, count in zip(guesses, steps, strict=True))
        for part, guess, count in zip(self.parts, guesses, steps, strict=True):
            if count:
                part.compiled.pace.note(part.threads, count, spent * guess * count / guessed)


def parts_of(span: Steps) -> list[Part] | None:
    """Return what an epoch consists of now, None where something is to run alone.

    That is while its threads are being tried, and for the first step of a large state, which is
    read where it lies.
    """
    feed, wanted, parts = span.feed, span.control.threads, []
    full, rest = divmod(feed.samples, feed.batch_size)
    for index, steps, rows in ((0, full, feed.batch_size), (full, 1, rest)):
        if not rows:
            continue
        compiled = span.compiled(rows)
        plan, pace = compiled.plan, compiled.pace
        if span.space is None and plan.state_bytes >= LARGE:
            return None
        if not pace.settled(plan, wanted):
            return None
        parts.append(Part(compiled, pace.choose(plan, wanted), index, steps))
    return parts


def next_epochs(
    span: Steps, before: Epochs | None, first: int, count: int, left: int
) -> tuple[Epochs | None, int]:
    """Return what runs the next epochs in one native call, and how many; 0 if it is one stretch.

    Parameters
    ----------
    span : Steps
        What they are part of.
    before : Epochs, optional
        What ran those before.
    first, count : int
        The next step, and how many there are.
    left : int
        How many there may be in all.
    """
    feed = span.feed
    whole = count // feed.steps_per_epoch
    guest = span.space is not None and span.space.memory.guest is not None
    if first % feed.steps_per_epoch or not whole or guest or checked.ENABLED:
        return before, 0
    parts = parts_of(span)
    if parts is None:
        return before, 0
    ahead = orders_ahead(feed.samples)
    fitting = max(1, int(PATIENCE / sum(part.seconds for part in parts)))
    epochs = min(whole, ahead, fitting)
    if epochs * len(parts) == 1:
        return before, 0
    if before is None or before.parts != parts or before.most < epochs:
        before = Epochs(span, parts, first, min(left // feed.steps_per_epoch, ahead))
    return before, epochs
