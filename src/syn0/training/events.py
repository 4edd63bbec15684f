"""What happens while a network trains, as records; history, progress and callbacks hear them.

Epochs are counted from 0 over the whole life of a network, so a second fit goes on where
the first ended. Text for people adds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FitStarted:
    """Training begins.

    Parameters
    ----------
    choices : tuple of str
        Lines that state every choice made: loss, optimizer, batch size, engine and so on.
    first_step : int
        The absolute number of the first step.
    epochs : int
        How many epochs this fit runs at most.
    steps_per_epoch, samples : int
        Steps and samples in one epoch.
    keys : tuple of str
        The names that every epoch's logs will have; empty where they are not known ahead.
    """

    choices: tuple[str, ...]
    first_step: int
    epochs: int
    steps_per_epoch: int
    samples: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class EpochStarted:
    """An epoch begins."""

    epoch: int


@dataclass(frozen=True)
class Progress:
    """How far training is, ten times a second or once a step, whichever is less.

    Parameters
    ----------
    epoch : int
        The epoch under way.
    step : int
        How many of its steps are done.
    logs : mapping
        Loss and metrics over these steps; before the first, those of the last epoch.
    samples_per_second : float
        The speed of this fit, validation left out.
    """

    epoch: int
    step: int
    logs: Mapping[str, float]
    samples_per_second: float


@dataclass(frozen=True)
class EpochEnded:
    """An epoch is complete, validation included; `logs` is its row of the history."""

    epoch: int
    logs: Mapping[str, float]
    samples_per_second: float


@dataclass(frozen=True, eq=False)
class EpochsEnded:
    """Several epochs are complete, of which nobody hears singly.

    Parameters
    ----------
    epoch : int
        The first of them.
    columns : mapping of str to array
        Their rows of the history, by name: a number an epoch.
    """

    epoch: int
    columns: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Paused:
    """The engine has handed the state back, and all that came before has been told.

    Only those hear it who ask for it by `Listener.hears_pauses`.

    Parameters
    ----------
    epoch, step : int
        Where training stands: so many epochs are complete, and so many steps of the next.
    totals : mapping of str to float
        What these steps add up to, as in `Outcome`.
    ends : bool
        Whether no more steps follow.
    """

    epoch: int
    step: int
    totals: Mapping[str, float]
    ends: bool


@dataclass(frozen=True)
class Notice:
    """A line that a callback wants shown."""

    text: str


@dataclass(frozen=True)
class FitEnded:
    """Training is over.

    Parameters
    ----------
    reason : str
        ``"completed"``, ``"early_stopping"``, ``"target"``, ``"converged"``, ``"interrupted"``,
        ``"not_finite"``, or the word that a callback gave to `Run.stop`.
    message : str
        The same for people.
    step : int
        The absolute number of the first step that was not done.
    """

    reason: str
    message: str
    step: int


Event = FitStarted | EpochStarted | Progress | EpochEnded | EpochsEnded | Paused | Notice | FitEnded
