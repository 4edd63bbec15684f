"""Checkpoints: when a run is put into a file, so that it can go on after whatever ended it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syn0.files.folder import CheckpointFolder
from syn0.names import is_count, require
from syn0.training.callbacks import Callback
from syn0.training.events import Event, FitStarted, Paused
from syn0.training.run import Listener, Run


@dataclass
class Checkpoint(Callback):
    """Keep a run in a folder as it goes, so that ``fit(..., resume=True)`` continues it.

    Each checkpoint is one file, ``step-<updates>.syn0``, written atomically: numbers,
    optimizer, seed, history, the place within the epoch, what other callbacks remember.
    The resumed run ends with the bits of one that was never broken off, on any number of
    threads. A last checkpoint is written when the fit ends, after Ctrl-C too.

    Parameters
    ----------
    folder : str or path
        The folder of this run alone; made if need be.
    every : int or float
        How often: after each so many epochs, optimizer steps or seconds. Epochs and steps
        are counted over the life of the network, seconds since the last checkpoint.
    unit : "epoch", "step" or "second"
        What `every` counts.
    keep : int or None
        How many of the newest stay; an older one goes when its successor is whole. None
        keeps all.

    Raises
    ------
    FileAccessError
        In fit, when a checkpoint cannot be written; it names path and cause. The network
        keeps its last full step, and the checkpoints before are unchanged.
    ArgumentError
        In fit, when the folder holds a run and ``resume=True`` is not given, or with
        `LBFGS`, whose curvature SciPy does not hand over.

    Notes
    -----
    A checkpoint takes some 2 ms, and 5 ms a megabyte; where epochs are shorter than that,
    ``every=10, unit="second"`` costs next to nothing. Between two of them nothing is done.

    A checkpoint is a model file as well: ``syn0.load("runs/a/step-000001200.syn0")`` is the
    network after that step. What callbacks change when the fit ends, such as the best
    parameters that `EarlyStopping` puts back, is done anew by the fit that resumes.

    Examples
    --------
    >>> import numpy as np, syn0, tempfile
    >>> folder, X = tempfile.mkdtemp(), np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> for epochs in (3, 5):  # the second continues the first
    ...     net = syn0.Sequential(syn0.Dense(8, activation="tanh"), syn0.Dense(1))
    ...     history = net.fit(
    ...         X, X**2, epochs=epochs, verbose=0,
    ...         callbacks=[syn0.Checkpoint(folder)], resume=True,
    ...     )
    >>> len(history["loss"])
    5
    """

    foreign = {
        "dirpath": "folder",
        "directory": "folder",
        "filepath": "folder",
        "save_freq": "every",
        "every_n_epochs": "every",
        "max_to_keep": "keep",
        "save_top_k": "keep",
    }

    folder: str | os.PathLike[str]
    every: float = 1
    unit: Literal["epoch", "step", "second"] = "epoch"
    keep: int | None = 3

    every_epoch = False
    hears_epochs = False
    reads_state = False

    def __post_init__(self) -> None:
        given = isinstance(self.folder, (str, os.PathLike)) and os.fspath(self.folder)
        require(bool(given), self, "folder", "the path of a folder")
        known = self.unit in ("epoch", "step", "second")
        require(known, self, "unit", "'epoch', 'step' or 'second'")
        if self.unit == "second":
            number = isinstance(self.every, (int, float)) and not isinstance(self.every, bool)
            fine = number and 0 < self.every < math.inf
            require(fine, self, "every", "a number of seconds above 0")
        else:
            require(is_count(self.every), self, "every", "a whole number from 1 on")
        fine = self.keep is None or is_count(self.keep)
        require(fine, self, "keep", "a whole number from 1 on, or None for all")

    @property
    def place(self) -> CheckpointFolder:
        """The folder with its rules."""
        return CheckpointFolder(self.folder, self.keep)


class Keeper(Listener):
    """Writes the checkpoints of one fit; listed last, so that others have heard before.

    Parameters
    ----------
    checkpoint : Checkpoint
        Where and how often.
    content : callable
        ``content(paused, updates, run)`` returns the bytes of a file.
    updates : int
        How many updates the network had before this fit.
    written : (int, int), optional
        The epoch and its step at which the folder has a checkpoint already.
    useless : collection of Path
        Damaged files, which go when there is a new one.
    """

    hears_epochs = False
    hears_pauses = True

    def __init__(
        self,
        checkpoint: Checkpoint,
        content: Callable[[Paused, int, Run], bytes],
        updates: int,
        *,
        written: tuple[int, int] | None = None,
        useless: Collection[Path] = (),
    ) -> None:
        self._every, self._unit = checkpoint.every, checkpoint.unit
        self._folder = checkpoint.place
        self._content = content
        self._updates = updates
        self._written = written
        self._useless = useless
        self._first_step = 0
        self._steps_per_epoch = 1
        self._last = math.inf
        self.wants_progress = self._unit == "second"  # the clock by which the state comes back

    def receive(self, event: Event, run: Run) -> None:
        """Write when it is time, and at the end."""
        if isinstance(event, FitStarted):
            self._first_step, self._steps_per_epoch = event.first_step, event.steps_per_epoch
            self._last = time.monotonic()
        elif isinstance(event, Paused):
            place = event.epoch, event.step
            if place != self._written and (event.ends or self._is_due(event, run)):
                updates = self._done(run)
                content = self._content(event, updates, run)
                self._folder.write(updates, content, self._useless)
                self._written, self._useless = place, ()
                self._last = time.monotonic()

    def steps_ahead(self, run: Run) -> float:
        """Return how many steps there are to the next checkpoint."""
        if self._unit == "step":
            return self._every - self._done(run) % self._every
        if self._unit == "epoch":
            epoch, step = divmod(run.step, self._steps_per_epoch)
            return (self._every - epoch % self._every) * self._steps_per_epoch - step
        return math.inf

    def _done(self, run: Run) -> int:
        return self._updates + run.step - self._first_step

    def _is_due(self, event: Paused, run: Run) -> bool:
        if self._unit == "step":
            return self._done(run) % self._every == 0
        if self._unit == "epoch":
            return event.step == 0 and event.epoch % self._every == 0
        return time.monotonic() - self._last >= self._every
