"""What a person sees while a network trains.

The same lines appear everywhere: the choices made, some twenty epochs spread over the fit,
what callbacks say, how it ended. A terminal adds a live bar beneath them, a notebook a live
block; elsewhere, as in a log file, the lines stand alone.
"""

from __future__ import annotations

import html
import math
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from syn0.errors import ArgumentError
from syn0.training.events import EpochEnded, Event, FitEnded, FitStarted, Notice, Progress
from syn0.training.history import format_number
from syn0.training.run import Listener, Run

if TYPE_CHECKING:
    from rich.console import Console

Verbose = Literal["auto", 0, 1, 2]

_SPREAD = 20  # epochs shown of a long fit
_PATIENCE = 60.0  # seconds after which a log gets a line from within an epoch


class Display(ABC):
    """Somewhere to show lines, and below them a bar that moves."""

    @abstractmethod
    def line(self, text: str) -> None:
        """Add a line that stays."""

    @abstractmethod
    def bar(self, text: str, share: float) -> None:
        """Show how far the fit is."""

    def close(self) -> None:  # noqa: B027 (lines need no closing)
        """Take the bar away."""


class PlainDisplay(Display):
    """Lines alone, for files, pipes and threads."""

    def __init__(self) -> None:
        self._spoke = time.monotonic()

    def line(self, text: str) -> None:
        """Print a line."""
        print(text, flush=True)
        self._spoke = time.monotonic()

    def bar(self, text: str, share: float) -> None:
        """Print where the fit is, when nothing was said for a minute."""
        if time.monotonic() - self._spoke > _PATIENCE:
            self.line(text)


class LiveDisplay(Display):
    """Lines and a live bar in a terminal, by rich."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        text = TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis"),
        )
        # No refreshing thread: the bar is drawn when an event comes.
        self._bar = Bar(
            BarColumn(bar_width=20), text, console=console, transient=True, auto_refresh=False
        )
        self._task = self._bar.add_task("", total=1.0)
        self._bar.start()

    def line(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def bar(self, text: str, share: float) -> None:
        """Draw the bar."""
        self._bar.update(self._task, description=text, completed=share, refresh=True)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()


class NotebookDisplay(Display):
    """Lines and a live bar in one output cell, which needs no widgets."""

    def __init__(self) -> None:
        from IPython.display import (  # type: ignore[import-not-found,unused-ignore]
            HTML,
            display,
        )

        self._html = HTML
        self._lines: list[str] = []
        self._bar = ""
        self._handle = display(HTML(""), display_id=True)

    def line(self, text: str) -> None:
        """Add a line."""
        self._lines.append(html.escape(text))
        self._show()

    def bar(self, text: str, share: float) -> None:
        """Draw the bar."""
        self._bar = f'<progress max="1" value="{share:.4f}"></progress> {html.escape(text)}'
        self._show()

    def close(self) -> None:
        """Take the bar away."""
        self._bar = ""
        self._show()

    def _show(self) -> None:
        rows = [*self._lines, self._bar] if self._bar else self._lines
        self._handle.update(self._html("<pre>" + "\n".join(rows) + "</pre>"))


class ProgressDisplay(Listener):
    """Shows training to a person.

    Parameters
    ----------
    verbose : "auto", 0, 1 or 2
        ``"auto"`` and 1 show some twenty epochs, with a live bar in a terminal and in a
        notebook; 2 prints a line for every epoch, without a bar; 0 shows nothing but an
        interruption. True and False are 1 and 0.
    console : rich.console.Console, optional
        Where to draw; the standard output by default.

    Examples
    --------
    >>> ProgressDisplay("loud")
    Traceback (most recent call last):
        ...
    syn0.errors.ArgumentError: verbose is 'loud'.
      expected: 'auto', 0 (silent), 1 (a live bar) or 2 (a line an epoch)
    """

    def __init__(self, verbose: Verbose = "auto", *, console: Console | None = None) -> None:
        if verbose not in ("auto", 0, 1, 2):
            raise ArgumentError(
                f"verbose is {verbose!r}.",
                expected="'auto', 0 (silent), 1 (a live bar) or 2 (a line an epoch)",
            )
        self._verbose = verbose
        self._console = console
        self._display: Display = PlainDisplay()
        self.wants_progress = self.hears_epochs = verbose != 0
        self.reads_state = False

    @property
    def speaks(self) -> bool:
        """Whether anything is shown but an interruption."""
        return self._verbose != 0

    def receive(self, event: Event, run: Run) -> None:
        """Show an event."""
        if self._verbose == 0:
            if isinstance(event, FitEnded) and event.reason == "interrupted":
                print(event.message, file=sys.stderr, flush=True)
            return
        match event:
            case FitStarted():
                self._start(event)
            case Progress():
                self._draw(event.epoch, event.step, event.logs, event.samples_per_second)
            case EpochEnded():
                self._end_epoch(event)
            case Notice():
                self._display.line(event.text)
            case FitEnded():
                self._end(event)
            case _:
                pass

    def close(self) -> None:
        """Take the bar away."""
        self._display.close()

    def _start(self, event: FitStarted) -> None:
        self._first_epoch, first_step = divmod(event.first_step, event.steps_per_epoch)
        self._epochs = event.epochs
        self._steps = event.steps_per_epoch
        self._skipped = first_step
        self._stride = 1 if self._verbose == 2 else max(1, math.ceil(event.epochs / _SPREAD))
        self._untold: str | None = None
        self._began = time.monotonic()
        self._display = self._choose()
        for text in event.choices:
            self._display.line(text)

    def _choose(self) -> Display:
        notebook = "IPython" in sys.modules
        watched = self._console is not None or notebook or sys.stdout.isatty()
        in_main = threading.current_thread() is threading.main_thread()
        if self._verbose == 2 or not watched or not in_main:
            return PlainDisplay()
        if self._console is None:
            from rich.console import Console

            self._console = Console()
        if self._console.is_jupyter:
            return NotebookDisplay()
        return LiveDisplay(self._console) if self._console.is_terminal else PlainDisplay()

    def _draw(self, epoch: int, step: int, logs: Mapping[str, float], speed: float) -> None:
        done = (epoch - self._first_epoch) * self._steps + step - self._skipped
        share = done / (self._epochs * self._steps - self._skipped)
        left = (time.monotonic() - self._began) * (1 - share) / max(share, 1e-9)
        rest = f"  {_clock(left)} left" if share > 0 else ""
        self._display.bar(f"{self._describe(epoch, logs, speed)}{rest}", share)

    def _end_epoch(self, event: EpochEnded) -> None:
        number = event.epoch - self._first_epoch + 1
        shown = number == 1 or number % self._stride == 0 or number == self._epochs
        self._untold = self._describe(event.epoch, event.logs, event.samples_per_second)
        if shown:
            self._display.line(self._untold)
            self._untold = None

    def _end(self, event: FitEnded) -> None:
        if self._untold is not None:
            self._display.line(self._untold)
        if event.reason != "not_finite":  # the error that follows says it
            self._display.line(event.message)

    def _describe(self, epoch: int, logs: Mapping[str, float], speed: float) -> str:
        last = self._first_epoch + self._epochs
        width = len(str(last))
        values = [f"{name} {format_number(value)}" for name, value in logs.items()]
        place = f"epoch {epoch + 1:{width}}/{last}"
        return "  ".join([place, *values, f"{speed:,.0f} samples/s"])


def _clock(seconds: float) -> str:
    """Write a duration as ``h:mm:ss`` or ``m:ss``."""
    minutes, rest = divmod(round(min(seconds, 359_999.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
