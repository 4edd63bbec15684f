"""The benchmarks compare like with like, and report what was measured."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks/ is no part of the package

from benchmarks import peak, picture, report, scaling
from benchmarks.dense import perceptron
from benchmarks.measuring import Racer, Result
from benchmarks.peers import contenders
from benchmarks.peers.syn0 import Own, working_bytes
from benchmarks.suites import BY_NAME
from benchmarks.workloads import Weights, Workload

import syn0
from syn0.architectures import lenet, resnet, separable

# The table's kinds of network, in sizes for a test: three batches each but for the lesson.
SMALL = (
    replace(BY_NAME["lesson"], epochs=5),
    replace(BY_NAME["lesson64"], epochs=5),
    replace(BY_NAME["digits"].cut(96), network=partial(perceptron, (12, 16, 8, 10), "relu")),
    replace(
        BY_NAME["wide"], network=partial(perceptron, (8, 16, 16, 8), "gelu", "linear"),
        rows=48, batch=16,
    ),
    replace(
        BY_NAME["deep"], network=partial(perceptron, (8, 8, 8, 10), "gelu", normalized=True),
        rows=48, batch=16,
    ),
)  # fmt: skip
# Ways that need no C++ compiler.
WAYS = {"torch": ["eager"], "jax": ["jitted step", "scan"], "numpy": ["the lesson's loop"]}


def strided(**options: Any) -> syn0.Sequential:
    """Return a network whose borders differ from side to side."""
    return syn0.Sequential(
        syn0.Conv2D(4, 3, 2, "same", activation="relu"),
        syn0.MaxPool2D(2, 1),
        syn0.DepthwiseConv2D(3, 2, "same"),
        syn0.Flatten(),
        syn0.Dense(5, activation="softmax"),
        **options,
    ).build((7, 6, 3))


# The same for images.
SMALL_IMAGES = (
    replace(BY_NAME["lenet"], network=partial(lenet, (8, 8, 1)), rows=24, batch=8),
    replace(
        BY_NAME["resnet20"], network=partial(resnet, 8, 4, shape=(8, 8, 3)), rows=24, batch=8
    ),
    replace(
        BY_NAME["separable"], network=partial(separable, (8, 8, 3), widths=(32, 40)),
        rows=24, batch=8,
    ),
    replace(BY_NAME["separable"], network=strided, rows=24, batch=8),
)  # fmt: skip
ASKED = replace(SMALL_IMAGES[1], task="predict", rows=3, batch=3)
# JAX takes seconds to compile each.
OF_JAX = ("jitted step, by hand", "jitted step", "jitted step, by hand", "jitted step")


def compared() -> list[tuple[str, str, Workload]]:
    dense = [
        (peer, way, workload)
        for workload in SMALL
        for peer, ways in WAYS.items()
        if peer in workload.wanted
        for way in ways
    ]
    images = [
        (peer, way, workload)
        for workload, of_jax in zip(SMALL_IMAGES, OF_JAX, strict=True)
        for peer, ways in {"torch": ["eager", "eager, channels last"], "jax": [of_jax]}.items()
        for way in ways
    ]
    return dense + images


def largest_difference(one: Weights, other: Weights) -> float:
    """Compare all but running variances, of which PyTorch keeps those of n - 1."""
    assert one.keys() == other.keys()
    names = [name for name in one if not name.startswith("variance")]
    return max(float(np.abs(one[name] - other[name]).max()) for name in names)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("peer", "way", "workload"),
    compared(),
    ids=lambda value: value.name if isinstance(value, Workload) else str(value),
)
def test_peers_take_the_steps_of_syn0(peer: str, way: str, workload: Workload) -> None:
    pytest.importorskip(peer)
    first = workload.model().parameters
    own = Own(workload, 1)
    other: Any = contenders(peer, workload, first, 1)[way]()
    for contender in (own, other):
        contender.run(2)
    moved = largest_difference(first, own.weights())
    assert moved > 1e-3
    limit = 1e-9 if workload.dtype == "float64" else 0.01 * moved
    assert largest_difference(own.weights(), other.weights()) < limit


# PyTorch has announced to drop its tracer, which is still its fastest way for one row.
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    ("peer", "workload"),
    [
        *((peer, BY_NAME["predict_one"]) for peer in ("torch", "jax", "sklearn")),
        *((peer, ASKED) for peer in ("torch", "jax", "onnxruntime")),
    ],
    ids=lambda value: value.name if isinstance(value, Workload) else str(value),
)
def test_peers_predict_what_syn0_predicts(peer: str, workload: Workload) -> None:
    pytest.importorskip(peer)
    net = workload.model()
    net.set_parameters({name: net.parameters[name] + 0.3 for name in workload.statistics})
    X, _ = workload.data()
    ways = contenders(peer, workload, net.parameters, 1)
    for way in [way for way in ways if "compiled" not in way]:  # which needs a C++ compiler
        contender: Any = ways[way]()
        contender.run(1)
        np.testing.assert_allclose(contender.predict(), net.predict(X), rtol=1e-4)


def test_operations_are_those_of_the_products() -> None:
    first, second = 28 * 28 * 9 * 1 * 32, 14 * 14 * 9 * 32 * 64
    dense = 7 * 7 * 64 * 128 + 128 * 10
    lenet = BY_NAME["lenet"]
    assert lenet.flops == 2 * 64 * (2 * first + 3 * (second + dense))
    assert replace(lenet, task="predict_one").flops == 2 * (first + second + dense)


def test_threads_that_predict_work_in_arenas_of_their_own() -> None:
    pytest.importorskip("llvmlite")
    one, two = (Own(BY_NAME["mnist_predict"].cut(1000), threads) for threads in (1, 2))
    for own in (one, two):
        own.run(1)
    single = working_bytes(one)
    assert single is not None
    assert working_bytes(two) == 2 * single


def test_the_peak_multiplies_and_adds() -> None:
    pytest.importorskip("llvmlite")
    loop = peak.Peak(1)
    result = np.zeros(loop.lanes, "float32")
    loop.call(1, result.ctypes.data)
    assert np.all(result == sum(0.5 * start + 0.5 for start in range(peak.CHAINS)))


def test_a_racer_takes_the_median_of_its_laps() -> None:
    racer = Racer("peer", "way", contender=None, laps=[3.0, 1.0, 50.0])
    assert racer.median == 3


def results() -> list[Result]:
    digits = Result("digits", "small", flops=3_000_000, wanted={"torch": 18.0, "jax": 2.0})
    digits.seconds = {"syn0": 3e-5, "torch": 4.5e-4}
    digits.ways = {"syn0": {"fit": 3e-5}, "torch": {"eager": 6e-4, "compiled step": 4.5e-4}}
    digits.best = {"syn0": "fit", "torch": "compiled step"}
    digits.failed = {"jax": "No module named 'jax'"}
    digits.peak, digits.share = 2e11, 0.6
    digits.first = {"empty cache": 1.25, "full cache": 0.3}
    digits.compile = {"empty cache": 0.6, "full cache": 0.07}
    digits.memory = {"syn0": 4096, "torch": 131072}
    return [digits]


def test_the_report_says_what_was_measured(tmp_path: Path) -> None:
    found = report.Report("a processor", 2, 7, {"syn0": "1", "torch": "2"}, results())
    text = found.text()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "digits 30.0 us 450 us" in lines  # times
    assert "digits 15 (18)" in lines  # ratio, and what was to be reached
    assert "digits 100.0 50% 600 ms 70.0 ms" in lines  # rate, share of the peak, compiling
    assert "digits 1.25 s 300 ms" in lines  # first steps
    assert "digits 4,096 131,072" in lines  # memory
    assert "digits PyTorch compiled step 450 us best" in lines
    assert "digits: others used the cores (60% of the peak): run it again" in lines
    assert "digits: jax: No module named 'jax'" in lines
    path = tmp_path / "report.json"
    found.save(path)
    assert report.Report.load(path) == found


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (9.5e-7, "950 ns"), (9.996e-6, "10.0 us"), (9.999e-4, "1.00 ms"), (0.1, "100 ms"),
        (0.0719, "71.9 ms"), (12.34, "12.3 s"),
    ],
)  # fmt: skip
def test_durations_have_three_digits(seconds: float, text: str) -> None:
    assert report.duration(seconds) == text


def test_the_picture_shows_each_peer_that_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "report.svg"
    picture.draw_report(report.Report("a processor", 2, 7, {}, results()), path)
    text = path.read_text(encoding="utf-8")
    assert "<!-- PyTorch -->" in text
    assert "<!-- JAX -->" not in text


def test_a_sweep_tells_time_that_grows_faster_than_the_operations(tmp_path: Path) -> None:
    sweep = scaling.Sweep("width", "units", [1, 2, 4], [10, 40, 160], [1.0, 4.0, 32.0])
    assert sweep.growth() == [1, 2]
    assert scaling.text(sweep).splitlines()[-1].split()[-1] == "2.00"
    path = tmp_path / "scaling.svg"
    picture.draw_scaling([sweep, sweep], path)
    assert path.read_text(encoding="utf-8").count("<!-- units -->") == 2


def test_every_peer_has_its_file() -> None:
    for workload in BY_NAME.values():
        for peer in workload.wanted:
            assert importlib.util.find_spec(f"benchmarks.peers.{peer}") is not None
