"""How many threads a plan is worth."""

from __future__ import annotations

import warnings

from syn0.engines.llvm.cpus import cpus
from syn0.engines.llvm.plan import Plan

RATE = 2.5e10  # operations a second of one core, with all that is not a contraction
BARRIER = 3e-6  # seconds that threads lose when they wait for each other
GAIN = 1.3  # how much faster several threads must be


def threads_for(plan: Plan, wanted: int | str, repeats: int = 1, barriers: int | None = None) -> int:
    """Return how many threads run a plan.

    Parameters
    ----------
    plan : Plan
        What runs.
    wanted : int or "auto"
        A number is obeyed; ``"auto"`` never exceeds the processors available.
    repeats : int
        How often the plan runs: the blocks of samples that threads share out.
    barriers : int, optional
        How often threads wait for each other; by default at each phase's end.
    """
    available = cpus()
    if wanted != "auto":
        threads = int(wanted)
        if threads > available:
            warnings.warn(
                f"threads={threads} are more than the {available} processors available.",
                stacklevel=2,
            )
        return threads
    alone = plan.operations * repeats / RATE
    waits = len(plan.phases) if barriers is None else barriers + 10
    most = min(available, repeats) if repeats > 1 or barriers is not None else available
    together = alone / most + waits * BARRIER
    return most if most > 1 and alone > GAIN * together else 1
