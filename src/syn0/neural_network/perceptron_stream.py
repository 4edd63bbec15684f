"""Samples that come a few at a time: `partial_fit` again and again, as one native step each.

What scikit-learn asks of every call, that parameters are sound and X is a matrix, was asked of
the call before. As long as nothing but the numbers differs, a call copies them to where the
compiled step reads them. Whatever else there is goes the long way, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.protocol import SingleStep
from syn0.model import Sequential
from syn0.neural_network.perceptron_network import read_weights, weight_names
from syn0.neural_network.perceptron_stopping import count_loss, note_epoch
from syn0.training.feeds import StepTable
from syn0.training.loop import mean_of_totals

Array = NDArray[Any]
Encode = Callable[[Any, Array], None]  # writes targets into the step's memory, or raises
_AHEAD = 256  # steps whose scheduled numbers are computed together


class Stream:
    """A perceptron's step over so many rows, bound to its network.

    Parameters
    ----------
    estimator : BasePerceptron
        Has just made such a step the long way.
    step : SingleStep
        The step.
    rows : int
        How many at a time.
    encode : callable
        ``encode(y, goal)`` writes targets; `KeyError`, `TypeError` or `ValueError` says that it
        cannot.
    """

    def __init__(self, estimator: Any, step: SingleStep, rows: int, encode: Encode) -> None:
        network: Sequential = estimator.network_
        self._network, self._state = network, network.numbers
        self._step, self._encode, self._rows = step, encode, rows
        self._x = step.inputs[network.input_names[0]]
        self._y = step.inputs["y"]
        self._read = attrgetter(*estimator.get_params(deep=False))
        self._parameters = self._read(estimator)
        self._names = [name for part in weight_names(network) for name in part]
        assert network._trainer.record is not None  # of the step that was just made
        self._record = network._trainer.record
        self._schedules = self._record.plan.schedules
        self._first, self._tables = -_AHEAD, dict[str, list[float]]()

    @classmethod
    def of(cls, estimator: Any, rows: int, encode: Encode | None) -> Stream | None:
        """Return what takes the next call of an estimator, None where it goes the long way."""
        trainer = estimator.network_._trainer
        task, plan, network = trainer.task, trainer.plan, estimator.network_
        if encode is None or task is None or plan is None or not _is_plain(estimator):
            return None
        target = task.targets[0]
        if task.weighted or task.loss_total != "mean" or target is None:
            return None
        given = {
            network.input_names[0]: np.zeros((rows, estimator.n_features_in_), network.dtype),
            "y": np.zeros((rows, *target.shape), target.dtype),
            **dict.fromkeys(plan.schedules, np.asarray(0.0)),
        }
        step = network.executable("train_step", task=task, plan=plan)
        bound = step.single_step(network.numbers, given)
        return None if bound is None else cls(estimator, bound, rows, encode)

    def takes(self, estimator: Any, X: Any, y: Any) -> bool:
        """Learn from some rows; False, with nothing done, where that goes the long way."""
        if not self._fits(estimator, X):
            return False
        self._x[...] = X
        if not np.isfinite(self._x).all():
            return False
        try:
            self._encode(y, self._y)
        except (KeyError, TypeError, ValueError):
            return False
        place = int(self._state["step"])
        for name in self._schedules:
            self._step.fill(name, self._rate(name, place))
        start = dict(self._state)
        totals = self._step()
        if totals is None:
            return False
        if "learning_rate" in self._schedules:
            estimator._optimizer.step(self._network, self._rate("learning_rate", place))
        self._note(estimator, mean_of_totals(totals)["loss"], start)
        return True

    def _fits(self, estimator: Any, X: Any) -> bool:
        """Tell whether nothing but numbers has changed."""
        network = estimator.network_
        if (
            type(X) is not np.ndarray
            or X.shape != self._x.shape
            or X.dtype != self._x.dtype
            or network is not self._network
            or network.numbers is not self._state
            or estimator.callbacks
        ):
            return False
        weights = [*estimator.coefs_, *estimator.intercepts_]
        try:
            same = self._read(estimator) == self._parameters
        except ValueError:  # arrays that differ have no truth value
            return False
        state = self._state
        return same and all(state[n] is w for n, w in zip(self._names, weights, strict=True))

    def _rate(self, name: str, place: int) -> float:
        """Return a number that changes with the steps, of which some are computed together."""
        if not self._first <= place < self._first + _AHEAD:
            self._first = place
            self._tables = {
                name: StepTable(schedule, "float64").rows(place, _AHEAD).tolist()
                for name, schedule in self._schedules.items()
            }
        return self._tables[name][place - self._first]

    def _note(self, estimator: Any, loss: float, start: Any) -> None:
        """Keep the figures, as the long way does."""
        network, trainer, state = self._network, self._network._trainer, self._state
        if state["step"] is start["step"]:  # a program that does not read it does not count it
            state["step"] = np.asarray(start["step"] + 1)
        trainer.record = replace(self._record, start=start, first_epoch=trainer.epochs_done)
        trainer.epochs_done += 1
        network.history.append({"loss": loss})
        estimator.coefs_, estimator.intercepts_ = read_weights(network)
        estimator.n_iter_ = 0
        note_epoch(estimator, loss, self._rows)
        count_loss(estimator, loss)


def _is_plain(estimator: Any) -> bool:
    """Tell whether a step is all that a call does."""
    scales = estimator.optimizer is None and estimator.solver == "sgd"
    return not (
        estimator.callbacks
        or estimator.verbose
        or estimator.early_stopping
        or estimator.preparation is not None
        or estimator.scale_inputs
        or getattr(estimator, "class_weight", None) is not None
        or hasattr(estimator, "feature_names_in_")
        or (scales and estimator.learning_rate != "constant")
        or not (estimator.random_state is None or isinstance(estimator.random_state, int))
    )


def encoder_of_classes(classes: Sequence[Any], exclusive: bool) -> Encode:
    """Return what writes class numbers, or for two classes whether a sample is of the second."""
    places = {label: place for place, label in enumerate(classes)}

    def encode(y: Any, goal: Array) -> None:
        labels = y.tolist() if isinstance(y, np.ndarray) else list(y)
        found = [places[label] for label in labels]
        goal[...] = found if exclusive else [[place == 1] for place in found]

    return encode


def encode_numbers(y: Any, goal: Array) -> None:
    """Write numbers, a column where there is one output."""
    y = np.asarray(y)
    if y.dtype.kind not in "fiu" or y.shape not in (goal.shape, goal.shape[:1]):
        raise ValueError
    goal[...] = y.reshape(goal.shape)
    if not np.isfinite(goal).all():
        raise ValueError
