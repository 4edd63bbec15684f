"""The drivers of predictions: of any number of samples, and of one that threads share."""

from __future__ import annotations

from syn0.engines.llvm.ir import I64, PTR, Value, integer
from syn0.engines.llvm.planning.memory import Buffer, Call
from syn0.engines.llvm.planning.plan import itemsize
from syn0.engines.llvm.running.driver_writer import DriverWriter
from syn0.engines.llvm.running.words import Word


class RowsDriver(DriverWriter):
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


class SampleDriver(DriverWriter):
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
