"""How long a person waits for the first step: a fresh process, from import to result.

``python -m benchmarks.first_call PEER WORKLOAD THREADS`` prints the seconds until the first
step is done, and what it took more than the second: what was compiled, or read from a cache.
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
) -> tuple[dict[str, float], dict[str, float]]:
    """Return medians of both: ``empty cache`` and ``full cache`` for syn0, one for each peer."""
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            for label in ("empty cache", "full cache"):
                took = seconds("syn0", workload.name, threads, cache)
                found.setdefault(label, []).extend(took)
    for peer in names:
        if peer != "syn0":
            for _ in range(repeats):
                found.setdefault(peer, []).extend(seconds(peer, workload.name, threads))
    complete = {label: zip(*took, strict=True) for label, took in found.items() if took}
    medians = {label: tuple(map(statistics.median, both)) for label, both in complete.items()}
    return {k: v[0] for k, v in medians.items()}, {k: v[1] for k, v in medians.items()}


def seconds(
    peer: str, workload: str, threads: int, cache: str | None = None
) -> list[tuple[float, float]]:
    """Return both numbers of a process of its own, nothing if it fails."""
    command = [sys.executable, "-m", "benchmarks.first_call", peer, workload, str(threads)]
    environment = {**os.environ, **({"SYN0_CACHE": cache} if cache else {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return []
    first, compiled = done.stdout.split()[-2:]
    return [(float(first), float(compiled))]


def main() -> None:
    from benchmarks import peers
    from benchmarks.suites import BY_NAME

    peer, name, threads = sys.argv[1:]
    workload = BY_NAME[name]
    if workload.task == "train":
        workload = workload.cut(workload.batch)
    start, weights = START, {}
    if peer != "syn0":  # whose clock starts when the parts and their weights are there
        _, weights = workload.parts, workload.model().parameters
        start = time.perf_counter()
    ways = peers.contenders(peer, workload, weights, int(threads))
    contender = next(iter(ways.values()))()
    laps = [time.perf_counter()]
    for _ in range(2):
        contender.run(1)
        laps.append(time.perf_counter())
    before, first, second = laps
    print(first - start, (first - before) - (second - first))


if __name__ == "__main__":
    main()
