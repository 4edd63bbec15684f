"""What all drivers share: the table of words, addresses, calls, groups, waiting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from syn0.engines.llvm.compiling.rounding import restore_rounding, set_rounding
from syn0.engines.llvm.ir import I64, NULL, PTR, Module, Type, Value, integer
from syn0.engines.llvm.kernel import Kernel
from syn0.engines.llvm.kernels.epilogue import WORDS
from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.memory import Buffer, Call, Ending, Pointer, Portion
from syn0.engines.llvm.planning.plan import Plan, itemsize
from syn0.engines.llvm.planning.schedule import Group, Phase
from syn0.engines.llvm.running.barrier import define_barrier
from syn0.engines.llvm.running.words import Word

DRIVER = "syn0_driver"


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


class DriverWriter:
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
            return NULL
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
