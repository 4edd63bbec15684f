"""The function that runs a plan: many steps, or many rows, in one native call on any threads.

Its argument is a table of words: addresses, counts, and the words by which Python and the
threads tell each other how far they are. See `Word`.

A driver for several threads reads the plan's sizes from a table too, and calls its kernels by
their place in the plan: another batch size, or another network of as many layers, then needs
no new code. That of a small program, for one thread, has them written in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from enum import IntEnum, auto

from syn0.engines.llvm.compiling.rounding import restore_rounding, set_rounding
from syn0.engines.llvm.ir import (
    DOUBLE,
    I1,
    I64,
    PTR,
    SCALARS,
    Module,
    Type,
    Value,
    integer,
)
from syn0.engines.llvm.kernel import Kernel
from syn0.engines.llvm.kernels.epilogue import WORDS
from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.memory import Buffer, Call, Ending, Pointer, Portion
from syn0.engines.llvm.planning.plan import Plan, itemsize
from syn0.engines.llvm.planning.schedule import Group, Phase
from syn0.engines.llvm.running.barrier import define_barrier

DRIVER = "syn0_driver"
SELDOM = 100_000  # operations of a step below which not every one looks at the clock


class Word(IntEnum):
    """The words of the table that a driver is given; a plan's slots follow."""

    ARENA = 0
    ARENA_BYTES = auto()  # of one thread's, where each has its own
    STATE = auto()  # the current copy
    NEXT = auto()  # the copy that the step under way writes
    BARRIER = auto()
    NUMBERS = auto()  # the plan's sizes, as `Driver` lists them
    COUNT = auto()  # steps to run, or rows
    SAMPLES = auto()
    TOTALS = auto()  # the row that figures are added to
    TOTALS_LEFT = auto()  # steps until the next row
    STEPS_PER_EPOCH = auto()
    CYCLES = auto()  # of the processor's clock that the call may last
    DONE = auto()  # steps, written after each
    ABORT = auto()  # stop after the step under way: set by Python, or when time is over
    STATUS = auto()  # two words, of odd and even steps: what was not finite or out of range
    STATUS_ODD = auto()
    STOP = auto()  # two words, likewise: thread 0 saw ABORT
    STOP_ODD = auto()
    ENTERED = auto()  # threads that came
    SLOTS = 20


@dataclass(frozen=True)
class Driver:
    """A module with ``i64 syn0_driver(ptr table, i64 thread, i64 threads)``.

    Attributes
    ----------
    text : str
        The module; it calls the kernels of `kernels`, by their names there.
    numbers : tuple of int
        What it reads from the table of sizes.
    kernels : dict of str to Kernel
        What it calls.
    """

    text: str
    numbers: tuple[int, ...]
    kernels: Mapping[str, Kernel]


def make_driver(plan: Plan, *, alone: bool = False, shared: bool = False) -> Driver:
    """Return the driver of a plan.

    Parameters
    ----------
    plan : Plan
        What it runs.
    alone : bool
        Whether there is only one thread, which waits for nobody, and all sizes are written in.
    shared : bool
        Whether there is only one sample, whose lines the threads share.
    """
    kind = _Sample if shared else _Rows if plan.by_rows else _Steps
    return kind(plan, alone).driver()


class _Writer:
    """What all drivers share: pointers, calls, groups and phases."""

    def __init__(self, plan: Plan, alone: bool) -> None:
        self.plan = plan
        self.alone = alone
        self.numbers: list[int] = []
        self.kernels: dict[str, Kernel] = {}
        self.module = Module()
        parameters = [(PTR, "table"), (I64, "thread"), (I64, "threads")]
        self.f = self.module.function(DRIVER, parameters, "i64")
        self.thread = integer(0) if alone else self.f.argument("thread")
        self.threads = integer(1) if alone else self.f.argument("threads")
        self.bases: dict[str, Value] = {}
        self.slots: list[Value] = []
        self.moved: dict[Buffer, Value] = {}  # values that lie some rows before their place

    def driver(self) -> Driver:
        """Return the driver."""
        f = self.f
        self.status = f.value("alloca i64", PTR)
        f.store(integer(0), self.status)
        rounding = set_rounding(f, self.plan.target)
        one = integer(1)
        f.line(f"%entered = atomicrmw add {self.word(Word.ENTERED)}, {one} monotonic")
        if not self.alone:
            self.table_of_numbers = self.read(Word.NUMBERS, PTR)
        for place in range(len(self.plan.slots)):
            self.slots.append(self.read(Word.SLOTS + place, PTR))
        beside = [len(call.ending.pointers) for call in self.plan.calls if call.ending]
        if beside:
            size = WORDS + max(beside)
            self.words = f.value(f"alloca [{size} x i64], align 8", PTR)
        self._body()
        restore_rounding(f, rounding)
        f.line(f"ret {f.load(self.status, I64)}")
        define_barrier(self.module, self.plan.target)
        return Driver(self.module.text(), tuple(self.numbers), self.kernels)

    def _body(self) -> None:
        raise NotImplementedError

    # ----- the table

    def word(self, place: int) -> Value:
        """Return the address of a word."""
        return self.f.offset(self.f.argument("table"), place, "i64")

    def read(self, place: int, kind: Type = I64) -> Value:
        """Return a word."""
        return self.f.load(self.word(place), kind)

    def write(self, place: int, value: Value) -> None:
        """Set a word."""
        self.f.store(value, self.word(place))

    def number(self, value: int) -> Value:
        """Return a size of the plan: written in, or from the table of sizes."""
        if self.alone:
            return integer(value)
        self.numbers.append(value)
        return self.f.load(self.f.offset(self.table_of_numbers, len(self.numbers) - 1, "i64"), I64)

    def times(self, x: Value, factor: int) -> Value:
        """Return a value times a size of the plan."""
        return self.f.binary("mul", x, self.number(factor))

    # ----- calls

    def address(self, pointer: Pointer) -> Value:
        """Return where an element is."""
        buffer = pointer.buffer
        distance = pointer.offset * itemsize(buffer.dtype)
        if buffer.space == "slot":
            return self.f.offset(self.slots[buffer.place], self.number(distance), "i8")
        base = self.bases[buffer.space]
        if buffer in self.moved:  # each block has the memory of the one before it
            back = self.times(self.moved[buffer], -buffer.row * itemsize(buffer.dtype))
            base = self.f.offset(base, back, "i8")
        return self.f.offset(base, self.number(buffer.place + distance), "i8")

    def call(self, call: Call, begin: Value, end: Value) -> None:
        """Call a kernel over rows ``begin`` to ``end``."""
        places = [self.address(p) for p in call.pointers]
        numbers = [self._given(n) for n in call.numbers]
        if not call.repeats:
            ends = (self.times(x, call.scale) for x in (begin, end))
            self._run_call(call, places, [*numbers, *ends])
            return
        sizes = [itemsize(p.buffer.dtype) for p in call.pointers]
        self._repeat(call, 0, places, numbers, sizes, begin, end)

    def _given(self, number: int | str | Portion) -> Value:
        """Return a number that a kernel is called with; of a portion the whole."""
        if isinstance(number, str):
            return self.read(Word.SAMPLES)
        return self.number(number.whole if isinstance(number, Portion) else number)

    def _portion(self, number: int | str | Portion, whole: Value, shard: Value) -> Value:
        """Return what of a number is a shard's."""
        if not isinstance(number, Portion):
            return whole
        left = self.f.binary("sub", whole, self.times(shard, number.each))
        return self._least(left, self.number(number.each))

    def _repeat(
        self, call: Call, depth: int, places: Sequence[Value], numbers: Sequence[Value],
        sizes: Sequence[int], begin: Value, end: Value,
    ) -> None:  # fmt: skip
        if depth == len(call.repeats):
            whole = integer(0), self.number(call.whole)
            self._run_call(call, places, [*numbers, *whole])
            return
        repeat = call.repeats[depth]
        first, last = (begin, end) if depth == 0 else (integer(0), self.number(repeat.count))
        f = self.f
        strides = (*repeat.strides, *[0] * (len(places) - len(repeat.strides)))
        with f.loop(first, last) as loop:
            moved = []
            for place, stride, size in zip(places, strides, sizes, strict=True):
                moved.append(f.offset(place, self.times(loop.index, stride * size), "i8"))
            if depth == 0:
                pairs = zip(call.numbers, numbers, strict=True)
                numbers = [self._portion(n, whole, loop.index) for n, whole in pairs]
            self._repeat(call, depth + 1, moved, numbers, sizes, begin, end)

    def _run_call(self, call: Call, places: Sequence[Value], numbers: Sequence[Value]) -> None:
        """Run a call's kernel; that of a product is told of its epilogue, if there is one."""
        if call.ending is not None:
            places = [*places, self._words_of(call.ending, product=places[2])]
        self._run(call.kernel, [*places, *numbers])

    def _words_of(self, ending: Ending, product: Value) -> Value:
        """Return the address of the words that an epilogue reads, or null."""
        if ending.epilogue is None:
            return Value("null", PTR)
        name = self._name(ending.epilogue)
        self.module.declare(f"void @{name}(ptr, ptr, i64, i64, i64, i64)")
        beside = (self.address(pointer) for pointer in ending.pointers)
        for place, word in enumerate((Value(f"@{name}", PTR), product, *beside)):
            self.f.store(word, self.f.offset(self.words, place, "i64"))
        return self.words

    def _name(self, kernel: Kernel) -> str:
        """Return the name of a kernel in this driver."""
        name = kernel.symbol if self.alone else f"kernel_{len(self.kernels)}"
        self.kernels[name] = kernel
        return name

    def _run(self, kernel: Kernel, arguments: Sequence[Value]) -> None:
        f = self.f
        found = f.call(self._name(kernel), arguments, I64)
        before = f.load(self.status, I64)
        f.store(f.binary("or", before, found), self.status)

    def blocks(self, group: Group, begin: Value, end: Value) -> None:
        """Run a group over its rows, block by block."""
        f, block = self.f, group.block
        whole = self.alone and block >= group.rows.count and not self.plan.by_rows
        if whole or len(group.calls) == 1:
            for call in group.calls:
                if whole and call.written_out is not None:
                    self._run(call.written_out, [self.address(p) for p in call.pointers])
                else:
                    self.call(call, begin, end)
            return
        length = self.number(block)
        with f.loop(begin, end, length) as loop:
            stop = self._least(f.binary("add", loop.index, length), end)
            for call in group.calls:
                self.call(call, loop.index, stop)

    def share(self, rows: Rows, phase: Phase) -> tuple[Value, Value]:
        """Return the rows of this thread: whole shards if as many threads have some."""
        if self.alone:
            return integer(0), integer(rows.count)
        begin, end = self._even_share(rows.count)
        shards = phase.shards(rows)
        if shards is None:
            return begin, end
        f, whole = self.f, self.number(rows.count)
        crowd = self._is_crowd(shards)
        ends = [
            self._least(self.times(x, shards.shard), whole) for x in self._even_share(shards.count)
        ]
        return f.select(crowd, begin, ends[0]), f.select(crowd, end, ends[1])

    def _is_crowd(self, shards: Rows) -> Value:
        """Return whether there are more threads than shards, so that they share single samples."""
        return self.f.compare("icmp sgt", self.threads, self.number(shards.count))

    def _even_share(self, count: int) -> tuple[Value, Value]:
        f = self.f
        grain, whole = self.number(4 if count >= 32 else 1), self.number(count)
        parts = f.binary("mul", self.threads, grain)
        most = f.binary("sub", f.binary("add", whole, parts), integer(1))
        each = f.binary("mul", f.binary("sdiv", most, parts), grain)
        begin = self._least(f.binary("mul", self.thread, each), whole)
        return begin, self._least(f.binary("add", begin, each), whole)

    def _least(self, x: Value, y: Value) -> Value:
        return self.f.select(self.f.compare("icmp slt", x, y), x, y)

    def wait(self) -> None:
        """Wait for the other threads, if there are any."""
        if self.alone:
            return
        several = self.f.compare("icmp sgt", self.threads, integer(1))
        with self.f.when(several):
            self.f.line(f"call void @syn0_barrier({self.bases['barrier']}, {self.threads})")

    @contextmanager
    def first(self) -> Iterator[None]:
        """Write a block for thread 0."""
        if self.alone:
            yield
            return
        with self.f.when(self.f.compare("icmp eq", self.thread, integer(0))):
            yield


class _Steps(_Writer):
    """Runs a step many times; each is taken over whole, or not at all."""

    def _body(self) -> None:
        f = self.f
        first = list(self.slots)
        self.bases["arena"] = self.read(Word.ARENA, PTR)
        self.bases["barrier"] = self.read(Word.BARRIER, PTR)
        current, other = self.read(Word.STATE, PTR), self.read(Word.NEXT, PTR)
        count = self.read(Word.COUNT)
        if self.plan.target.is_x86:
            self.began = self._clock()
        shares = [
            [self.share(group.rows, phase) for group in phase.groups] for phase in self.plan.phases
        ]
        before = f.block
        f.line("br label %head")
        f.begin("head")
        phis = len(f.lines)
        step = Value("%step", I64)
        self.bases["state"], self.bases["next"] = Value("%state", PTR), Value("%next", PTR)
        going = f.compare("icmp slt", step, count)
        f.line(f"br {going}, label %body, label %exit")
        f.begin("body")
        f.store(integer(0), self.status)
        self.slots = [
            self._advanced(b, s, step) for b, s in zip(self.plan.slots, first, strict=True)
        ]
        for phase, ranges in zip(self.plan.phases, shares, strict=True):
            if phase is not self.plan.phases[0]:
                self.wait()
            done = {id(call) for group in phase.groups for call in group.chained}
            for group, (begin, end) in zip(phase.groups, ranges, strict=True):
                if group.chained:
                    self._chained_group(group, begin, end)
                    continue
                if group.rows.shard and not self.alone:
                    late = [call for call in group.calls if id(call) in done]
                    with f.when(self._is_crowd(group.rows)):
                        self.wait()
                        if late:
                            self._group(Group(group.rows, late), begin, end)
                if left := [call for call in group.calls if id(call) not in done]:
                    self._group(Group(group.rows, left), begin, end)
        stop = self._agree(step)
        following = f.binary("add", step, integer(1))
        f.line(f"br {stop}, label %stopped, label %latch")
        f.begin("latch")
        f.line("br label %head")
        f.lines[phis:phis] = [
            f"  %step = phi i64 [ 0, %{before} ], [ {following.text}, %latch ]",
            f"  %state = phi ptr [ {current.text}, %{before} ], [ %next, %latch ]",
            f"  %next = phi ptr [ {other.text}, %{before} ], [ %state, %latch ]",
        ]
        self._finish(following)

    def _advanced(self, buffer: Buffer, slot: Value, step: Value) -> Value:
        """Return where an input of this step begins."""
        counts = {"rows": buffer.count, "table": 1}
        if buffer.source not in counts:
            return slot
        stride = counts[buffer.source] * itemsize(buffer.dtype)
        return self.f.offset(slot, self.times(step, stride), "i8")

    def _group(self, group: Group, begin: Value, end: Value) -> None:
        if self.alone:
            self.blocks(group, begin, end)
            return
        with self.f.when(self.f.compare("icmp slt", begin, end)):
            self.blocks(group, begin, end)

    def _chained_group(self, group: Group, begin: Value, end: Value) -> None:
        """Run a group shard by shard, and add each block to the sums of its shard.

        Where threads share the samples of a shard, its sums wait until all have come.
        """
        f, shards = self.f, group.chained[0].rows
        crowd = Value("false", I1)
        step, block = self.number(shards.shard), self.number(group.block)
        if not self.alone:
            crowd = self._is_crowd(shards)
            share = f.intrinsic("smax", f.binary("sub", end, begin), integer(1))
            step = f.select(crowd, share, step)
        with f.loop(begin, end, step) as outer:
            last = self._least(f.binary("add", outer.index, step), end)
            with f.loop(outer.index, last, block) as inner:
                stop = self._least(f.binary("add", inner.index, block), last)
                done = f.select(crowd, integer(0), f.binary("sub", inner.index, outer.index))
                self.moved = dict.fromkeys(group.passing, done)
                for call in group.calls:
                    self.call(call, inner.index, stop)
                with nullcontext() if self.alone else self._unless(crowd):
                    for call in group.chained:
                        self._extend(call, outer.index, inner.index, stop)
                self.moved = {}

    def _unless(self, condition: Value) -> AbstractContextManager[None]:
        """Write a block that runs only if the condition does not hold."""
        return self.f.when(self.f.binary("xor", condition, Value("true", I1)))

    def _extend(self, call: Call, first: Value, begin: Value, end: Value) -> None:
        """Add samples to the sum of a shard, whose `first` sample begins it."""
        f, shards, (repeat,) = self.f, call.rows, call.repeats
        number = f.binary("udiv", first, self.number(shards.shard))
        goes_on = f.cast("zext", f.compare("icmp sgt", begin, first), I64)
        rows = f.binary("sub", end, begin)
        numbers = [
            goes_on if place == call.resumes
            else self.times(rows, n.each // shards.shard) if isinstance(n, Portion)
            else self._given(n)
            for place, n in enumerate(call.numbers)
        ]  # fmt: skip
        (source, goal), (by_shard, own) = call.pointers, repeat.strides
        size = itemsize(source.buffer.dtype)
        sample, sums = by_shard // shards.shard * size, own * size
        places = (
            f.offset(self.address(source), self.times(begin, sample), "i8"),
            f.offset(self.address(goal), self.times(number, sums), "i8"),
        )
        whole = integer(0), self.number(call.whole)
        self._run(call.kernel, [*places, *numbers, *whole])

    def _agree(self, step: Value) -> Value:
        """Let all threads know whether the step was good, and return whether to stop."""
        f = self.f
        parity = f.binary("and", step, integer(1))
        status = f.offset(self.word(Word.STATUS), parity, "i64")
        stop = f.offset(self.word(Word.STOP), parity, "i64")
        mine = f.load(self.status, I64)
        with f.when(f.compare("icmp ne", mine, integer(0))):
            f.line(f"%was{f.label('')} = atomicrmw or {status}, {mine} monotonic")
        with self.first():
            self._look_at_the_clock(step)
            asked = f.value(f"load atomic i64, {self.word(Word.ABORT)} monotonic, align 8", I64)
            f.line(f"store atomic {asked}, {stop} monotonic, align 8")
        self.wait()
        wrong = f.value(f"load atomic i64, {status} monotonic, align 8", I64)
        asked = f.value(f"load atomic i64, {stop} monotonic, align 8", I64)
        failed = f.compare("icmp ne", wrong, integer(0))
        with f.when(failed):
            f.line("br label %failed")
            f.begin(f.label("unreached"))
        with self.first():
            self._add_up()
            self.write(Word.DONE, f.binary("add", step, integer(1)))
        return f.compare("icmp ne", asked, integer(0))

    def _look_at_the_clock(self, step: Value) -> None:
        """Ask to stop when the call has lasted long enough, whatever slows it down."""
        if not self.plan.target.is_x86:
            return
        f = self.f
        often = self.plan.operations > SELDOM
        turn = f.binary("and", step, self.number(0 if often else 15))
        with f.when(f.compare("icmp eq", turn, integer(0))):
            spent = f.binary("sub", self._clock(), self.began)
            late = f.compare("icmp ugt", spent, self.read(Word.CYCLES))
            with f.when(late):
                self.write(Word.ABORT, integer(1))

    def _clock(self) -> Value:
        return self.f.call("llvm.readcyclecounter", [], I64)

    def _finish(self, following: Value) -> None:
        """Write down which copy of the state is the current one."""
        f = self.f
        for label, current, other in (
            ("exit", "%state", "%next"),
            ("failed", "%state", "%next"),
            ("stopped", "%next", "%state"),
        ):
            f.begin(label)
            with self.first():
                self.write(Word.STATE, Value(current, PTR))
                self.write(Word.NEXT, Value(other, PTR))
            f.line("br label %leave")
        f.begin("leave")

    def _add_up(self) -> None:
        """Add the step's figures to the row of its epoch."""
        f, plan = self.f, self.plan
        row = self.read(Word.TOTALS, PTR)
        if "weight" in plan.outputs:
            weight = self._figure("weight")
        else:
            weight = f.cast("sitofp", self.number(plan.rows), DOUBLE)
        self._add(row, 0, weight)
        for place, (name, kind) in enumerate(plan.totals.items(), 1):
            figure = self._figure(name)
            self._add(row, place, f.binary("fmul", figure, weight) if kind == "mean" else figure)
        left = f.binary("sub", self.read(Word.TOTALS_LEFT), integer(1))
        ended = f.compare("icmp eq", left, integer(0))
        self.write(Word.TOTALS_LEFT, f.select(ended, self.read(Word.STEPS_PER_EPOCH), left))
        following = f.offset(row, 1 + len(plan.totals), "double")
        self.write(Word.TOTALS, f.select(ended, following, row))

    def _figure(self, name: str) -> Value:
        buffer = self.plan.outputs[name]
        kind = Type(SCALARS[buffer.dtype])
        return self.f.cast("fpext", self.f.load(self.address(Pointer(buffer)), kind), DOUBLE)

    def _add(self, row: Value, place: int, value: Value) -> None:
        there = self.f.offset(row, place, "double")
        self.f.store(self.f.binary("fadd", self.f.load(there, DOUBLE), value), there)


class _Rows(_Writer):
    """Runs any number of samples through a program, a block at a time, each thread its share."""

    def _body(self) -> None:
        f, plan = self.f, self.plan
        size = f.binary("mul", self.thread, self.read(Word.ARENA_BYTES))
        self.bases["arena"] = f.offset(self.read(Word.ARENA, PTR), size, "i8")
        self.bases["barrier"] = self.read(Word.BARRIER, PTR)
        first = list(self.slots)
        groups = [g for phase in plan.phases for g in phase.groups]
        for group in groups:  # what does not depend on the samples, each thread for itself
            if not group.rows.batched:
                self.blocks(group, integer(0), self.number(group.rows.count))
        block = self.number(plan.rows)
        begin, end = self._rows_of_thread(self.read(Word.COUNT), block)
        with f.loop(begin, end, block) as loop:
            last = self._least(f.binary("add", loop.index, block), end)
            count = f.binary("sub", last, loop.index)
            self.slots = [
                self._advanced(b, s, loop.index) for b, s in zip(plan.slots, first, strict=True)
            ]
            for group in groups:
                if group.rows.batched:
                    for call in group.calls:
                        self.call(call, integer(0), count)
        found = f.load(self.status, I64)
        f.line(f"%found = atomicrmw or {self.word(Word.STATUS)}, {found} monotonic")

    def _rows_of_thread(self, count: Value, block: Value) -> tuple[Value, Value]:
        f, one = self.f, integer(1)
        blocks = f.binary("sdiv", f.binary("sub", f.binary("add", count, block), one), block)
        most = f.binary("sub", f.binary("add", blocks, self.threads), one)
        each = f.binary("mul", f.binary("sdiv", most, self.threads), block)
        begin = self._least(f.binary("mul", self.thread, each), count)
        return begin, self._least(f.binary("add", begin, each), count)

    def _advanced(self, buffer: Buffer, slot: Value, row: Value) -> Value:
        if not buffer.rows.batched:
            return slot
        stride = buffer.row * itemsize(buffer.dtype)
        return self.f.offset(slot, self.times(row, stride), "i8")


class _Sample(_Writer):
    """Runs one sample through a program, each call by all threads."""

    def _body(self) -> None:
        f = self.f
        self.bases["arena"] = self.read(Word.ARENA, PTR)
        self.bases["barrier"] = self.read(Word.BARRIER, PTR)
        groups = [g for phase in self.plan.phases for g in phase.groups]
        with self.first():
            for group in groups:
                if not group.rows.batched:
                    self.blocks(group, integer(0), self.number(group.rows.count))
        for group in groups:
            for call in group.calls if group.rows.batched else ():
                self.wait()
                self._share(call)
        found = f.load(self.status, I64)
        f.line(f"%found = atomicrmw or {self.word(Word.STATUS)}, {found} monotonic")

    def _share(self, call: Call) -> None:
        """Run a call: each thread some bands of lines or some rows, else one thread all."""
        if call.repeats or max(call.bands, call.scale) == 1:
            with self.first():
                self.call(call, integer(0), integer(1))
            return
        f = self.f
        begin, end = self._even_share(call.bands or call.scale)
        with f.when(f.compare("icmp slt", begin, end)):
            places = [self.address(p) for p in call.pointers]
            numbers = [self._given(n) for n in call.numbers]
            if call.bands:
                (parts, *_), table = call.numbers, call.pointers[-1].buffer
                assert isinstance(parts, int)
                band = table.count // call.bands * itemsize(table.dtype)
                places[-1] = f.offset(places[-1], self.times(begin, band), "i8")
                numbers[0] = self.times(f.binary("sub", end, begin), parts // call.bands)
                begin, end = integer(0), integer(1)
            self._run_call(call, places, [*numbers, begin, end])
