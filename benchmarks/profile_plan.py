"""Where the time of a training step goes: each kernel of a plan timed alone.

    python -m benchmarks.profile_plan [digits|mnist|wide|deep|lesson]

Prints, for one thread, the microseconds of each call of a step, its share, and GFLOP/s.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

import syn0
from syn0.engines.llvm.planning.listing import page
from syn0.engines.llvm.planning.schedule import Group, Phase
from syn0.engines.llvm.running import executable as executables
from syn0.engines.llvm.running.driver import Word
from syn0.engines.llvm.running.family import Compiled
from syn0.engines.llvm.running.workspace import Workspace


def dense(sizes: list[int], activation: str, last: str) -> syn0.Sequential:
    hidden = [syn0.Dense(n, activation=activation) for n in sizes[1:-1]]
    net = syn0.Sequential(*hidden, syn0.Dense(sizes[-1], activation=last), random_state=0)
    return net.build((sizes[0],))


def deep() -> syn0.Sequential:
    layers: list[Any] = []
    for _ in range(16):
        layers += [syn0.Dense(64), syn0.LayerNormalization(), syn0.Activation("gelu")]
    return syn0.Sequential(*layers, random_state=0).build((64,))


WORKLOADS: dict[str, tuple[Any, int, int, str]] = {
    "lesson": (lambda: dense([3, 4, 1], "sigmoid", "sigmoid"), 4, 1, "sgd"),
    "digits": (lambda: dense([64, 128, 64, 10], "relu", "softmax"), 32, 10, "adam"),
    "mnist": (lambda: dense([784, 512, 256, 10], "relu", "softmax"), 128, 10, "adam"),
    "wide": (lambda: dense([1024, 2048, 2048, 1024], "gelu", "linear"), 256, 0, "adam"),
    "deep": (deep, 64, 0, "adamw"),
}


def timed(compiled: Compiled, space: Workspace, seconds: float = 0.02) -> float:
    """Return the seconds of one step."""
    count = 1
    _ = compiled.alone  # compiled before the clock runs
    totals = np.zeros(10_000_000 // 100)
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


def main(name: str = "digits") -> None:
    """Print the profile of a workload."""
    make, rows, classes, optimizer = WORKLOADS[name]
    net = make()
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(rows * 4 if rows > 4 else rows, net.input_shape[0])).astype("float32")
    y = (
        rng.integers(0, classes, len(X))
        if classes > 1
        else rng.uniform(size=(len(X), *net.output_shape))
    )
    net.fit(X, y, epochs=2, batch_size=rows, optimizer=optimizer, verbose=0, engine="llvm")
    (found,) = [e for e in net._family.values() if "train_step" in e.program.name]
    assert isinstance(found, executables.LLVMExecutable)
    compiled = max(found.family.members(), key=lambda c: c.plan.rows)
    space = compiled.pool[-1]
    plan = compiled.plan
    print(page(plan))
    whole = timed(compiled, space, 0.2)
    rest = []
    for call in plan.calls:
        one = replace(plan, phases=[Phase([Group(call.rows, [call])])], totals={})
        one.outputs = {}
        seconds = timed(Compiled(one), space)
        rest.append((seconds, call))
    empty = replace(plan, phases=[], totals={})
    empty.outputs = {}
    nothing = timed(Compiled(empty), space)
    total = sum(max(s - nothing, 0) for s, _ in rest)
    print(
        f"\nwhole step {whole * 1e6:.2f} us, sum of calls {total * 1e6:.2f} us, "
        f"{plan.operations / whole / 1e9:.1f} GFLOP/s"
    )
    for seconds, call in sorted(rest, key=lambda x: -x[0])[:40]:
        own = max(seconds - nothing, 1e-12)
        kind = call.kernel.symbol.split("_")[0]
        rate = call.operations / own / 1e9
        cost = f"{own * 1e6:10.2f} us {own / total:6.1%} {rate:8.1f} GF/s"
        print(f"{cost}  {kind:10} {call.label[:70]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
