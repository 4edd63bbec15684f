"""What the rules judge by: numbers that were measured, put in order, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.diagnosis.kinds import KINDS
from syn0.diagnosis.verdict import Verdict

Array = NDArray[Any]


@dataclass(frozen=True)
class Flatness:
    """How flat the activation of a layer is where the samples lie.

    Parameters
    ----------
    layer, activation : str
        The layer, and what it puts out last: relu, sigmoid or tanh.
    shares : array of shape (units,)
        For each unit the share of samples for which its slope is (nearly) 0.
    is_output : bool
        Whether it is what the network puts out.
    """

    layer: str
    activation: str
    shares: Array
    is_output: bool


@dataclass(frozen=True)
class Weights:
    """A parameter with two axes or more: its size and its next update, as lengths."""

    name: str
    layer: str
    size: float
    update: float | None
    alike: bool


@dataclass(frozen=True)
class Answer:
    """One output of the network beside its targets.

    Parameters
    ----------
    name, layer : str
        The output, and the layer that it comes from.
    y_pred, y_true : array
        What it puts out, and what it should; None where it has no targets.
    kind : {"classes", "questions", "values"}
        Whether the targets are classes that exclude each other, yes-or-no answers, or numbers.
    activation : str
        The op that made it.
    scaled : bool
        Whether targets are to be of the size of what weighted sums give: of a linear layer,
        with a loss of differences.
    varied : bool
        Whether the targets differ, those of samples that were not looked at too.
    """

    name: str
    layer: str
    y_pred: Array
    y_true: Array | None
    kind: str
    activation: str
    scaled: bool
    varied: bool = True


@dataclass(frozen=True)
class Evidence:
    """Everything that is known of a network, its data and its last fit; what is not, is empty.

    Attributes
    ----------
    samples : int
        How many were looked at.
    loss : float
        On these, in training.
    loss_after : callable
        ``loss_after(k)``: the loss after a step k times as long as the optimizer's.
    learning_rate : float or None
        Of the next step; None where the optimizer finds it itself.
    history : mapping of str to list
        Of the last fit, until the epoch whose parameters the network holds.
    first_loss : float
        Of the first epoch of all fits: about what the loss is where nothing is learned.
    flatness, weights, signals, entering : sequences and mappings
        What the probe told; `signals` and `entering` as root mean squares.
    answers : sequence of Answer
        The outputs.
    columns : mapping of str to array of shape (samples, features)
        The inputs that are tables.
    doubled : sequence of (layer, text)
        Where probabilities are taken for scores.
    linear : tuple of str
        The layers of a network that has no activation between them.
    own_derivatives : tuple of str
        The layers whose activation has a derivative that its user wrote.
    names : mapping of str to sequence of (feature, column)
        What the features of an input are called, by the input and by the layers that read
        it, where a table was prepared; and the column that each was made of.
    """

    samples: int = 0
    loss: float | None = None
    loss_after: Callable[[float], float] | None = None
    learning_rate: float | None = None
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    first_loss: float = 0.0
    flatness: Sequence[Flatness] = ()
    weights: Sequence[Weights] = ()
    signals: Mapping[str, float] = field(default_factory=dict)
    entering: Mapping[str, Array] = field(default_factory=dict)
    answers: Sequence[Answer] = ()
    columns: Mapping[str, Array] = field(default_factory=dict)
    doubled: Sequence[tuple[str, str]] = ()
    linear: tuple[str, ...] = ()
    own_derivatives: tuple[str, ...] = ()
    names: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)

    @property
    def all_samples(self) -> str:
        """The samples, in words."""
        return f"all {self.samples:,} samples" if self.samples > 1 else "the one sample"

    def feature(self, where: str, at: int) -> str:
        """Return what a feature of an input is called, or of what a layer reads."""
        names = self.names.get(where)
        return f"{at} (counted from 0)" if names is None else repr(names[at][0])

    def slower(self, factor: float) -> str:
        """Return the code for a step size so many times smaller; larger below 1."""
        if self.learning_rate is None:
            return "a smaller learning_rate" if factor > 1 else "a larger learning_rate"
        return f"learning_rate={float(f'{self.learning_rate / factor:.2g}'):g}"


Rule = Callable[[Evidence], Iterator[Verdict]]


def verdict(kind: str, layer: str, number: float, message: str, mend: str) -> Verdict:
    """Return a verdict with the threshold and the source of its kind."""
    row = KINDS[kind]
    return Verdict(kind, layer, message, float(number), row.threshold, mend, row.source)


def exceeds(kind: str, number: float) -> bool:
    """Tell whether a number lies on the wrong side of the threshold of a kind.

    Examples
    --------
    >>> exceeds("saturation", 0.97), exceeds("vanishing_gradients", 0.97)
    (True, False)
    """
    row = KINDS[kind]
    return bool(number > row.threshold if row.above else number < row.threshold)


def root(mean_square: Any) -> Any:
    """Return the root of a sum or mean of squares, in double precision."""
    return np.sqrt(np.asarray(mean_square, dtype="float64"))
