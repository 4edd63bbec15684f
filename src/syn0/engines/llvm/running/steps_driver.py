"""The driver of many steps, each of which is taken over whole or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from syn0.engines.llvm.ir import DOUBLE, I1, I64, PTR, SCALARS, Type, Value, integer
from syn0.engines.llvm.planning.memory import Buffer, Call, Pointer, Portion
from syn0.engines.llvm.planning.plan import itemsize
from syn0.engines.llvm.planning.schedule import Group
from syn0.engines.llvm.running.driver_writer import DriverWriter
from syn0.engines.llvm.running.words import Word

SELDOM = 100_000  # operations of a step below which not every one looks at the clock


class StepsDriver(DriverWriter):
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
