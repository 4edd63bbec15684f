"""Callbacks that watch one quantity of the history and act when it no longer improves."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, DataError, UnknownNameError, did_you_mean
from syn0.names import is_count, require
from syn0.program import State
from syn0.training.callbacks import Callback
from syn0.training.events import EpochEnded, FitEnded, FitStarted
from syn0.training.history import format_number
from syn0.training.memory import recalled, recalled_count
from syn0.training.run import Run

Mode = Literal["auto", "min", "max"]

# ----- monitored quantities -----------------------------------------------

_FALLING = (
    "loss", "error", "perplexity", "entropy", "divergence", "deviance",
    "huber", "log_cosh", "quantile", "hinge", "poisson", "focal", "ctc",
)  # fmt: skip
_RISING = ("accuracy", "precision", "recall", "f1", "auc", "r2", "score")


def _falls(owner: str, monitor: str) -> bool:
    """Tell from its name whether a quantity should fall."""
    falls = any(word in monitor for word in _FALLING)
    rises = any(word in monitor for word in _RISING)
    if falls == rises:
        raise ArgumentError(
            f"the name {monitor!r} does not tell whether it should fall or rise.",
            where=owner,
            mend="add mode='min' if lower is better, mode='max' if higher is",
        )
    return falls


def _check_monitor(owner: str, monitor: str, keys: Collection[str]) -> None:
    if monitor in keys:
        return
    mend = did_you_mean(monitor, keys)
    if monitor.startswith("val_") and not any(key.startswith("val_") for key in keys):
        mend = f"give fit validation_data=0.2, or monitor={monitor.removeprefix('val_')!r}"
    raise UnknownNameError(
        f"there is no {monitor!r} to monitor.",
        where=owner,
        expected="one of " + ", ".join(keys),
        mend=mend,
    )


@dataclass
class _Monitor(Callback):
    """Watches one quantity and counts the epochs since it last improved."""

    monitor: str = "val_loss"
    mode: Mode = field(default="auto", kw_only=True)
    wait: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        require(self.mode in ("auto", "min", "max"), self, "mode", "'min', 'max' or 'auto'")
        self._direction = 1.0
        self._reference = math.inf

    def on_fit_start(self, event: FitStarted, run: Run) -> None:
        """Forget the last fit; refuse a name that no epoch will have."""
        self._reference = math.inf
        self.wait = 0
        if event.keys:
            self._find(event.keys)

    @property
    def kept_as(self) -> str:
        """What a checkpoint knows its memory by: that of another quantity is of no use."""
        return f"{type(self).__name__}({self.monitor})"

    def memory(self, run: Run) -> dict[str, NDArray[Any]]:
        """Return the reference, and the epochs since."""
        return {"reference": np.asarray(self._reference), "wait": np.asarray(self.wait)}

    def recall(self, memory: Mapping[str, NDArray[Any]], run: Run) -> None:
        """Take the reference back, and the epochs since."""
        self._reference = float(recalled(memory, "reference"))
        self.wait = recalled_count(memory, "wait")

    def _find(self, keys: Collection[str]) -> None:
        """Find the quantity and its direction: 1 if it should fall, -1 if it should rise."""
        owner = type(self).__name__
        _check_monitor(owner, self.monitor, keys)
        falls = self.mode == "min" if self.mode != "auto" else _falls(owner, self.monitor)
        self._direction = 1.0 if falls else -1.0

    def _score(self, logs: Mapping[str, float]) -> float:
        """Return the quantity, turned so that lower is better."""
        self._find(logs)
        return self._direction * logs[self.monitor]

    def _count(self, score: float, min_delta: float) -> None:
        """Count an epoch; NaN never improves."""
        if score < self._reference - min_delta:
            self._reference = score
            self.wait = 0
        else:
            self.wait += 1


def _kinds(arrays: State) -> dict[str, tuple[Any, ...]]:
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


# ----- the callbacks ------------------------------------------------------


@dataclass
class EarlyStopping(_Monitor):
    """Stop when a quantity no longer improves, or as soon as it is good enough.

    An epoch improves when it beats the last improvement by more than `min_delta`; after
    `patience` epochs that do not, training stops. The parameters that `restore_best` puts
    back are those of the very best epoch, however small its lead; the optimizer keeps its
    slots. After Ctrl-C the last step stays.

    Parameters
    ----------
    monitor : str
        A name of the history.
    patience : int or None
        Epochs to wait for an improvement; None waits for `target` alone.
    min_delta : float
        What counts as an improvement.
    restore_best : bool
        Whether the parameters of the best epoch come back at the end.
    target : float, optional
        Stop at the end of the first epoch that reaches it.
    mode : "auto", "min" or "max"
        Whether lower or higher is better; ``"auto"`` tells it from the name.

    Attributes
    ----------
    best : float
        The best value of the last fit; NaN before there is one.
    best_epoch : int
        Its epoch, counted from 0 over the life of the network; -1 before there is one.
    wait : int
        Epochs since the last improvement.

    Raises
    ------
    UnknownNameError
        In fit, when its history will have no such name.

    References
    ----------
    Prechelt, L. (1998). Early stopping - but when?

    Examples
    --------
    >>> EarlyStopping(monitor="val_accuracy", patience=5)
    EarlyStopping(monitor='val_accuracy', mode='auto', patience=5, min_delta=0.0,
                  restore_best=True, target=None)
    """

    foreign = {"restore_best_weights": "restore_best"}

    patience: int | None = 10
    min_delta: float = 0.0
    restore_best: bool = True
    target: float | None = None
    best: float = field(default=math.nan, init=False, repr=False)
    best_epoch: int = field(default=-1, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        patient = self.patience is None or is_count(self.patience)
        require(patient, self, "patience", "a whole number of epochs from 1 on, or None")
        require(self.min_delta >= 0, self, "min_delta", "a number from 0 on")
        self._kept: State = {}
        self._kept_step = -1

    def on_fit_start(self, event: FitStarted, run: Run) -> None:
        """Forget the last fit."""
        super().on_fit_start(event, run)
        self.best, self.best_epoch = math.nan, -1

    def memory(self, run: Run) -> dict[str, NDArray[Any]]:
        """Return the best value, its epoch and parameters, and how many steps ago they were."""
        return {
            **super().memory(run),
            "best": np.asarray(self.best),
            "best_epoch": np.asarray(self.best_epoch),
            "steps_since": np.asarray(run.step - self._kept_step),
            **{f"kept/{name}": array for name, array in self._kept.items()},
        }

    def recall(self, memory: Mapping[str, NDArray[Any]], run: Run) -> None:
        """Take back what was best."""
        super().recall(memory, run)
        self.best = float(recalled(memory, "best"))
        self.best_epoch = int(recalled(memory, "best_epoch"))
        self._kept_step = run.step - recalled_count(memory, "steps_since")
        names = [name for name in memory if name.startswith("kept/")]
        self._kept = {name.removeprefix("kept/"): memory[name] for name in names}
        present = run.copy_parameters()
        if names and _kinds(self._kept) != _kinds(present):
            raise DataError("the best parameters are not those of this network.")

    def on_epoch_end(self, event: EpochEnded, run: Run) -> None:
        """Keep the best parameters; stop at the target or out of patience."""
        score = self._score(event.logs)
        value = event.logs[self.monitor]
        if score < self._direction * self.best or (math.isnan(self.best) and not math.isnan(score)):
            self.best, self.best_epoch = value, event.epoch
            self._kept = run.copy_parameters() if self.restore_best else {}
            self._kept_step = run.step
        self._count(score, self.min_delta)
        if self.target is not None and score <= self._direction * self.target:
            text = f"{self.monitor} {format_number(value)} reached the target {self.target}"
            run.stop("target", text)
        elif self.patience is not None and self.wait >= self.patience:
            run.stop("early_stopping", f"{self.monitor} has not improved for {self.wait} epochs")

    def on_fit_end(self, event: FitEnded, run: Run) -> None:
        """Put the best parameters back, unless training was cut short."""
        cut = event.reason in ("interrupted", "not_finite")
        if self._kept and run.step != self._kept_step and not cut:
            run.restore_parameters(self._kept)
            value = format_number(self.best)
            run.say(f"parameters of epoch {self.best_epoch + 1} restored: {self.monitor} {value}")
        self._kept = {}


@dataclass
class ReduceLROnPlateau(_Monitor):
    """Lower the learning rate when a quantity no longer improves.

    After `patience` epochs without an improvement of more than `min_delta` the learning
    rate becomes ``max(learning_rate * factor, min_learning_rate)``, and the count begins
    anew. It is an entry of the state, so nothing is compiled again.

    Parameters
    ----------
    monitor : str
        A name of the history.
    factor : float
        Between 0 and 1.
    patience : int
        Epochs to wait for an improvement.
    min_learning_rate : float
        The rate is not lowered further.
    min_delta : float
        What counts as an improvement.
    mode : "auto", "min" or "max"
        Whether lower or higher is better; ``"auto"`` tells it from the name.

    Raises
    ------
    ArgumentError
        In fit, when a schedule sets the learning rate or the optimizer has none.

    Examples
    --------
    >>> ReduceLROnPlateau(factor=0.5, patience=3)
    ReduceLROnPlateau(monitor='val_loss', mode='auto', factor=0.5, patience=3,
                      min_learning_rate=0.0, min_delta=0.0001)
    """

    foreign = {"min_lr": "min_learning_rate"}

    factor: float = 0.1
    patience: int = 10
    min_learning_rate: float = 0.0
    min_delta: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.factor < 1, self, "factor", "a number between 0 and 1")
        require(is_count(self.patience), self, "patience", "a whole number of epochs from 1 on")
        require(self.min_learning_rate >= 0, self, "min_learning_rate", "a number from 0 on")
        require(self.min_delta >= 0, self, "min_delta", "a number from 0 on")

    def on_fit_start(self, event: FitStarted, run: Run) -> None:
        """Forget the last fit; refuse a learning rate that a schedule sets."""
        super().on_fit_start(event, run)
        names = _learning_rates([*run.state, *run.scheduled])
        if not names or not run.scheduled.isdisjoint(names):
            raise ArgumentError(
                "a schedule sets the learning rate at every step, so it cannot be lowered."
                if names
                else "the optimizer has no learning rate to lower.",
                where=type(self).__name__,
                expected="an optimizer with a number as its learning_rate",
                mend="give the optimizer learning_rate=0.001, or leave this callback out",
            )

    def on_epoch_end(self, event: EpochEnded, run: Run) -> None:
        """Count, and lower the learning rate out of patience."""
        self._count(self._score(event.logs), self.min_delta)
        if self.wait < self.patience:
            return
        self.wait = 0
        for name in _learning_rates(run.state):
            old = run.state[name]
            new = np.asarray(max(float(old) * self.factor, self.min_learning_rate), old.dtype)
            if new < old:
                run.state[name] = new
                run.say(f"{name} lowered from {old:.3g} to {new:.3g} in epoch {event.epoch + 1}")


def _learning_rates(names: Iterable[str]) -> list[str]:
    """Return the entries that are learning rates; several optimizers have one each."""
    return [n for n in names if n == "learning_rate" or n.startswith("learning_rate_")]
