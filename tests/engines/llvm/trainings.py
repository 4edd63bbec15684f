"""Trainings to repeat under other conditions, and what is compared: every bit of the state."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syn0
from syn0.engines import Control, choose
from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import Module
from syn0.engines.llvm.running import barrier, driver_writer
from syn0.engines.llvm.running.chain import ENTERED, Chain
from syn0.engines.llvm.running.family import Compiled
from syn0.engines.llvm.running.words import Word
from syn0.engines.llvm.running.workspace import Workspace
from syn0.program import Program
from syn0.sharing import shared

TESTS = Path(__file__).parents[2]
sys.path.insert(0, str(TESTS / "layers"))

from test_all_layers import TABLE  # noqa: E402

NETWORKS = (*TABLE, "wide", "classes", "merged", "many", "series", "pictures")
OPTIMIZERS = {
    "SGD": syn0.SGD(0.01),
    "momentum": syn0.SGD(0.002, momentum=0.9, nesterov=True, weight_decay=0.01),
    "schedule": syn0.SGD(syn0.StepDecay(0.02, decay_steps=2)),
    "clipped": syn0.Adam(0.02, clip_global_norm=0.3),
    "RMSprop": syn0.RMSprop(),
    "Adagrad": syn0.Adagrad(),
    "Adadelta": syn0.Adadelta(),
    "Adam": syn0.Adam(0.02),
    "AdamW": syn0.AdamW(0.02, weight_decay=0.1),
    "Nadam": syn0.Nadam(),
    "Lion": syn0.Lion(),
    "Muon": syn0.Muon(),
}
THREADS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Training:
    """A network, its data and how it is fitted; each call of `run` begins afresh."""

    network: str
    optimizer: str = "Adam"
    dtype: str = "float32"
    options: Mapping[str, Any] = field(
        default_factory=lambda: {"epochs": 3, "batch_size": 7, "verbose": 0}
    )

    def make(self) -> Any:
        options = {"dtype": self.dtype, "random_state": 3}
        if self.network == "wide":
            body = (syn0.Dense(130, "gelu"), syn0.LayerNormalization(), syn0.Dense(2))
            return syn0.Sequential(*body, **options)
        if self.network == "classes":
            body = (syn0.Dense(33, "relu"), syn0.Dropout(0.2), syn0.Dense(3, "softmax"))
            return syn0.Sequential(*body, **options)
        if self.network == "many":
            return syn0.Sequential(syn0.Dense(40, "tanh"), syn0.Dense(2), **options)
        if self.network == "series":
            body = (syn0.Dense(24, "relu"), syn0.Flatten(), syn0.Dense(2))
            return syn0.Sequential(*body, **options)
        if self.network == "pictures":
            body = (
                syn0.Conv2D(20, 3, padding="same", use_bias=False), syn0.BatchNormalization(),
                syn0.Activation("relu"), syn0.MaxPool2D(), syn0.DepthwiseConv2D(3, 2),
                syn0.Conv2D(9, 1), syn0.Flatten(), syn0.Dense(2),
            )  # fmt: skip
            return syn0.Sequential(*body, **options)
        if self.network == "merged":
            x = syn0.Input((5,))
            h = syn0.Dense(5, "tanh")(x)
            y = syn0.Dense(2)(syn0.Concatenate()(syn0.Add()(x, h), h))
            return syn0.Model(x, y, **options)
        ends = (syn0.Flatten(), syn0.Dense(2, name="output"))
        return syn0.Sequential(*TABLE[self.network].body, *ends, **options)

    def data(self) -> tuple[Any, Any]:
        rng = np.random.default_rng(5)
        if self.network in TABLE:
            return TABLE[self.network].data()
        sizes = {
            "wide": (53, 70), "classes": (40, 17), "merged": (24, 5), "many": (300, 20),
            "series": (131, 3, 18), "pictures": (40, 11, 13, 3),
        }  # fmt: skip
        size = sizes[self.network]
        x = rng.standard_normal(size)
        few = rng.integers(0, 3, len(x))
        return x, few if self.network == "classes" else rng.standard_normal((len(x), 2))

    def run(self, **options: Any) -> Any:
        net, chosen = self.make(), {**self.options, "engine": "llvm", **options}
        net.fit(*self.data(), optimizer=OPTIMIZERS[self.optimizer], **chosen)
        return net

    def but(self, **options: Any) -> Training:
        return replace(self, options={**self.options, **options})


def some(rng: np.random.Generator, count: int, networks: Any = NETWORKS) -> list[Training]:
    """Draw trainings, of networks that differ."""
    count = min(count, len(networks))
    found = []
    for name in rng.choice(list(networks), count, replace=False):
        size = [5, 6, 7, 8, None][rng.integers(5)]  # of 24 samples: batches that are full, or not
        training = Training(
            str(name), str(rng.choice([*OPTIMIZERS])), str(rng.choice(["float32", "float64"]))
        )
        found.append(training.but(batch_size=size))
    return found


def digest(values: Any) -> str:
    """Return the SHA-256 of all numbers of a network or a state."""
    numbers = values if isinstance(values, Mapping) else values.numbers
    whole = hashlib.sha256()
    for name, value in sorted(numbers.items()):
        array = np.ascontiguousarray(value)
        whole.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return whole.hexdigest()


class Bench:
    """A train step by itself, its feed and its first state."""

    def __init__(self, training: Training) -> None:
        self.net = training.make()
        chosen = {k: v for k, v in training.options.items() if k in ("batch_size", "shuffle")}
        self.job = self.net._trainer.prepare(
            *training.data(), optimizer=OPTIMIZERS[training.optimizer], engine="llvm", **chosen
        )
        self.net._trainer._begin(self.job)
        self.program: Program = self.net.program(
            "train_step", task=self.job.task, plan=self.job.plan
        )
        self.steps = 3 * self.job.feed.steps_per_epoch + 1

    def run(self, program: Program, pieces: list[int] | None = None) -> tuple[str, list[Any]]:
        """Return the digest after some steps, and the figures of each epoch."""
        executable = choose("llvm")[0].compile(program)
        pieces = [self.steps] if pieces is None else pieces
        state, control, first = dict(self.net.numbers), Control(), 0
        for piece in pieces:
            done = 0
            while done < piece:  # a span may hand back early
                done += executable.run_span(
                    state, self.job.feed, first + done, piece - done, control
                )
                assert control.failure is None
            first += piece
        assert first == sum(pieces)
        figures: dict[str, list[float]] = {}
        for row in control.rows:
            for name, values in row.items():
                figures.setdefault(name, []).extend(np.ravel(values).tolist())
        return digest(state), [sorted(figures.items()), sorted(control.row.items())]


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many threads entered compiled code, call by call."""
    counts: list[int] = []
    launch = Compiled.launch

    def counted(compiled: Compiled, space: Workspace, threads: int) -> None:
        before = int(space.table[Word.ENTERED])
        launch(compiled, space, threads)
        counts.append(int(space.table[Word.ENTERED]) - before)

    run = Chain.run

    def counted_links(chain: Chain, count: int, cycles: int) -> Any:
        found = run(chain, count, cycles)
        counts.extend(chain.links[: len(found), ENTERED].tolist())
        return found

    monkeypatch.setattr(Compiled, "launch", counted)
    monkeypatch.setattr(Chain, "run", counted_links)
    return counts


@pytest.fixture
def skewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each thread leave each barrier at a time of its own, so that races show."""
    text = barrier._BARRIER.replace("  ret void", "  call void @syn0_skew()\n  ret void")
    assert text.count("@syn0_skew") == 2
    monkeypatch.setattr(barrier, "_BARRIER", text + SKEW)
    declared = barrier.define_barrier

    def define(module: Module, target: Target) -> None:
        declared(module, target)
        module.declare("i32 @usleep(i32)")
        module.declare("i64 @llvm.readcyclecounter()")

    monkeypatch.setattr(driver_writer, "define_barrier", define)
    shared.clear()  # whatever ran before has other barriers


SKEW = """
define internal void @syn0_skew() nounwind noinline {
entry:
  %now = call i64 @llvm.readcyclecounter()
  %bits = lshr i64 %now, 6
  %some = and i64 %bits, 127
  %time = trunc i64 %some to i32
  %slept = call i32 @usleep(i32 %time)
  ret void
}"""


def python(script: str, *, code: int = 0, timeout: float = 300, **environment: str) -> str:
    """Run a script in a process of its own that finds these tests; return what it prints."""
    places = (Path(__file__).parent, TESTS, os.environ.get("PYTHONPATH", ""))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, timeout=timeout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places)), **environment},
    )  # fmt: skip
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout.strip()
