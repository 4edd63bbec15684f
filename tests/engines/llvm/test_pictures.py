"""Convolution and pooling in compiled code: any geometry, any number of threads, no bit astray."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import SEED
from fences import Fences
from guarded import run
from test_gemm import fma32, inner_loops, multiplies, products, spills
from trainings import Training, digest, python

from syn0.architectures import resnet
from syn0.engines import choose
from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target, host, named, usable
from syn0.engines.llvm.kernels.bands import HIGHEST
from syn0.engines.llvm.kernels.convolution import convolution_kernel, correlation_kernel, table
from syn0.engines.llvm.planning import plan, recomputing
from syn0.engines.llvm.planning.convolution import Strides, axes_of, map_parts
from syn0.engines.llvm.planning.windows import Axis, picture_runs, tap_runs, window_runs
from syn0.errors import DataError
from syn0.graph import Tensor, batch, evaluate, input_tensor
from syn0.ops.convolution import conv2d_dw_op, conv2d_dx_op, conv2d_op
from syn0.ops.pooling import average_dx_op, average_op, max_pool_op, places_op, scatter_op, take_op
from syn0.program import Program
from syn0.sharing import shared

pytestmark = [
    pytest.mark.skipif(host() is None, reason="the compiler does not know this processor"),
    pytest.mark.filterwarnings("ignore:threads="),
]
Arrays = dict[str, np.ndarray[Any, Any]]
KINDS = ("convolution", "depthwise", "pooling")
ULPS = 64  # of the largest number: sums of thousands

# ----- where windows meet pictures ------------------------------------------


def test_runs_meet_what_windows_hold(rng: np.random.Generator) -> None:
    for _ in range(200):
        axis = _axis(rng)
        held = {
            (w, tap): axis.place(w, tap)
            for w in range(axis.windows) for tap in range(axis.taps)
            if 0 <= axis.place(w, tap) < axis.size
        }  # fmt: skip
        found = {(w, tap): p for w, tap, p in _met(window_runs(axis))}
        assert found == held
        assert {(w, tap): p for p, tap, w in _met(picture_runs(axis))} == held
        assert {(w, tap): p for w, tap, p in _met(tap_runs(axis))} == held
        for runs, count in ((window_runs(axis), axis.windows), (picture_runs(axis), axis.size)):
            targets = [run.first + i * run.step for run in runs for i in range(run.count)]
            assert sorted(targets) == list(range(count))


def _axis(rng: np.random.Generator) -> Axis:
    size, taps, stride, dilation = (int(n) for n in rng.integers(1, (12, 6, 5, 4)))
    before, after = (int(n) for n in rng.integers(0, (taps - 1) * dilation + 1, 2))
    windows = (size + before + after - (taps - 1) * dilation - 1) // stride + 1
    return Axis(size, max(windows, 1), taps, stride, dilation, before)


def _met(runs: list[Any]) -> Iterator[tuple[int, int, int]]:
    """Yield each target of runs with a tap and the source that it meets there."""
    for r in runs:
        for i, j in itertools.product(range(r.count), range(r.taps)):
            source = r.source + i * r.source_step + j * r.source_tap
            yield r.first + i * r.step, r.tap + j * r.tap_step, source


# ----- any geometry ---------------------------------------------------------


class Draw:
    """Windows on pictures, drawn at random."""

    def __init__(self, rng: np.random.Generator, kind: str) -> None:
        pooling = kind == "pooling"
        self.rng, self.kind = rng, kind
        self.arrays: Arrays = {}
        self.dtype, self.samples = str(rng.choice(["float32", "float64"])), int(rng.integers(1, 41))
        self.taps, strides, dilation = (
            tuple(int(n) for n in rng.integers(1, most, 2)) for most in (6, 4, 2 if pooling else 4)
        )
        reach = [(n - 1) * d for n, d in zip(self.taps, dilation)]
        padding = tuple(tuple(int(n) for n in rng.integers(0, r + 1, 2)) for r in reach)
        least = [max(1, r + 1 - sum(p)) for r, p in zip(reach, padding)]
        self.size = tuple(int(rng.integers(n, n + more)) for n, more in zip(least, (33, 37)))
        self.windows = tuple(
            (n + sum(p) - r - 1) // s + 1 for n, p, r, s in zip(self.size, padding, reach, strides)
        )
        self.how: dict[str, Any] = {"strides": strides, "padding": padding}
        if pooling:
            self.how |= {"window": self.taps}
        else:
            self.how |= {"dilation": dilation, "groups": int(rng.integers(1, 4))}
        if kind == "convolution":  # slow in NumPy
            self.samples = max(1, min(self.samples, int(2_000 // np.prod(self.size))))
        if kind == "depthwise":
            self.how["groups"] = int(rng.integers(2, 90))
        print(kind, self.samples, self.size, self.taps, self.how, self.dtype, flush=True)

    def tensor(self, name: str, *shape: int) -> Tensor:
        """Return an input, of so many samples in fact."""
        sizes = [self.samples if d is batch else d for d in shape]
        self.arrays[name] = self.rng.normal(0, 3, sizes).astype(self.dtype)
        return input_tensor(name, shape, self.dtype)

    def program(self) -> Program:
        """Return the op and its adjoints."""
        if self.kind == "pooling":
            return self._pooling()
        inside, outside = (1, 1)
        if self.kind == "convolution":
            inside, outside = (int(n) for n in self.rng.integers(1, (40, 100)))
        groups, size = self.how["groups"], self.size
        x = self.tensor("x", batch, *size, groups * inside)
        dy = self.tensor("dy", batch, *self.windows, groups * outside)
        w = self.tensor("w", *self.taps, inside, groups * outside)
        made = {
            "y": conv2d_op(x, w, **self.how), "dx": conv2d_dx_op(dy, w, size=size, **self.how),
            "dw": conv2d_dw_op(x, dy, kernel=self.taps, **self.how),
        }  # fmt: skip
        return Program(self.kind, made)

    def _pooling(self) -> Program:
        channels = int(self.rng.integers(1, 90))
        x = self.tensor("x", batch, *self.size, channels)
        dy = self.tensor("dy", batch, *self.windows, channels)
        places = places_op(x, **self.how)
        made = {
            "y": max_pool_op(x, **self.how), "places": places,
            "took": take_op(x, places, **self.how),
            "dx": scatter_op(dy, places, size=self.size, **self.how),
            "mean": average_op(x, **self.how),
            "spread": average_dx_op(dy, size=self.size, **self.how),
        }  # fmt: skip
        return Program("pooling", made)


def drawn(rng: np.random.Generator, kind: str) -> tuple[Program, Arrays]:
    """Return a drawn program and what it is given."""
    draw = Draw(rng, kind)
    return draw.program(), draw.arrays


def answers(program: Program, arrays: Arrays, threads: int) -> Arrays:
    """Return what compiled code makes of a program, all at once and output by output."""
    programs = [program, *(replace(program, outputs={k: t}) for k, t in program.outputs.items())]
    found: Arrays = {}
    for number, one in enumerate(programs):
        names = {t.name for t in one.leaves()[0]}
        given = {name: x for name, x in arrays.items() if name in names}
        outputs, _ = choose("llvm")[0].compile(one).run({}, given, threads)
        found |= {f"{name} {bool(number)}": x for name, x in outputs.items()}
    return found


def check(program: Program, arrays: Arrays, found: Arrays) -> None:
    """Compare with NumPy, and what was made alone with what was made beside others."""
    expected = evaluate(list(program.outputs.values()), arrays)
    for (name, tensor), wanted in zip(program.outputs.items(), expected, strict=True):
        alone, beside = found[f"{name} True"], found[f"{name} False"]
        assert alone.tobytes() == beside.tobytes()
        if tensor.dtype == "uint8":
            np.testing.assert_array_equal(alone, wanted)
            continue
        near = ULPS * np.finfo(tensor.dtype).eps * max(np.abs(wanted).max(initial=0), 1)
        np.testing.assert_allclose(alone, wanted, rtol=0, atol=near, err_msg=name)


def child(seed: int, count: int) -> None:
    """Run drawn programs free and between fences, and compare."""
    warnings.simplefilter("ignore")
    plan.SMALL = 0
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        program, arrays = drawn(rng, KINDS[number % len(KINDS)])
        threads = int(rng.integers(1, 4))
        free = answers(program, arrays, threads)
        check(program, arrays, free)
        side = ("begin", "end")[number // len(KINDS) % 2]
        with pytest.MonkeyPatch.context() as patch:
            Fences(side).up(patch)
            assert digest(answers(program, arrays, threads)) == digest(free)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pages")
def test_any_geometry_between_guard_pages() -> None:
    python(f"import test_pictures; test_pictures.child({SEED}, 12)")


def test_any_number_of_threads_and_vectors_gives_the_same_bits(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in KINDS:
        program, arrays = drawn(rng, kind)
        found = set()
        for target in usable():
            monkeypatch.setenv("SYN0_TARGET", target.name)
            found |= {digest(answers(program, arrays, threads)) for threads in (1, 2, 5)}
        assert len(found) == 1


def test_threads_share_the_lines_of_one_picture(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SMALL", 0)
    for kind in (*KINDS, "convolution"):
        program, arrays = drawn(rng, kind)
        rows = {k: t for k, t in program.outputs.items() if t.shape[:1] == (batch,)}
        executable = choose("llvm")[0].compile(replace(program, outputs=rows))
        given = {t.name: arrays[t.name] for t in executable.program.leaves()[0]}
        whole, _ = executable.run({}, given)
        number = int(rng.integers(len(given["x"])))
        one = {n: x if n == "w" else x[number : number + 1] for n, x in given.items()}
        for threads in (1, 2, 3, 5):
            for name, found in executable.run({}, one, threads)[0].items():
                assert found.tobytes() == whole[name][number : number + 1].tobytes(), name
        (single,) = [p for p in executable.plans() if p.rows == 1 and p.by_rows]
        lines = max(t.shape[1] for t in rows.values())
        assert single.has_bands == (kind != "pooling" and lines > 1)


def test_one_picture_at_a_time_and_many_have_the_same_bits(rng: np.random.Generator) -> None:
    net = resnet(14, 24, shape=(33, 29, 3), classes=3).build()
    X = rng.standard_normal((3, 33, 29, 3)).astype("f4")
    whole = net.predict(X)
    for _ in range(3):
        for x, y in zip(X, whole, strict=True):
            assert net.predict_one(x).tobytes() == y.tobytes()
    X[1, 5, 5] = np.nan
    with pytest.raises(DataError, match="NaN"):
        net.predict_one(X[1])


# ----- what the numbers are -------------------------------------------------


@pytest.mark.parametrize("target", usable(), ids=lambda target: target.name)
def test_an_element_is_one_chain_over_its_real_taps(
    target: Target, rng: np.random.Generator
) -> None:
    x, w = (rng.standard_normal(s).astype("f4") for s in ((4, 5, 3), (3, 2, 3, 21)))
    how = {"strides": (1, 2), "padding": ((2, 1), (0, 1)), "dilation": (2, 1)}
    y = np.full((3, 3, 21), np.nan, np.float32)
    axes = axes_of((4, 5), (3, 3), (3, 2), how)
    parts = map_parts(
        [window_runs(axis) for axis in axes], Strides(60, 15, 3, 1), Strides(0, 126, 63, 21),
        Strides(189, 63, 21, 1), 3, 1, 21,
    )  # fmt: skip
    numbers = (0, len(parts), 21, 60, 189, 0, 1)  # and no epilogue
    run(convolution_kernel("float32", 21, target), target, (x, w, y, table(parts)), *numbers)
    for i, j in itertools.product(range(3), range(3)):
        total = np.zeros(21, np.float32)
        for r, s, c in itertools.product(range(3), range(2), range(3)):
            line, pixel = i + 2 * r - 2, 2 * j + s
            if 0 <= line < 4 and pixel < 5:
                total = fma32(np.full(21, x[line, pixel, c]), w[r, s, c], total)
        assert total.tobytes() == y[i, j].tobytes()


def test_what_is_made_again_has_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SMALL", 0)
    found, memory = set(), []
    for least in (1, 1 << 40):
        monkeypatch.setattr(recomputing, "LARGE", least)
        shared.clear()
        net = Training("pictures").but(batch_size=19).run(threads=1)
        (step,) = [e for e in net._family.values() if e.program.name == "train_step"]
        memory.append(max(one.arena_bytes for one in step.plans()))
        found.add(digest(net))
    shared.clear()
    assert len(found) == 1
    assert memory[0] < memory[1]


def test_padding_is_never_an_operand() -> None:
    x, w = np.ones((1, 3, 3, 1), np.float32), np.ones((3, 3, 1, 1), np.float32)
    w[0, 0], how = np.inf, {"padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    tensors = [input_tensor(name, a.shape, "float32") for name, a in (("x", x), ("w", w))]
    program = Program("y", {"y": conv2d_op(*tensors, strides=(1, 1), **how)})
    found = choose("llvm")[0].compile(program).run({}, {"x": x, "w": w})[0]["y"][0, :, :, 0]
    np.testing.assert_array_equal(found, [[4, 6, 4], [6, np.inf, np.inf], [4, np.inf, np.inf]])


# ----- the code -------------------------------------------------------------


@pytest.mark.parametrize("make", [convolution_kernel, correlation_kernel])
@pytest.mark.parametrize("by_column", [False, True])
@pytest.mark.parametrize("vectors", [1, 2, 3, 4])
def test_tiles_stay_in_registers_from_tap_to_tap(vectors: int, by_column: bool, make: Any) -> None:
    target = named("avx512")
    kernel = make("float32", 16 * vectors, target, by_column=by_column)
    loops = list(inner_loops(jit.emit_assembly(kernel, target)))
    assert products(loops) == [vectors * n for n in range(1, HIGHEST[32][vectors] + 1)]
    for loop in loops:
        assert not any(map(spills, loop)), "\n".join(loop)
        assert any(map(multiplies, loop))


def test_sizes_are_no_code() -> None:
    """Strides, padding, dilation, channels and groups of as many columns share a kernel."""
    symbols = {convolution_kernel("float32", n, named("avx512")).symbol for n in range(33, 49)}
    assert len(symbols) == 1
