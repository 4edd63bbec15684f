"""One seed, one set of bits: however many threads, watched or not, split, cached or alone."""

from __future__ import annotations

import itertools
import platform
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trainings import THREADS, Bench, Training, digest, entered, python, skewed, some

import syn0
from syn0.engines.llvm.compiling.target import host, usable
from syn0.graph import Tensor, topological_order
from syn0.program import Program

__all__ = ["entered", "skewed"]  # fixtures

pytestmark = [
    pytest.mark.skipif(host() is None, reason="the compiler does not know this processor"),
    pytest.mark.filterwarnings("ignore:threads="),
]

# Batches of so many samples that sums over them are made by shards.
SHARDED = [
    Training("many").but(batch_size=163),
    Training("series").but(batch_size=None),
    Training("pictures").but(batch_size=19),
]


# ----- threads and instructions


def check_threads(training: Training, entered: list[int]) -> None:
    found = {}
    for threads in THREADS:
        entered.clear()
        found[threads] = digest(training.run(threads=threads))
        assert set(entered) == {threads}
    found["auto"] = digest(training.run())
    assert len(set(found.values())) == 1, (training, found)


def test_any_number_of_threads(rng: np.random.Generator, entered: list[int]) -> None:
    for training in [Training("wide"), *SHARDED, *some(rng, 2)]:
        check_threads(training, entered)


def check_skewed(training: Training, plain: str) -> None:
    for threads in (2, 3):
        assert digest(training.run(threads=threads, epochs=1)) == plain, (training, threads)


@pytest.mark.skipif(
    not (sys.platform == "linux" and platform.machine() == "x86_64"), reason="written for Linux"
)
def test_threads_that_come_at_other_times(rng: np.random.Generator, request: Any) -> None:
    trainings = [Training("wide"), *SHARDED, *some(rng, 2)]
    plain = [digest(training.run(threads=1, epochs=1)) for training in trainings]
    request.getfixturevalue("skewed")
    for training, expected in zip(trainings, plain, strict=True):
        check_skewed(training, expected)


def test_the_digest_tells_one_bit(rng: np.random.Generator) -> None:
    net = Training("Dense").run(epochs=1)
    before = digest(net)
    name = str(rng.choice([n for n, v in net.numbers.items() if v.size]))
    net.numbers[name] = np.array(net.numbers[name])
    flat = net.numbers[name].reshape(-1).view(np.uint8)
    flat[rng.integers(flat.size)] ^= 1 << rng.integers(8)
    assert digest(net) != before


def check_targets(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for target in usable():
        monkeypatch.setenv("SYN0_TARGET", target.name)
        net = training.run()
        x, _ = training.data()
        found[target.name] = digest(net), digest({"predicted": net.predict(x)})
    assert len(set(found.values())) == 1, (training, found)


@pytest.mark.skipif(len(usable()) < 2, reason="the machine has vectors of one width only")
def test_any_width_of_vectors(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    for training in [Training("wide"), *some(rng, 2)]:
        check_targets(training, monkeypatch)


# ----- cache and processes


def check_processes(training: Training, folder: Path) -> None:
    script = f"from trainings import Training, digest; print(digest({training!r}.run()))"
    here = digest(training.run())
    assert python(script, SYN0_CACHE=str(folder)) == here
    kept = {path: path.read_bytes() for path in folder.rglob("*.o")}
    assert kept
    assert python(script, SYN0_CACHE=str(folder)) == here
    assert {path: path.read_bytes() for path in folder.rglob("*.o")} == kept


def test_cold_and_warm_cache_in_other_processes(rng: np.random.Generator, tmp_path: Path) -> None:
    (training,) = some(rng, 1)
    check_processes(training, tmp_path)


# ----- watched or not


def watcher() -> Any:
    """Return a callback that looks at each epoch, so that no two go in one call."""
    return syn0.LambdaCallback(on_epoch_end=lambda event, run: run.copy_parameters())


def check_watched(training: Training) -> None:
    quiet = training.run()
    x, y = training.data()
    ways: list[dict[str, Any]] = [
        {"verbose": 1},
        {"verbose": 2},
        {"callbacks": [watcher()]},
        {"validation_data": (x[:9], y[:9])},
        {"validation_data": (x, y), "callbacks": [watcher()], "verbose": 2},
    ]
    for way in ways:
        assert digest(training.run(**way)) == digest(quiet), (training, list(way))


def test_watched_or_not(rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    for training in some(rng, 2):
        check_watched(training)
    assert "epoch" in capsys.readouterr().out


def test_one_call_or_several() -> None:
    training = Training("classes")
    net = training.run(epochs=1)
    for _ in range(2):
        net.fit(*training.data(), **{**training.options, "epochs": 1})
    assert digest(net) == digest(training.run(epochs=3))


# ----- splits and probes


def check_splits(training: Training, rng: np.random.Generator) -> None:
    bench = Bench(training)
    whole = bench.run(bench.program)
    for _ in range(3):
        cuts = rng.choice(np.arange(1, bench.steps), rng.integers(1, bench.steps), replace=False)
        edges = [0, *sorted(cuts.tolist()), bench.steps]
        pieces = np.diff(edges).tolist()
        assert bench.run(bench.program, pieces) == whole, (training, pieces)


def test_any_split_of_a_span(rng: np.random.Generator) -> None:
    for training in some(rng, 3):
        check_splits(training, rng)


def probed(program: Program, rng: np.random.Generator, share: float) -> Program:
    """Return a program that also gives some of what is computed on the way."""
    inner = [t for t in topological_order(program.roots()) if t.inputs]
    chosen = [t for t in inner if rng.random() < share]
    probes: dict[str, Tensor] = {f"probe_{i}": t for i, t in enumerate(chosen)}
    return replace(program, outputs={**program.outputs, **probes})


def check_probes(training: Training, rng: np.random.Generator) -> None:
    bench = Bench(training)
    plain = bench.run(bench.program)
    for share in (0.05, 0.5, 1):
        found = bench.run(probed(bench.program, rng, share))
        assert found == plain, (training, share)


def test_probed_or_not(rng: np.random.Generator) -> None:
    (training,) = some(rng, 1)
    check_probes(training, rng)


# ----- prediction


def check_rows(training: Training, rng: np.random.Generator) -> None:
    net = training.run(epochs=1)
    samples = int(rng.choice([2, 17, 40, 300]))
    x, _ = training.data()
    x = np.concatenate([x] * (samples // len(x) + 1))[:samples]
    together = net.predict(x)
    single = np.stack([net.predict_one(row) for row in x[:20]])
    assert single.tobytes() == together[:20].tobytes(), training
    cuts = [0, *sorted(set(rng.integers(1, samples, 4).tolist())), samples]
    parts = [net.predict(x[a:b]) for a, b in itertools.pairwise(cuts)]
    assert np.concatenate(parts).tobytes() == together.tobytes(), (training, cuts)
    executable = net.executable("predict")
    for threads in THREADS:
        (found,) = executable.run(net.numbers, net.prepare(x), threads)[0].values()
        assert found.tobytes() == together.tobytes(), (training, threads)


def test_by_row_or_by_batch(rng: np.random.Generator) -> None:
    for training in some(rng, 3):
        check_rows(training, rng)


def test_figures_outlive_the_step_that_others_have_begun() -> None:
    # Of two threads one adds up the figures while the other is in the next step.
    bench = Bench(Training("wide", "Muon", "float64"))
    whole = probed(bench.program, np.random.default_rng(0), 0.05)
    plain = bench.run(bench.program)
    for _ in range(8):
        assert bench.run(whole) == plain
