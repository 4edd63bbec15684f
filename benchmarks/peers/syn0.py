"""syn0 itself: `fit` for training, `predict` and `predict_one`."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import syn0
from benchmarks.peers import Ways
from benchmarks.workloads import Weights, Workload
from syn0.engines.llvm import LLVMExecutable


def contenders(workload: Workload, weights: Weights, threads: int) -> Ways:
    verb = "fit" if workload.task == "train" else workload.task
    return {verb: partial(Own, workload, threads)}


def optimizer(workload: Workload) -> Any:
    if workload.optimizer == "sgd":
        return syn0.SGD(workload.learning_rate, workload.momentum)
    kinds = {"adam": syn0.Adam, "adamw": syn0.AdamW}
    return kinds[workload.optimizer](workload.learning_rate)


class Own:
    """A network of syn0, whose first weights are those of all others."""

    def __init__(self, workload: Workload, threads: int) -> None:
        self.workload, self.cores = workload, threads
        self.net = workload.model()
        self.X, self.y = workload.data()
        # The process is kept to so many cores where that can be done: see `cores`.
        self.threads: Any = "auto" if hasattr(os, "sched_setaffinity") else threads
        summed = workload.loss == "half_squared_error"
        self.settings: dict[str, Any] = {
            "loss": syn0.losses.HalfSquaredError(reduction="sum") if summed else workload.loss,
            "optimizer": optimizer(workload),
            "batch_size": workload.batch,
            "metrics": [],
            "verbose": 0,
        }

    def run(self, times: int) -> None:
        """See `Contender`."""
        if self.workload.task == "train":
            epochs = times * self.workload.epochs
            self.net.fit(self.X, self.y, epochs=epochs, threads=self.threads, **self.settings)
        elif self.workload.task == "predict":
            for _ in range(times):
                self.net.predict(self.X)
        else:
            row = self.X[0]
            for _ in range(times):
                self.net.predict_one(row)

    def weights(self) -> Weights:
        """Return the weights as they are now."""
        return self.net.parameters


def working_bytes(own: Own) -> int | None:
    """Return the arena of the network's largest program, its state apart.

    Where samples do not need each other, each thread that has some works in its own.
    """
    executables = [e for e in own.net._family.values() if isinstance(e, LLVMExecutable)]
    sizes = []
    for plan in (plan for executable in executables for plan in executable.plans()):
        blocks = -(-own.workload.rows // plan.rows) if plan.by_rows else 1
        sizes.append(plan.arena_bytes * min(own.cores, blocks))
    return max(sizes, default=None)
