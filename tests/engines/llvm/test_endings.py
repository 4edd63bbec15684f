"""Nests in the kernels of products: the bits of two kernels, from one."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import SEED
from fences import Fences
from trainings import digest, python

import syn0
from syn0 import ops
from syn0.engines import choose
from syn0.engines.llvm.compiling.target import host, usable
from syn0.engines.llvm.planning import calls, plan
from syn0.graph import Tensor, batch, evaluate, input_tensor
from syn0.ops.convolution import conv2d_dx_op, conv2d_op
from syn0.program import Program
from syn0.sharing import shared

pytestmark = [
    pytest.mark.skipif(host() is None, reason="the compiler does not know this processor"),
    pytest.mark.filterwarnings("ignore:threads="),
]
Arrays = dict[str, np.ndarray[Any, Any]]
KINDS = ("product", "product of pictures", "convolution", "depthwise", "adjoint")


class Draw:
    """A product and what becomes of its elements, drawn at random."""

    def __init__(self, rng: np.random.Generator, kind: str) -> None:
        self.rng, self.kind = rng, kind
        self.dtype = str(rng.choice(["float32", "float64"]))
        self.samples = int(rng.integers(1, 30 if "pic" in kind or "conv" in kind else 500))
        self.arrays: Arrays = {}
        self.product = self._product()
        print(kind, self.samples, self.product.shape, self.dtype, flush=True)

    def tensor(self, shape: tuple[Any, ...], dtype: str | None = None) -> Tensor:
        """Return an input."""
        name, dtype = f"input_{len(self.arrays)}", dtype or self.dtype
        sizes = [self.samples if d is batch else d for d in shape]
        numbers = self.rng.normal(0, 3, sizes)
        self.arrays[name] = numbers > 0 if dtype == "bool" else numbers.astype(dtype)
        return input_tensor(name, shape, dtype)

    def _product(self) -> Tensor:
        inside, outside = (int(n) for n in self.rng.integers(1, (40, 150)))
        size = tuple(int(n) for n in self.rng.integers(1, 12, 2))
        if self.kind == "product":
            inside *= int(self.rng.integers(1, 40))  # longer than a block of the inner axis
            return self.tensor((batch, inside)) @ self.tensor((inside, outside))
        if self.kind == "product of pictures":
            return self.tensor((batch, *size, inside)) @ self.tensor((inside, outside))
        how: dict[str, Any] = {"strides": (1, 2), "padding": ((2, 2), (2, 0)), "dilation": (2, 1)}
        if self.kind == "depthwise":
            x = self.tensor((batch, *size, outside + 1))
            w = self.tensor((3, 3, 1, outside + 1))
            return conv2d_op(x, w, **how, groups=outside + 1)
        w = self.tensor((3, 3, inside, outside))
        if self.kind == "convolution":
            return conv2d_op(self.tensor((batch, *size, inside)), w, **how, groups=1)
        windows = (size[0], (size[1] + 2 - 3) // 2 + 1)
        dy = self.tensor((batch, windows[0], max(windows[1], 1), outside))
        size = (size[0], size[1] if windows[1] > 0 else 2)
        return conv2d_dx_op(dy, w, size=size, **how, groups=1)

    def program(self) -> Program:
        """Return the product with an end of some ops, of which one or more are wanted."""
        x, made = self.product, []
        for _ in range(int(self.rng.integers(1, 6))):
            x = self._further(x)
            made.append(x)
        outputs = {"y": x}
        if self.rng.random() < 0.4:
            outputs["before"] = made[int(self.rng.integers(len(made)))]
        if self.rng.random() < 0.4:
            outputs["mask"] = ops.greater(made[0], 0.5)
        return Program(self.kind, {k: t for k, t in outputs.items() if k == "y" or t is not x})

    def _further(self, x: Tensor) -> Tensor:
        columns, shape = x.shape[-1:], x.shape
        match int(self.rng.integers(10)):
            case 0:
                return x + self.tensor(columns)
            case 1:
                return x * self.tensor(columns)
            case 2:
                return x - self.tensor(shape)
            case 3:
                return ops.where(self.tensor(shape, "bool"), x, 0.25)
            case 4:
                return ops.maximum(x, 0.0)
            case 5:
                return ops.where(ops.greater(x, 1.0), x * 0.5, x)
            case 6:
                return -x * x
            case 7:
                return ops.tanh(x)
            case 8:
                return x * self.tensor(())  # a number from memory
        return x + self.tensor(shape, "float32").astype(self.dtype)


def answers(program: Program, arrays: Arrays, threads: int) -> tuple[Arrays, int]:
    """Return what compiled code makes of a program, and in how many calls."""
    names = {t.name for t in program.leaves()[0]}
    executable = choose("llvm")[0].compile(program)
    outputs, _ = executable.run({}, {n: x for n, x in arrays.items() if n in names}, threads)
    return outputs, len(executable.plans()[0].calls)


def apart(program: Program, arrays: Arrays, patch: pytest.MonkeyPatch) -> tuple[Arrays, int]:
    """Return the same, of a product and a nest by itself."""
    with patch.context() as before:
        before.setattr(calls, "ended_products", lambda fusion: {})
        return answers(program, arrays, 1)


def test_the_bits_are_those_of_two_kernels(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SMALL", 0)
    fewer = 0
    for kind in KINDS * 2:
        drawn = Draw(rng, kind)
        program, arrays = drawn.program(), drawn.arrays
        expected, many = apart(program, arrays, monkeypatch)
        for target in usable():
            monkeypatch.setenv("SYN0_TARGET", target.name)
            for threads in (1, 3):
                found, few = answers(program, arrays, threads)
                assert digest(found) == digest(expected)
        monkeypatch.delenv("SYN0_TARGET")
        fewer += few < many
        wanted = evaluate(list(program.outputs.values()), arrays)
        for (name, x), exact in zip(found.items(), wanted, strict=True):
            if x.dtype != bool:  # a sum near the bound may fall on either side
                near = 1e-3 if x.dtype == np.float32 else 1e-9
                close = np.isclose(x, exact, rtol=near, atol=near * np.abs(exact).max())
                assert close.mean() > 0.99, name
    assert fewer >= len(KINDS)


def test_one_sample_has_the_bits_of_many(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SMALL", 0)
    for kind in KINDS:
        drawn = Draw(rng, kind)
        program, arrays = drawn.program(), drawn.arrays
        whole, _ = answers(program, arrays, 1)
        place = int(rng.integers(drawn.samples))
        shapes = {t.name: t.shape for t in program.leaves()[0]}
        one = {
            n: arrays[n][place : place + 1] if shape[:1] == (batch,) else arrays[n]
            for n, shape in shapes.items()
        }
        for threads in (1, 2, 3):
            found, _ = answers(program, one, threads)
            for name, x in found.items():
                assert x.tobytes() == whole[name][place : place + 1].tobytes()


def child(seed: int, count: int) -> None:
    """Run drawn programs free and between fences, and compare."""
    warnings.simplefilter("ignore")
    plan.SMALL = 0
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        drawn = Draw(rng, KINDS[number % len(KINDS)])
        program, arrays = drawn.program(), drawn.arrays
        free, _ = answers(program, arrays, 2)
        with pytest.MonkeyPatch.context() as patch:
            Fences(("begin", "end")[number % 2]).up(patch)
            fenced, _ = answers(replace(program), arrays, 2)
            assert digest(fenced) == digest(free)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pages")
def test_nothing_beside_is_touched_out_of_bounds() -> None:
    python(f"import test_endings; test_endings.child({SEED}, 10)")


def test_what_is_read_elsewhere_stays_in_memory(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SMALL", 0)
    x, w = input_tensor("x", (batch, 7), "float32"), input_tensor("w", (7, 20), "float32")
    arrays = {
        "x": rng.standard_normal((9, 7), dtype="f4"), "w": rng.standard_normal((7, 20), dtype="f4")
    }  # fmt: skip
    p = x @ w
    for outputs, count in (
        ({"y": ops.relu(p)}, 1),
        ({"y": ops.sum(ops.relu(p), axis=-1)}, 2),  # nothing of the product's shape is kept
        ({"y": ops.relu(p), "p": p}, 2),
        ({"y": ops.relu(p), "sums": ops.sum(p, axis=0)}, 3),
        ({"y": ops.tanh(p) * 2}, 1),
        ({"y": p / ops.sum(p, axis=1, keepdims=True)}, 2),
    ):
        found, made = answers(Program("some", outputs), arrays, 1)
        assert made == count, outputs
        for name, wanted in zip(outputs, evaluate(list(outputs.values()), arrays), strict=True):
            np.testing.assert_allclose(found[name], wanted, rtol=1e-4, atol=1e-5)


def test_a_product_that_is_made_by_shards_is_not_ended(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = input_tensor("x", (batch, batch), "float32"), input_tensor("y", (batch, 20), "float32")
    for samples in (40, 256):
        arrays = {
            "x": rng.standard_normal((samples, samples), dtype="f4"),
            "y": rng.standard_normal((samples, 20), dtype="f4"),
        }
        program = Program("among samples", {"z": ops.relu(x @ y)})
        found, _ = answers(program, arrays, 2)
        exact = np.maximum(arrays["x"].astype("f8") @ arrays["y"], 0)
        np.testing.assert_allclose(found["z"], exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("network", ["image", "dense"])
def test_a_training_has_the_bits_of_two_kernels(
    network: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers: dict[str, Any] = {
        "image": lambda: (
            syn0.Conv2D(9, 3, activation="relu"), syn0.BatchNormalization(),
            syn0.DepthwiseConv2D(3, strides=2), syn0.BatchNormalization(), syn0.Activation("relu"),
            syn0.Conv2D(20, 1, activation="swish"), syn0.Flatten(),
        ),
        "dense": lambda: (
            syn0.Dense(70, "leaky_relu"), syn0.Dropout(0.3), syn0.Dense(130, "gelu"),
            syn0.Residual(syn0.Dense(130, "relu")),
        ),
    }  # fmt: skip
    shape = (11, 7, 2) if network == "image" else (33,)
    count = int(rng.integers(30, 300))
    X, y = rng.standard_normal((count, *shape)).astype("f4"), np.arange(count) % 3

    def trained(threads: int) -> tuple[str, str]:
        shared.clear()
        net = syn0.Sequential(*layers[network](), syn0.Dense(3, "softmax"), random_state=1)
        net.fit(X, y, epochs=2, batch_size=32, verbose=0, threads=threads)
        return digest(net), digest({"y": net.predict(X)})

    expected = trained(2)
    assert expected == trained(1)
    monkeypatch.setattr(calls, "ended_products", lambda fusion: {})
    assert trained(2) == expected
