"""The libraries that are timed, one file each.

A file has ``contenders(workload, weights, threads)``: every way worth trying to do the
workload with that library, by name, so that each is seen at its best; and, where the library
tells, ``working_bytes(contender)``: the memory that a step or call works in.
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
    "onnxruntime": "ONNX Runtime",
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
    ways: Ways = _module(peer).contenders(workload, weights, threads)
    return ways


def working_bytes(peer: str, contender: Contender) -> int | None:
    """Return the bytes that a step or call works in, weights apart; None if nobody tells."""
    tell = getattr(_module(peer), "working_bytes", None)
    return tell(contender) if tell else None


def _module(peer: str) -> Any:
    return importlib.import_module(f"benchmarks.peers.{peer}")


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    found = {}
    for peer in TITLES:
        try:
            found[peer] = str(importlib.import_module(peer).__version__)
        except ImportError:
            continue
    return found
