"""Which cores a run may use: all that run in this process share them."""

from __future__ import annotations

import os
from pathlib import Path


def keep_to(threads: int) -> None:
    """Keep this process to so many cores. To be called before NumPy is imported.

    Libraries that choose the number of their threads themselves choose by this too. Where a
    system cannot do it, they are told by the environment.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    if not hasattr(os, "sched_setaffinity"):
        return
    free = sorted(os.sched_getaffinity(0), key=_place)
    if threads > len(free):
        raise SystemExit(f"{threads} threads were asked for, {len(free)} cores are free")
    os.sched_setaffinity(0, free[:threads])


def _place(cpu: int) -> tuple[int, int]:
    """Sort the second threads of cores behind the first ones."""
    path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        first = path.read_text().replace("-", ",").split(",")[0]
    except OSError:
        first = str(cpu)
    return int(int(first) != cpu), cpu


def processor() -> str:
    """Return what the processor calls itself."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
