"""The function that runs a plan: many steps, or many rows, in one native call on any threads.

Its argument is a table of words: addresses, counts, and the words by which Python and the
threads tell each other how far they are. See `words`.

A driver for several threads reads the plan's sizes from a table too, and calls its kernels by
their place in the plan: another batch size, or another network of as many layers, then needs
no new code. That of a small program, for one thread, has them written in.
"""

from __future__ import annotations

from syn0.engines.llvm.planning.plan import Plan
from syn0.engines.llvm.running.driver_writer import DRIVER, Driver
from syn0.engines.llvm.running.rows_driver import RowsDriver, SampleDriver
from syn0.engines.llvm.running.steps_driver import StepsDriver

__all__ = ["DRIVER", "Driver", "make_driver"]


def make_driver(plan: Plan, *, alone: bool = False, shared: bool = False) -> Driver:
    """Return the driver of a plan.

    Parameters
    ----------
    plan : Plan
        What it runs.
    alone : bool
        Whether there is only one thread, which waits for nobody, and all sizes are written in.
    shared : bool
        Whether there is only one sample, whose lines the threads share.
    """
    kind = SampleDriver if shared else RowsDriver if plan.by_rows else StepsDriver
    return kind(plan, alone).driver()
