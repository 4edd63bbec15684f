"""The libraries that are timed, one file each.

A file has ``contenders(workload, weights, threads)``: every way worth trying to do the
workload with that library, by name, so that each is seen at its best.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from benchmarks.workloads import Weights, Workload

# In the order of the table.
TITLES = {
    "syn0": "syn0",
    "torch": "PyTorch",
    "jax": "JAX",
    "sklearn": "scikit-learn",
    "numpy": "NumPy",
}


class Contender(Protocol):
    """A library set up for a workload."""

    def run(self, times: int) -> None:
        """Do the steps or calls of the workload so many times, and wait for the last."""
        ...


Ways = Mapping[str, Callable[[], Contender]]


def contenders(peer: str, workload: Workload, weights: Weights, threads: int) -> Ways:
    """Return the ways to do a workload with a peer, by name.

    Raises
    ------
    ImportError
        If the library is not installed.
    """
    module: Any = importlib.import_module(f"benchmarks.peers.{peer}")
    ways: Ways = module.contenders(workload, weights, threads)
    return ways


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    found = {}
    for peer in TITLES:
        try:
            found[peer] = str(importlib.import_module(peer).__version__)
        except ImportError:
            continue
    return found
