"""Callbacks: what people hook onto training.

A callback hears the events of `events` and holds the `Run`: it may read and change the
state and stop the run. Its own fields are its settings; what it remembers of a run begins
anew at each fit, unless the run is resumed: then it gets back what a checkpoint kept of it.
"""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, UnknownNameError, did_you_mean
from syn0.names import Record
from syn0.training.events import (
    EpochEnded,
    EpochStarted,
    Event,
    FitEnded,
    FitStarted,
    Notice,
    Paused,
    Progress,
)
from syn0.training.memory import recalled_count
from syn0.training.run import Listener, Run

_HOOKS = ("on_fit_start", "on_epoch_start", "on_progress", "on_epoch_end", "on_fit_end")
_FOREIGN_HOOKS = {
    "on_train_begin": "on_fit_start",
    "on_train_end": "on_fit_end",
    "on_epoch_begin": "on_epoch_start",
    "on_batch_end": "on_progress",
    "on_train_batch_end": "on_progress",
}


class Callback(Record, Listener):
    """Base of all callbacks; write the hooks that you need.

    Each hook takes the event and the run: ``event.logs["loss"]``, ``run.state``,
    ``run.say("a line")``, ``run.stop()``. A callback that counts or keeps something over the
    epochs returns it from `memory`, as arrays by name, and takes it back in `recall`: then a
    resumed run goes on as if it had never been broken off.

    Examples
    --------
    >>> class StopAfter(Callback):
    ...     def on_epoch_end(self, event, run):
    ...         if event.epoch == 2:
    ...             run.stop()
    """

    every_epoch = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in vars(cls):
            if name.startswith("on_") and name not in _HOOKS:
                raise UnknownNameError(
                    f"{cls.__name__} has a hook {name!r}, which would never be called.",
                    expected=", ".join(_HOOKS),
                    mend=f"did you mean {_FOREIGN_HOOKS[name]!r}?"
                    if name in _FOREIGN_HOOKS
                    else did_you_mean(name, _HOOKS),
                )
        cls.wants_progress = cls.wants_progress or "on_progress" in vars(cls)

    def on_fit_start(self, event: FitStarted, run: Run) -> None:
        """Hear that training begins."""

    def on_epoch_start(self, event: EpochStarted, run: Run) -> None:
        """Hear that an epoch begins."""

    def on_progress(self, event: Progress, run: Run) -> None:
        """Hear how far training is, at most ten times a second."""

    def on_epoch_end(self, event: EpochEnded, run: Run) -> None:
        """Hear that an epoch and its validation are done."""

    def on_fit_end(self, event: FitEnded, run: Run) -> None:
        """Hear that training is over."""

    @property
    def kept_as(self) -> str:
        """What a checkpoint knows its memory by; another name gets none of it."""
        return type(self).__name__

    def memory(self, run: Run) -> Mapping[str, NDArray[Any]]:
        """Return what a checkpoint is to keep of this callback; nothing by default."""
        return {}

    def recall(self, memory: Mapping[str, NDArray[Any]], run: Run) -> None:
        """Take back what `memory` returned, after ``on_fit_start``, where a run is resumed.

        Raises
        ------
        DataError
            If it is nothing that `memory` can have returned.
        """

    def receive(self, event: Event, run: Run) -> None:
        """Call the hook of an event."""
        match event:
            case FitStarted():
                self.on_fit_start(event, run)
            case EpochStarted():
                self.on_epoch_start(event, run)
            case Progress():
                self.on_progress(event, run)
            case EpochEnded():
                self.on_epoch_end(event, run)
            case FitEnded():
                self.on_fit_end(event, run)
            case Paused() | Notice():
                pass


def check_callbacks(callbacks: object) -> tuple[Callback, ...]:
    """Return a callback, several or None as a tuple, or say what among them is no callback."""
    if callbacks is None:
        return ()
    if isinstance(callbacks, Callback):
        return (callbacks,)
    found: list[Callback] = []
    for position, callback in enumerate(
        callbacks if isinstance(callbacks, Iterable) else (callbacks,)
    ):
        if isinstance(callback, Callback):
            found.append(callback)
            continue
        mend = "a function becomes one by LambdaCallback(on_epoch_end=function)"
        if isinstance(callback, type) and issubclass(callback, Callback):
            mend = f"make one: {callback.__name__}(...)"
        raise ArgumentError(
            f"callbacks[{position}] is {callback!r}, not a callback.",
            where="callbacks",
            expected="a list of callbacks, such as [EarlyStopping(patience=5)]",
            mend=mend,
        )
    return tuple(found)


@dataclass
class CSVLogger(Callback):
    """Write the history to a file as it grows, one row an epoch, epochs counted from 1.

    A row goes to the file in one piece: whoever reads the file, also after a crash, finds
    whole rows. A resumed run writes its rows anew from the history: each stands there once.

    Parameters
    ----------
    path : str or path
        The file; its folder is made if need be.
    append : bool
        Continue a file with the same columns. Else each fit begins it anew.

    Raises
    ------
    ArgumentError
        In fit, when the file to continue has other columns.

    Examples
    --------
    >>> CSVLogger("runs/history.csv")
    CSVLogger(path='runs/history.csv', append=False)
    """

    foreign = {"filename": "path"}

    path: str | os.PathLike[str]
    append: bool = False

    every_epoch = False
    reads_state = False

    def __post_init__(self) -> None:
        self._columns: list[str] = []
        self._begin = 0  # where the rows of this run are in the file

    def on_fit_start(self, event: FitStarted, run: Run) -> None:
        """Begin the file, so that a path that cannot be written fails before training."""
        path = Path(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._columns = []
        if not self.append or not path.exists():
            path.write_bytes(b"")
        whole = path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):  # a row torn by another writer or a power cut
            os.truncate(path, end)
        if end:
            self._columns = next(csv.reader([whole[:end].decode().splitlines()[0]]))
        self._begin = end

    def memory(self, run: Run) -> Mapping[str, NDArray[Any]]:
        """Return where the rows of this run begin."""
        return {"begin": np.asarray(self._begin)}

    def recall(self, memory: Mapping[str, NDArray[Any]], run: Run) -> None:
        """Write the rows that the history has, in place of those after its end as well."""
        self._begin = min(recalled_count(memory, "begin"), self._begin)
        os.truncate(self.path, self._begin)
        if not self._begin:
            self._columns = []
        logs = [dict(zip(run.history, row, strict=True)) for row in zip(*run.history.values())]
        self._add(run.history.first_epoch, logs)

    def on_epoch_end(self, event: EpochEnded, run: Run) -> None:
        """Add a row."""
        self._add(event.epoch, [event.logs])

    def _add(self, first_epoch: int, logs: Sequence[Mapping[str, float]]) -> None:
        """Add rows, and before the first of the file the names of the columns."""
        if not logs:
            return
        columns = ["epoch", *logs[0]]
        rows: list[list[Any]] = [
            [epoch + 1, *map(float, row.values())] for epoch, row in enumerate(logs, first_epoch)
        ]
        if not self._columns:
            self._columns = columns
            rows.insert(0, columns)
        if columns != self._columns:
            raise ArgumentError(
                f"the file has the columns {', '.join(self._columns)}; "
                f"this fit has {', '.join(columns)}.",
                where=f"CSVLogger({os.fspath(self.path)!r})",
                mend="give another path, or append=False to begin the file anew",
            )
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        _append_whole(self.path, text.getvalue().encode())


def _append_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Append in one system call; take back what a full disk cut off."""
    with open(path, "ab", buffering=0) as file:
        before = file.tell()
        if file.write(data) != len(data):
            file.truncate(before)
            raise OSError(errno.ENOSPC, "no room for a whole row", os.fspath(path))


class LambdaCallback(Callback):
    """Functions as a callback, each called with the event and the run.

    Parameters
    ----------
    on_fit_start, on_epoch_start, on_progress, on_epoch_end, on_fit_end : callable, optional
        ``function(event, run)``.

    Examples
    --------
    >>> show = LambdaCallback(on_epoch_end=lambda event, run: print(event.logs["loss"]))
    """

    foreign = _FOREIGN_HOOKS

    def __init__(
        self,
        *,
        on_fit_start: Callable[[FitStarted, Run], object] | None = None,
        on_epoch_start: Callable[[EpochStarted, Run], object] | None = None,
        on_progress: Callable[[Progress, Run], object] | None = None,
        on_epoch_end: Callable[[EpochEnded, Run], object] | None = None,
        on_fit_end: Callable[[FitEnded, Run], object] | None = None,
    ) -> None:
        hooks = (on_fit_start, on_epoch_start, on_progress, on_epoch_end, on_fit_end)
        for name, function in zip(_HOOKS, hooks, strict=True):
            if function is not None and not callable(function):
                raise ArgumentError(
                    f"{name} is {function!r}.",
                    where="LambdaCallback",
                    expected="a function of the event and the run",
                )
        events = (FitStarted, EpochStarted, Progress, EpochEnded, FitEnded)
        self._functions: dict[type, Any] = dict(zip(events, hooks, strict=True))
        self.every_epoch = on_epoch_start is not None or on_epoch_end is not None
        self.wants_progress = on_progress is not None

    def receive(self, event: Event, run: Run) -> None:
        """Call the function of an event."""
        function = self._functions.get(type(event))
        if function is not None:
            function(event, run)
