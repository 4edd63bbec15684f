"""How time grows with width, depth, batch and samples, beside the operations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

from benchmarks.dense import perceptron
from benchmarks.measuring import Racer
from benchmarks.peers.syn0 import Own
from benchmarks.report import duration, table
from benchmarks.workloads import Workload


@dataclass
class Sweep:
    """One size that grows while all else stays.

    Parameters
    ----------
    name, label : str
        Which size, and what is timed against it.
    values : list of int
        The sizes.
    flops, seconds : list
        Operations and median time at each of them.
    """

    name: str
    label: str
    values: list[int]
    flops: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def growth(self) -> list[float]:
        """Return how much faster than the operations the time grew from size to size."""
        rates = [s / f for s, f in zip(self.seconds, self.flops, strict=True)]
        return [after / before for before, after in pairwise(rates)]


def _network(width: int = 256, depth: int = 2, batch: int = 128, steps: int = 8) -> Workload:
    """Return the network of the sweeps: `depth` hidden layers, all but one size as given."""
    return Workload(
        "scaling", "", partial(perceptron, (*[width] * (depth + 1), 10), "relu"),
        rows=batch * steps, batch=batch,
    )  # fmt: skip


_Row = tuple[str, str, list[int], Callable[[int], Workload]]
_SIZES: tuple[_Row, ...] = (
    (
        "width", "units a layer: a step", [16, 32, 64, 128, 256, 512, 1024, 2048],
        lambda width: _network(width=width),
    ),
    (
        "depth", "hidden layers: a step", [1, 2, 4, 8, 16, 32],
        lambda depth: _network(depth=depth),
    ),
    (
        "batch", "samples a batch: a step", [1, 4, 16, 64, 256, 1024, 4096],
        lambda batch: _network(batch=batch),
    ),
    (
        "samples", "samples: an epoch", [512, 2048, 8192, 32768, 131072],
        lambda samples: _network(steps=samples // 128),
    ),
)  # fmt: skip


def sweeps(threads: int, *, rounds: int, seconds: float) -> Iterator[Sweep]:
    """Yield each sweep, measured."""
    for name, label, values, make in _SIZES:
        sweep = Sweep(name, label, values)
        for value in values:
            workload = make(value)
            racer = Racer("syn0", "fit", Own(workload, threads))
            racer.warm_up(seconds)
            for _ in range(rounds):
                racer.lap()
            steps = workload.steps if name == "samples" else 1  # an epoch, or a step
            sweep.flops.append(workload.flops * steps)
            sweep.seconds.append(racer.median * steps / workload.steps)
        yield sweep


def text(sweep: Sweep) -> str:
    """Return a sweep as a table; growth above 1 means faster than the operations."""
    growth = ["", *(f"{g:.2f}" for g in sweep.growth())]
    parts = zip(sweep.values, sweep.flops, sweep.seconds, growth, strict=True)
    rows = [[f"{v:,}", f"{f:.2e}", duration(s), f"{f / s / 1e9:.1f}", g] for v, f, s, g in parts]
    return table([[sweep.label, "operations", "time", "GFLOP/s", "growth"], *rows])


def save(found: list[Sweep], path: Path) -> None:
    """Write the sweeps as JSON."""
    path.write_text(json.dumps([asdict(s) for s in found], indent=1) + "\n", encoding="utf-8")
