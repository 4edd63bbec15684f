"""What the verdict at the end of a fit costs: the same fits with it and without it, in turn.

    python -m benchmarks.verdicts

A table of fits from some milliseconds to some seconds: seconds without a verdict; the median
ratio of pairs that were run one after the other; what the verdict itself took of its fit, which
a busy machine blurs less; and how often a probe ran, and how often one with a backward pass. The
bar is 5 %; where that is less than 2.5 ms, that.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import syn0
from syn0 import closing
from syn0.diagnosis import Report

ROUNDS = 9
LIMIT = 0.05


@contextlib.contextmanager
def without() -> Iterator[None]:
    """Leave the verdict out."""
    look = closing.look
    closing.look = lambda *_: Report([])
    try:
        yield
    finally:
        closing.look = look


def data(rows: int, features: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, features)).astype("float32")
    return X, X[:, :10].argmax(axis=1)


def fit_of(
    widths: tuple[int, ...], rows: int, features: int, epochs: int
) -> tuple[str, Callable[[], float]]:
    X, y = data(rows, features)

    def fit() -> float:
        hidden = [syn0.Dense(width, activation="relu") for width in widths]
        net = syn0.Sequential(*hidden, syn0.Dense(10, activation="softmax"), random_state=0)
        net.fit(X[:200], y[:200], epochs=1, verbose=0)  # compiled, and read from the disk
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            net.fit(X, y, epochs=epochs, verbose=1)
        return time.perf_counter() - began

    return f"{features}-{'-'.join(map(str, widths))}-10, {rows:,} rows, {epochs} epochs", fit


FITS = (
    fit_of((16,), 150, 10, 300),
    fit_of((16, 16), 200, 16, 1_000),
    fit_of((64, 64), 200, 16, 400),
    fit_of((64, 64), 200, 16, 1_000),
    fit_of((64,), 1_797, 64, 60),
    fit_of((64,), 1_797, 64, 400),
    fit_of((256, 128), 10_000, 64, 20),
    fit_of((32,) * 10, 2_000, 64, 40),
    fit_of((512, 512), 4_000, 784, 12),
    fit_of((1024, 1024), 4_000, 784, 8),
)


def main() -> None:
    too_dear = False
    probes, whole, looked = 0, 0, 0.0
    gather, look = closing.gather, closing.look

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal probes, whole
        probes += 1
        whole += not options["forward_only"]
        return gather(*arguments, **options)

    def timed(*arguments: Any) -> Any:
        nonlocal looked
        began = time.perf_counter()
        try:
            return look(*arguments)
        finally:
            looked = time.perf_counter() - began

    closing.gather, closing.look = counted, timed
    for name, fit in FITS:
        fit()
        pairs, looks, probes, whole = [], [], 0, 0
        for turn in range(ROUNDS):
            took = {}
            for verdict in (turn % 2 == 0, turn % 2 == 1):
                with contextlib.nullcontext() if verdict else without():
                    took[verdict] = fit()
            pairs.append((took[False], took[True]))
            looks.append(looked)
        plain = statistics.median(p for p, _ in pairs)
        ratio = statistics.median(v / p for p, v in pairs)
        look_seconds = statistics.median(looks)
        share = statistics.median(s / v for s, (_, v) in zip(looks, pairs, strict=True))
        print(
            f"{name:62} {plain:6.3f} s  x {ratio:.3f}  itself {1000 * look_seconds:5.1f} ms, "
            f"{share:5.1%}  probed {probes} of {ROUNDS}, {whole} with a backward pass", flush=True,
        )  # fmt: skip
        too_dear |= share > LIMIT and look_seconds > closing.UNNOTICED
    if too_dear:
        sys.exit(f"a verdict costs more than {LIMIT:.0%} of a fit")


if __name__ == "__main__":
    main()
