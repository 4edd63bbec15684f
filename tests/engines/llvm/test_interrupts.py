"""What goes wrong in the midst of a training leaves its last full step: Ctrl-C, NaN, bad indices.

What goes wrong with the cache only costs time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trainings import Bench, Training, digest, python

import syn0
from syn0 import ops
from syn0.engines import Control, choose
from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import host
from syn0.errors import DataError, NonFiniteError
from syn0.graph import batch, input_tensor, state_tensor
from syn0.program import Program
from syn0.sharing import shared
from syn0.training.feeds import ResidentFeed

pytestmark = [
    pytest.mark.skipif(host() is None, reason="the compiler does not know this processor"),
    pytest.mark.filterwarnings("ignore:threads="),
]
GRACE = 0.2  # seconds, beside one step


# ----- Ctrl-C


def interrupted(training: Training, delay: float, **options: Any) -> tuple[Any, float, float]:
    """Return a network stopped by Ctrl-C, how long that took, and the seconds of a step."""
    asked: list[float] = []

    def ask() -> None:
        asked.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    training.run(epochs=1, **options)  # Ctrl-C while it is imported or compiled is not handled
    timer = threading.Timer(delay, ask)
    began = time.monotonic()
    timer.start()
    try:
        net = training.run(epochs=10**7, **options)
    finally:
        timer.cancel()
    ended = time.monotonic()
    assert asked
    return net, ended - asked[0], (ended - began) / int(net.numbers["step"])


@pytest.mark.sampled(3)
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
@pytest.mark.parametrize("threads", ["auto", 1, 2, 4])
@pytest.mark.parametrize("batch_size", [None, 7])
def test_ctrl_c_keeps_the_last_full_step(
    threads: Any, batch_size: Any, rng: np.random.Generator
) -> None:
    network = str(rng.choice(["Dense", "Dropout", "classes"]))
    training = Training(network).but(batch_size=batch_size)
    for _ in range(4):  # a busy machine is no failure
        net, latency, step = interrupted(training, rng.uniform(0.05, 0.3), threads=threads)
        done = int(net.numbers["step"])
        twin = Bench(training)
        assert digest(net) == twin.run(twin.program, [done])[0]
        assert net.fit(*training.data(), **{**training.options, "epochs": 1})
        if latency < step + GRACE:
            return
    raise AssertionError(f"Ctrl-C took {latency:.2f} s at {step:.2g} s a step")


# ----- numbers that are not finite


def _poisoned(at: float) -> Any:
    """Return tanh with a derivative that is NaN beyond a point; its own values are finite."""
    return syn0.Activation(
        ops.tanh, derivative=lambda x: ops.sqrt(at - ops.abs(x)), derivative_of="input"
    )


@dataclass
class Failing:
    """A training whose step `step` has a NaN in its gradient, and the twin that stops before."""

    step: int
    dtype: str
    optimizer: Any
    options: dict[str, Any] = field(default_factory=dict)

    def network(self) -> Any:
        body = syn0.Dense(9), _poisoned(100.0), syn0.Dense(2)
        return syn0.Sequential(*body, dtype=self.dtype, random_state=2)

    def data(self) -> tuple[Any, Any]:
        rng = np.random.default_rng(7)
        return rng.standard_normal((40, 5)), rng.standard_normal((40, 2))

    def run(self, threads: Any) -> None:
        x, y = self.data()
        net, twin = self.network(), self.network()
        broken = x.copy()
        broken[4 * self.step + 1] *= 1e4
        common = {"batch_size": 4, "shuffle": False, "optimizer": self.optimizer, "verbose": 0}
        if self.step == 0:
            twin.build((5,))
        else:  # the steps before, as an epoch of their own
            part = slice(0, 4 * self.step)
            twin.fit(x[part], y[part], epochs=1, engine="llvm", **common)
        net.build((5,))
        with pytest.raises(NonFiniteError) as caught:
            net.fit(broken, y, epochs=2, engine="llvm", threads=threads, **common)
        assert "loss" not in str(caught.value).split(".")[0], "the loss is finite"
        names = twin.numbers if self.step else twin.parameters
        for name in names:
            np.testing.assert_array_equal(net.numbers[name], twin.numbers[name], err_msg=name)
        history = net.fit(x, y, epochs=1, **common)
        assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_a_gradient_that_is_not_finite_leaves_the_state_whole(
    threads: int, rng: np.random.Generator
) -> None:
    optimizers = [syn0.SGD(0.01), syn0.Adam(), syn0.Adam(clip_global_norm=1.0), syn0.Lion()]
    for step in (0, int(rng.integers(1, 10))):
        dtype = str(rng.choice(["float32", "float64"]))
        Failing(step, dtype, optimizers[int(rng.integers(len(optimizers)))]).run(threads)


def test_the_root_of_nothing_leaves_the_state_whole(rng: np.random.Generator) -> None:
    net = syn0.Sequential(
        syn0.Dense(4), syn0.Activation(lambda x: ops.sqrt(ops.relu(x))), syn0.Dense(1),
        random_state=0,
    ).build((3,))  # fmt: skip
    before = digest(net.parameters)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 1))
    with pytest.raises(NonFiniteError):
        net.fit(x, y, epochs=3, verbose=0, engine="llvm")
    assert digest(net.parameters) == before


# ----- indices


def counted_and_taken() -> tuple[Program, dict[str, Any]]:
    """Return a step that adds rows taken by index to a sum, and its state."""
    rows, total = state_tensor("rows", (6, 3), "float64"), state_tensor("total", (3,), "float64")
    index = input_tensor("index", (batch,), "int64")
    taken = ops.sum(ops.take(rows, index), axis=0)
    loss = ops.sum(taken)
    program = Program("train_step", {"loss": loss}, {"total": total + taken}, (), {"loss": "mean"})
    values = np.random.default_rng(1).standard_normal((6, 3))
    return program, {"rows": values, "total": np.zeros(3)}


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("wrong", [6, -7, 2**40, -(2**63)])
def test_an_index_out_of_range_leaves_the_state_whole(
    threads: int, wrong: int, rng: np.random.Generator
) -> None:
    program, state = counted_and_taken()
    executable = choose("llvm")[0].compile(program)
    index = rng.integers(-6, 6, 35)
    step = int(rng.integers(7))
    index[5 * step + int(rng.integers(5))] = wrong
    feed = ResidentFeed({"index": index}, batch_size=5, shuffle=False)
    good = {name: value.copy() for name, value in state.items()}

    def run(state: dict[str, Any], steps: int) -> None:
        done = 0
        while done < steps:
            done += executable.run_span(state, feed, done, steps - done, Control(threads=threads))

    with pytest.raises(DataError, match="an index lies outside"):
        run(state, 7)
    run(good, step)
    assert digest(state) == digest(good)
    with pytest.raises(DataError, match="an index lies outside"):
        executable.run(state, {"index": index}, threads)


# ----- a cache in trouble


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run a training in an engine that has compiled nothing yet, on a cache in a folder."""
    kept = []  # what was linked stays in use: the threads are inside it

    def run(folder: Path) -> str:
        kept.append(jit._linker(host()))
        monkeypatch.setenv("SYN0_CACHE", str(folder))
        jit._linker.cache_clear()
        shared.clear()
        try:
            return digest(Training("Flatten", "SGD", "float64").run(epochs=2))
        finally:
            kept.append(jit._linker(host()))

    before = jit._linker(host())
    yield run
    jit._linker.cache_clear()
    KEPT.extend([before, *kept])


KEPT: list[Any] = []


def test_a_folder_that_cannot_be(anew: Any, tmp_path: Path) -> None:
    whole = anew(tmp_path / "good")
    (tmp_path / "file").write_text("")
    assert anew(tmp_path / "file" / "folder") == whole
    assert anew(Path("/proc/1/no such place")) == whole
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "objects").mkdir()
    (closed / "objects").chmod(0o500)
    assert anew(closed) == whole


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away"
)
def test_a_folder_of_somebody_else(anew: Any, tmp_path: Path) -> None:
    whole = anew(tmp_path / "good")
    other = tmp_path / "other" / "objects"
    other.mkdir(parents=True)
    os.chown(other, 12345, 12345)
    assert anew(tmp_path / "other") == whole
    assert not list(other.iterdir())


def test_damaged_objects(anew: Any, tmp_path: Path, rng: np.random.Generator) -> None:
    whole = anew(tmp_path)
    paths = sorted(tmp_path.rglob("*.o"))
    good = [path.read_bytes() for path in paths]
    assert paths
    for path, data in zip(paths, good, strict=True):
        if rng.random() < 0.5:
            path.write_bytes(data[: rng.integers(len(data))])
        else:
            flipped = bytearray(data)
            flipped[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
            path.write_bytes(flipped)
    assert anew(tmp_path) == whole
    assert [path.read_bytes() for path in paths] == good


KILLED = """
import threading, os, time
from trainings import Training
from syn0.engines.llvm.compiling.object_cache import ObjectCache
save, count = ObjectCache.save, iter(range(10**6))
which, delay = WORDS
def slow(cache, key, data):
    if next(count) == which:
        threading.Timer(delay, lambda: os.kill(os.getpid(), 9)).start()
    for part in range(5):
        save(cache, key, data)
ObjectCache.save = slow
Training("Flatten", "SGD", "float64").run(epochs=2)
time.sleep(1)
"""
PLAIN = """
from trainings import Training, digest
print(digest(Training("Flatten", "SGD", "float64").run(epochs=2)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_killed_while_the_cache_is_written(
    anew: Any, tmp_path: Path, rng: np.random.Generator
) -> None:
    whole = anew(tmp_path / "good")
    for which in range(2):
        folder, delay = tmp_path / str(which), float(rng.uniform(0, 0.003))
        script = KILLED.replace("WORDS", f"{which}, {delay}")
        python(script, code=-signal.SIGKILL, SYN0_CACHE=str(folder))
        assert list(folder.rglob("*"))
        assert anew(folder) == whole
        assert python(PLAIN, SYN0_CACHE=str(folder)) == whole
