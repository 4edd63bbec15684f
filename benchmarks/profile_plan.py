"""Where the time of a training step goes: each kernel of a plan timed alone.

    python -m benchmarks.profile_plan [digits|mnist|wide|deep|lesson]

Prints, for one thread, the microseconds of each call of a step, its share, and GFLOP/s.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks.peers.syn0 import Own
from benchmarks.suites import BY_NAME
from syn0.engines.llvm import LLVMExecutable
from syn0.engines.llvm.planning.listing import page
from syn0.engines.llvm.planning.plan import ORDER, Plan
from syn0.engines.llvm.planning.schedule import Group, Phase
from syn0.engines.llvm.running.arguments import fitted
from syn0.engines.llvm.running.driver import Word
from syn0.engines.llvm.running.family import Code, Compiled, Family
from syn0.engines.llvm.running.workspace import Workspace


def timed(compiled: Compiled, space: Workspace, seconds: float = 0.02) -> float:
    """Return the seconds of one step."""
    count = 1
    compiled.code.driver(1)  # compiled before the clock runs
    totals = np.zeros(16)  # one epoch's row, since none ends
    best = float("inf")
    while True:
        space.table[Word.COUNT] = count
        space.table[Word.TOTALS] = totals.__array_interface__["data"][0]
        space.table[Word.TOTALS_LEFT] = space.table[Word.STEPS_PER_EPOCH] = 2**40
        space.table[Word.DONE : Word.SLOTS] = 0
        began = time.perf_counter()
        compiled.launch(space, 1)
        spent = time.perf_counter() - began
        done = max(int(space.table[Word.DONE]), 1)
        best = min(best, spent / done)
        if spent > seconds or done < count:
            return best
        count *= 2


def bound(own: Own, family: Family, plan: Plan) -> Workspace:
    """Return memory for a plan of which every step reads the same first batch."""
    space = Workspace(plan, 1)
    data = {"x": own.X, "y": own.y}
    for buffer in plan.slots:
        if buffer.value is not None:
            continue
        buffer.source = "batch"
        if buffer.name in family.entries:
            array = fitted(own.net.numbers[buffer.name], family.entries[buffer.name])
        elif buffer.name == ORDER:
            array = np.arange(buffer.count)
        else:
            array = np.ascontiguousarray(data[buffer.name], dtype=buffer.dtype)
        space.put(buffer, array)
    space.load_state({name: own.net.numbers[name] for name in plan.updates})
    space.table[Word.SAMPLES] = own.workload.rows
    return space


def main(name: str = "digits") -> None:
    """Print the profile of a workload."""
    own = Own(BY_NAME[name], threads=1)
    own.net.fit(own.X, own.y, epochs=1, engine="llvm", **own.settings)
    (found,) = [e for e in own.net._family.values() if "train_step" in e.program.name]
    assert isinstance(found, LLVMExecutable)
    plan = max(found.plans(), key=lambda plan: plan.rows)
    space = bound(own, found.family, plan)
    compiled = Compiled(Code(plan))
    print(page(plan))
    whole = timed(compiled, space, 0.2)
    rest = []
    for call in plan.calls:
        one = replace(plan, phases=[Phase([Group(call.rows, [call])])], totals={})
        one.outputs = {}
        seconds = timed(Compiled(Code(one)), space)
        rest.append((seconds, call))
    empty = replace(plan, phases=[], totals={})
    empty.outputs = {}
    nothing = timed(Compiled(Code(empty)), space)
    total = sum(max(s - nothing, 0) for s, _ in rest)
    print(
        f"\nwhole step {whole * 1e6:.2f} us, sum of calls {total * 1e6:.2f} us, "
        f"{plan.operations / whole / 1e9:.1f} GFLOP/s"
    )
    for seconds, call in sorted(rest, key=lambda x: -x[0])[:40]:
        alone = max(seconds - nothing, 1e-12)
        kind = call.kernel.symbol.split("_")[0]
        rate = call.operations / alone / 1e9
        cost = f"{alone * 1e6:10.2f} us {alone / total:6.1%} {rate:8.1f} GF/s"
        print(f"{cost}  {kind:10} {call.label[:70]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
