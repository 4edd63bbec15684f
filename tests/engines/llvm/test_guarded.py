"""Guard pages around every value that compiled code is given: nothing touches them."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import SEED
from fences import Fences
from trainings import NETWORKS, OPTIMIZERS, Training, digest, python, some

import syn0
from syn0.engines.llvm.compiling.target import host
from syn0.engines.llvm.planning import plan
from syn0.engines.llvm.planning.memory import Call

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or host() is None, reason="there are no such pages, or no compiler"
)
SIZES = (1, 2, 3, 5, 7, 9, 13, 15, 17, 31, 33, 47, 49, 63, 65, 67, 95, 127, 129, 131)
SEGMENTATION_FAULT = -11


def at_odd_sizes(rng: np.random.Generator) -> str:
    """Train and predict at sizes that fill no vector; return what must not change."""
    features, first, second, last, samples = rng.choice(SIZES, 5).tolist()
    dtype, batch_size = str(rng.choice(["float32", "float64"])), int(rng.integers(1, samples + 1))
    threads, optimizer = int(rng.integers(1, 4)), str(rng.choice([*OPTIMIZERS]))
    print(features, first, second, last, samples, batch_size, threads, dtype, optimizer, flush=True)
    net = syn0.Sequential(
        syn0.Dense(first, str(rng.choice(["relu", "gelu", "tanh"]))),
        rng.choice([syn0.LayerNormalization(), syn0.BatchNormalization(), syn0.Dropout(0.2)]),
        syn0.Dense(second, "sigmoid"), syn0.Dense(last), dtype=dtype, random_state=0,
    )  # fmt: skip
    x, y = rng.standard_normal((samples, features)), rng.standard_normal((samples, last))
    net.fit(
        x, y, epochs=2, batch_size=batch_size, optimizer=OPTIMIZERS[optimizer], verbose=0,
        threads=threads, engine="llvm",
    )  # fmt: skip
    return _answers(net, x, threads)


def of_the_table(training: Training, threads: int) -> str:
    """Train and predict with a layer of the table."""
    print(training, threads, flush=True)
    net = training.run(threads=threads, epochs=1)
    return _answers(net, training.data()[0], threads)


def _answers(net: Any, x: Any, threads: int) -> str:
    inputs = net.prepare(x)
    (found,) = net.executable("predict").run(net.numbers, inputs, threads)[0].values()
    gradients = net.gradients(x, np.zeros(found.shape, found.dtype))
    one = net.predict_one(x[0])
    return digest(
        {**net.numbers, **{f"d {k}": v for k, v in gradients.items()}, "y": found, "1": one}
    )


def child(seed: int, sizes: int, layers: int, *, whole: bool = False) -> None:
    """Run everything twice, free and between fences, and compare.

    Small programs that are made of one piece, as a `whole`, are compiled anew each time.
    """
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(seed)
    plan.SMALL = plan.SMALL if whole else 0
    runs = [(at_odd_sizes, int(rng.integers(2**32))) for _ in range(sizes)]
    for side in ("end", "begin"):
        for _, own in runs:
            free = at_odd_sizes(np.random.default_rng(own))
            assert fenced(side, lambda own=own: at_odd_sizes(np.random.default_rng(own))) == free
        for training in some(rng, layers, [n for n in NETWORKS if n not in ("classes",)]):
            threads = int(rng.integers(1, 4))
            free = of_the_table(training, threads)
            assert fenced(side, lambda t=training, n=threads: of_the_table(t, n)) == free


def fenced(side: str, function: Any) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        Fences(side).up(patch)
        return function()


def test_nothing_outside_is_touched() -> None:
    python(f"import test_guarded; test_guarded.child({SEED}, 3, 2)")


# ----- the fences hold


def plant(rng: np.random.Generator, shift: int) -> list[str]:
    """Let one call of each plan from now on write too far; return the list of what it makes."""
    emit, chosen = plan.Emitter.emit, []

    def planted(emitter: Any, *rules: Any) -> list[Call]:
        calls = emit(emitter, *rules)
        # The last panel of a packed matrix has room to spare.
        full = [c.writes[0].count > 0 and "pack" not in c.kernel.symbol for c in calls]
        place = rng.choice(np.flatnonzero(full))
        call = calls[place]
        goal = call.writes[0]
        chosen.append(goal.name)
        moved = (
            replace(p, offset=p.offset + shift) if p.buffer is goal else p for p in call.pointers
        )
        calls[place] = replace(call, pointers=tuple(moved))
        return calls

    plan.Emitter.emit = planted  # type: ignore[method-assign]
    return chosen


def overrun(seed: int, side: str, shift: int) -> None:
    """Train with one call that writes so many elements too far."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(seed)
    plant(rng, shift)
    threads = int(rng.integers(1, 3))
    fenced(side, lambda: Training(str(rng.choice(["Dense", "wide"]))).run(threads=threads))


@pytest.mark.parametrize(("side", "shift"), [("end", 1), ("begin", -1)])
def test_one_element_too_far_is_a_fault(side: str, shift: int) -> None:
    script = f"import test_guarded; test_guarded.overrun({SEED}, {side!r}, {shift})"
    python(script, code=SEGMENTATION_FAULT)
    python(script.replace(f", {shift})", ", 0)"))
