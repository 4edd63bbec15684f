"""Ctrl-C while a network trains."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from syn0.engines import Control

T = TypeVar("T")


class Interrupt:
    """Turns the first Ctrl-C into the wish to end after the step under way.

    A second Ctrl-C, or one during `at_once`, raises KeyboardInterrupt. Only the main thread
    may handle signals; elsewhere, and where Ctrl-C is ignored, nothing is changed. What
    stood before is put back at the end.

    Parameters
    ----------
    control : Control
        Its `abort` is set.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._at_once = False
        self._previous: Any = None

    def __enter__(self) -> Interrupt:
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and callable(signal.getsignal(signal.SIGINT)):
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def at_once(self, function: Callable[[], T]) -> T:
        """Call a function that changes nothing, so that Ctrl-C may cut it short."""
        self._at_once = True
        try:
            return function()
        finally:
            self._at_once = False

    def _handle(self, number: int, frame: object) -> None:
        if self._at_once or self._control.abort:
            raise KeyboardInterrupt
        self._control.abort = True
