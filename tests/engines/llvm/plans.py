"""Plans of networks and of random graphs, for tests that read them."""

from __future__ import annotations

from typing import Any

from graphs import Drawn

import syn0
from syn0.engines.llvm.compiling.target import Target, named
from syn0.engines.llvm.planning.memory import Buffer, Call
from syn0.engines.llvm.planning.plan import Plan, Source, make_plan
from syn0.graph import Tensor, batch
from syn0.program import Program

AVX512 = named("avx512")


def _source(tensor: Tensor, by_rows: bool) -> Source:
    if tensor.shape[:1] != (batch,):
        return Source("table", tensor.dtype)
    return Source("rows" if by_rows else "order", tensor.dtype)


def train_program(net: Any, x: Any, y: Any, **options: Any) -> Program:
    """Return the train step of a network, as `fit` would make it."""
    job = net._trainer.prepare(x, y, **options)
    program: Program = net.program("train_step", task=job.task, plan=job.plan)
    return program


def plan_of(
    program: Program, rows: int, *, by_rows: bool = False, target: Target = AVX512
) -> Plan | None:
    """Plan a program for a batch of so many samples."""
    tidy = program.simplified()
    sources = {t.name or "": _source(t, by_rows) for t in tidy.leaves()[0]}
    return make_plan(tidy, {"batch": rows}, sources, target, by_rows=by_rows)


def plan_of_step(net: Any, x: Any, y: Any, rows: int, **options: Any) -> Plan:
    """Plan the train step of a network."""
    plan = plan_of(train_program(net, x, y, batch_size=rows, **options), rows)
    assert plan is not None
    return plan


def plans_of(drawn: Drawn) -> list[Plan]:
    """Plan a random graph, for a batch and, where its samples are independent, for any number."""
    program = drawn.program().simplified()
    rows = len(drawn.inputs["x0"])
    sources = {t.name or "": Source("batch", t.dtype) for t in program.leaves()[0]}
    plans = [
        make_plan(program, {"batch": n}, sources, AVX512, by_rows=by_rows)
        for n, by_rows in ((rows, False), (max(rows, 1), True))
    ]
    return [plan for plan in plans if plan is not None]


def mlp(*units: int, name: str = "mlp", activation: str = "relu") -> Any:
    """Return a classifier with these widths."""
    *hidden, last = units
    body = [syn0.Dense(n, activation, name=f"hidden_{i}") for i, n in enumerate(hidden, 1)]
    return syn0.Sequential(*body, syn0.Dense(last, "softmax", name="output"), random_state=0)


def used(call: Call) -> list[Buffer]:
    """Return all memory that a call touches."""
    return [*call.writes, *(buffer for buffer, _ in call.reads)]
