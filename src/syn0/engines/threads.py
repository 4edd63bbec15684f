"""How many threads NumPy's matrix products use while a network trains."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

# On two idle cores a second thread is worth a factor of 1.7 at 8e7 operations a step; with one
# other process at work it costs a factor of 10, as the threads spin while they wait for each
# other (benchmarks/blas_threads.py). A small step takes milliseconds: there, be robust.
SMALL_STEP = 2e8


def limit_threads(threads: int | str, operations: float) -> AbstractContextManager[Any]:
    """Return a context in which NumPy's BLAS uses so many threads.

    Parameters
    ----------
    threads : int or "auto"
        ``"auto"``: one for small steps, else as many as BLAS chooses itself.
    operations : float
        Floating-point operations of one step.
    """
    if threads == "auto" and operations >= SMALL_STEP:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(
        limits=1 if threads == "auto" else int(threads), user_api="blas"
    )
    return limits
