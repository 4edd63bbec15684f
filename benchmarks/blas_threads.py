"""When a second BLAS thread pays: steps of growing size with one thread and with all, in turn.

``python benchmarks/blas_threads.py`` prints, for each step, its floating-point operations and
the ratio of the medians, one thread to all; above 1 more threads are faster.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

SIZES = ((32, 64), (64, 128), (128, 256), (200, 256), (256, 512), (256, 1024), (512, 1024))


def step(batch: int, width: int) -> Callable[[], None]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, width), dtype="float32")
    w = rng.standard_normal((width, width), dtype="float32") / width**0.5

    def run() -> None:
        y = x @ w
        x.T @ y
        y @ w.T

    return run


def seconds(run: Callable[[], None], threads: int | None) -> float:
    with threadpool_limits(limits=threads, user_api="blas"):
        start = time.perf_counter()
        for _ in range(10):
            run()
        return time.perf_counter() - start


def main() -> None:
    print(f"{'operations':>12}  one thread / all")
    for batch, width in SIZES:
        run = step(batch, width)
        pairs = [(seconds(run, 1), seconds(run, None)) for _ in range(15)]
        one, all_ = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{6 * batch * width**2:12.1e}  {one / all_:.2f}")


if __name__ == "__main__":
    main()
