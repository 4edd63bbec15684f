"""How many threads NumPy's matrix products use while a network trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from threading import Lock
from typing import Any

# On two idle cores a second thread is worth a factor of 1.7 at 8e7 operations a step; with one
# other process at work it costs a factor of 10, as the threads spin while they wait for each
# other (benchmarks/blas_threads.py). A small step takes milliseconds: there, be robust.
SMALL_STEP = 2e8


def limit_threads(threads: int | str, operations: float) -> AbstractContextManager[Any]:
    """Return a context in which NumPy's BLAS uses so many threads.

    The number is one of the process: of several fits at a time the latest to begin sets it,
    and the last to end puts back what stood before the first.

    Parameters
    ----------
    threads : int or "auto"
        ``"auto"``: one for small steps, else as many as BLAS chooses itself.
    operations : float
        Floating-point operations of one step.
    """
    if threads == "auto" and operations >= SMALL_STEP:
        return nullcontext()
    return _LIMITS.held(1 if threads == "auto" else int(threads))


class _SharedLimits:
    """The limits that fits in several threads hold together."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._first: Any = None  # knows what stood before

    @contextmanager
    def held(self, threads: int) -> Iterator[None]:
        """Limit BLAS within the context."""
        self._enter(threads)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, threads: int) -> None:
        with self._lock:
            limits = _libraries().limit(limits=threads, user_api="blas")
            if self._count == 0:
                self._first = limits
            self._count += 1

    def _leave(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                self._first.restore_original_limits()
                self._first = None


@cache
def _libraries() -> Any:
    """Return what controls NumPy's BLAS; to find it takes longer than a small product."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


_LIMITS = _SharedLimits()
