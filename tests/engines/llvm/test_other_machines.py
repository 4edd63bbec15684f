"""Whole programs are written for machines that are not this one: text, machine code, calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plans import mlp, plan_of, train_program

import syn0
from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import named
from syn0.engines.llvm.kernel import Kernel
from syn0.engines.llvm.running.driver import DRIVER, make_driver

# What LLVM itself calls to move memory, and what a barrier calls to wait.
ALLOWED = {"memset", "memcpy", "syscall", "sched_yield"}


def normalized() -> Any:
    """Return a network with dropout, normalizations and an activation of many ops."""
    return syn0.Sequential(
        syn0.Dense(24), syn0.LayerNormalization(), syn0.Activation("gelu"), syn0.Dropout(0.1),
        syn0.BatchNormalization(), syn0.Dense(3, "softmax"), random_state=0,
    )  # fmt: skip


@pytest.mark.parametrize("machine", ["avx512", "avx2", "neon"])
@pytest.mark.parametrize("network", [lambda: mlp(40, 3), normalized], ids=["dense", "normalized"])
def test_a_training_step_becomes_machine_code(network: Any, machine: str) -> None:
    x, y = np.zeros((30, 17)), np.arange(30) % 3
    program = train_program(network(), x, y, batch_size=10)
    plan = plan_of(program, 10, target=named(machine))
    assert plan is not None
    kernels = {kernel.symbol: kernel for call in plan.calls for kernel in call.kernels}
    assert len(kernels) > 10
    for kernel in kernels.values():
        assert jit.outside_calls(kernel, plan.target) <= ALLOWED, kernel.symbol
    made = make_driver(plan)
    driver = Kernel(DRIVER, lambda: made.text)
    called = {n for n, k in made.kernels.items() if not k.symbol.startswith("epilogue")}
    assert jit.outside_calls(driver, plan.target) - ALLOWED == called
