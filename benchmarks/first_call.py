"""How long a person waits for the first step: a fresh process, from import to result.

``python -m benchmarks.first_call PEER WORKLOAD THREADS`` prints the seconds of one step.
"""

from __future__ import annotations

import time

START = time.perf_counter()

import os  # noqa: E402 (the clock runs)
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Iterable  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.workloads import Workload


def measure(
    workload: Workload, names: Iterable[str], threads: int, repeats: int
) -> dict[str, float]:
    """Return medians: ``empty cache`` and ``full cache`` for syn0, and one for each peer."""
    found: dict[str, list[float | None]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            for label in ("empty cache", "full cache"):
                took = seconds("syn0", workload.name, threads, cache)
                found.setdefault(label, []).append(took)
    for peer in names:
        if peer != "syn0":
            found[peer] = [seconds(peer, workload.name, threads) for _ in range(repeats)]
    complete = {k: [t for t in took if t is not None] for k, took in found.items()}
    return {k: statistics.median(took) for k, took in complete.items() if took}


def seconds(peer: str, workload: str, threads: int, cache: str | None = None) -> float | None:
    """Return the seconds of a first step in a process of its own, None if it fails."""
    command = [sys.executable, "-m", "benchmarks.first_call", peer, workload, str(threads)]
    environment = {**os.environ, **({"SYN0_CACHE": cache} if cache else {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def main() -> None:
    from benchmarks import peers
    from benchmarks.suites import BY_NAME

    peer, name, threads = sys.argv[1:]
    workload = BY_NAME[name]
    if workload.task == "train":
        workload = workload.cut(workload.batch)
    start, weights = START, []
    if peer != "syn0":  # whose clock starts when the weights are there
        weights = workload.model().parameters
        start = time.perf_counter()
    ways = peers.contenders(peer, workload, weights, int(threads))
    next(iter(ways.values()))().run(1)
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
