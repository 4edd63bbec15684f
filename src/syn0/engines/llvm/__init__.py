"""The CPU compiler: plans a program, writes it as LLVM's intermediate representation, runs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling.target import Target, host
from syn0.engines.llvm.running.executable import LLVMExecutable
from syn0.engines.llvm.running.shuffling import shuffle_rows
from syn0.program import Program

__all__ = ["LLVMEngine", "LLVMExecutable", "Target", "host"]


class LLVMEngine:
    """Compiles programs for the processor that it runs on."""

    name = "llvm"

    def __init__(self, target: Target) -> None:
        self.target = target

    def compile(self, program: Program) -> LLVMExecutable:
        """Return the program in runnable form; its machine code is made when it first runs."""
        return LLVMExecutable.of(program, self.target)

    def shuffle(
        self, rng: np.random.RandomState, before: NDArray[np.int64], goal: NDArray[np.int64]
    ) -> None:
        """Write orders, each the one before it, shuffled as ``rng.shuffle`` does."""
        shuffle_rows(rng, before, goal, self.target)
