"""When a perceptron stops: scikit-learn's rule, heard by the loop of training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.losses import Loss
from syn0.model import Sequential
from syn0.neural_network.perceptron_samples import Samples
from syn0.program import State
from syn0.training.callbacks import Callback
from syn0.training.events import EpochEnded, EpochsEnded, Event, FitEnded
from syn0.training.run import Run

_SMALLEST = 1e-6  # a rate that is not divided again
_DIVISOR = 5.0


class Scorer:
    """Measures a network on samples that are held out.

    Parameters
    ----------
    estimator : BasePerceptron
        Knows what a score is.
    network : Sequential
        What is measured.
    loss : Loss
        What it descends along.
    held : Samples
        The samples.
    """

    def __init__(self, estimator: Any, network: Sequential, loss: Loss, held: Samples) -> None:
        self._estimator, self._network, self._loss = estimator, network, loss
        self._held = held
        self._read: Callable[[State], Any] | None = None
        targets = estimator._network_targets(held.targets, loss)
        self.given = (held.X, targets) if held.weight is None else (held.X, targets, held.weight)
        self._wanted = _one_hot(targets, estimator.n_outputs_).astype(network.dtype)

    def __call__(self, state: State) -> tuple[float, float]:
        """Return score and loss of a state; NaN where the outputs are not finite."""
        if self._read is None:  # the fit that asks has chosen the engine
            inputs = {self._network.input_names[0]: self._held.X}
            self._read = self._network.rows_reader("predict", inputs)
        (outputs,) = self._read(state).values()
        if not np.isfinite(outputs).all():
            return math.nan, math.nan
        values = np.asarray(self._loss(self._wanted, outputs))
        rows = values.reshape(len(values), -1).mean(axis=1)
        loss = float(np.average(rows, weights=self._held.weight))
        return self._estimator._score_outputs(self._held, outputs), loss


def _one_hot(targets: NDArray[Any], outputs: int) -> NDArray[Any]:
    """Return targets in the shape of the outputs."""
    if targets.ndim > 1:
        return targets
    return targets[:, None] == np.arange(outputs) if outputs > 1 else targets[:, None]


def note_epoch(estimator: Any, loss: float, samples: int) -> None:
    """Keep the figures of an epoch over so many samples."""
    estimator.n_iter_ += 1
    estimator.t_ += samples
    estimator.loss_ = loss
    estimator.loss_curve_.append(loss)


def count_loss(estimator: Any, loss: float) -> None:
    """Count an epoch whose loss is not better than the best, by more than `tol`."""
    worse = loss > estimator.best_loss_ - estimator.tol
    estimator._no_improvement_count = estimator._no_improvement_count + 1 if worse else 0
    estimator.best_loss_ = min(loss, estimator.best_loss_)


class StoppingRule(Callback):
    """Counts the epochs without improvement, and keeps the figures of all.

    The figures are fitted attributes of the estimator, and go on from one fit to the next
    where that does.

    Parameters
    ----------
    estimator : object
        Has the parameters `tol`, `n_iter_no_change`, `verbose`, `early_stopping`, and the
        figures: `loss_curve_`, `best_loss_`, `validation_scores_`, `_no_improvement_count`.
    samples : int
        In one epoch.
    rate : float, optional
        The learning rate, where it is divided instead of stopping at once.
    score : Scorer, optional
        Scores the samples that are held out, after each epoch.
    single : bool
        Whether there is one epoch only, after which nothing is to be stopped.
    """

    def __init__(
        self,
        estimator: Any,
        samples: int,
        rate: float | None = None,
        score: Scorer | None = None,
        single: bool = False,
    ) -> None:
        self._estimator = estimator
        self._samples = samples
        self._score = score
        self._single = single
        self._early = bool(estimator.early_stopping)
        self._speaks = bool(estimator.verbose) and estimator.verbose != "progress"
        self.rate = rate
        self.hears_epochs = score is not None or self._speaks
        self.reads_state = score is not None or rate is not None
        self.converged = False
        self.ended = ""

    def epochs_ahead(self) -> float:
        """Return how many epochs must pass before the count can reach its limit."""
        estimator = self._estimator
        if self._score is not None or self._speaks:
            return 1
        return max(estimator.n_iter_no_change - estimator._no_improvement_count + 1, 1)

    def receive(self, event: Event, run: Run) -> None:
        """Hear of one epoch, or of several at once."""
        if isinstance(event, EpochsEnded):
            for loss in event.columns["loss"].tolist():
                self._hear(loss, run)
        else:
            super().receive(event, run)

    def on_epoch_end(self, event: EpochEnded, run: Run) -> None:
        """Take over the figures of an epoch and count."""
        self._hear(event.logs["loss"], run)

    def _hear(self, loss: float, run: Run) -> None:
        estimator = self._estimator
        note_epoch(estimator, loss, self._samples)
        if self._speaks:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        if self._score is not None:
            self._hear_score(self._score(run.state), run)
        if not self._early:
            count_loss(estimator, loss)
        if estimator._no_improvement_count > estimator.n_iter_no_change:
            self._no_more(run)

    def on_fit_end(self, event: FitEnded, run: Run) -> None:
        """Put the best parameters back, those of the best score."""
        self.ended = event.reason
        if self._early:
            run.restore_parameters(self._estimator._best_parameters)

    def _hear_score(self, found: tuple[float, float], run: Run) -> None:
        estimator = self._estimator
        score, loss = found
        estimator.validation_scores_.append(score)
        estimator.validation_loss_curve_.append(loss)
        if self._speaks:
            print(f"Validation score: {score:f}")
        if not self._early:
            return
        worse = score < estimator.best_validation_score_ + estimator.tol
        estimator._no_improvement_count = estimator._no_improvement_count + 1 if worse else 0
        if score > estimator.best_validation_score_:
            estimator.best_validation_score_ = score
            estimator._best_parameters = run.copy_parameters()

    def _no_more(self, run: Run) -> None:
        """Stop, or go on at a lower rate."""
        estimator = self._estimator
        which = "validation score" if self._early else "training loss"
        said = (
            f"No better {which}, by more than tol={estimator.tol:g}, "
            f"for {estimator.n_iter_no_change} epochs."
        )
        if self.rate is not None and self.rate > _SMALLEST:
            self.rate /= _DIVISOR
            estimator._no_improvement_count = 0
            dtype = run.state["learning_rate"].dtype
            run.state["learning_rate"] = np.asarray(self.rate, dtype)
            said += f" Learning rate {self.rate:g}."
        elif not self._single:
            self.converged = True
            run.stop("converged", said)
        if self._speaks:
            print(said if not self.converged else f"{said} Stopping.")

    def note_failure(self) -> None:
        """Count an epoch whose numbers were not finite."""
        estimator = self._estimator
        estimator.n_iter_ += 1
        estimator.loss_ = math.nan
        estimator.loss_curve_.append(math.nan)
        if self._score is not None:
            estimator.validation_scores_.append(math.nan)
            estimator.validation_loss_curve_.append(math.nan)


class Iterations(Callback):
    """Hears how L-BFGS ends, and prints its iterations if wanted.

    Parameters
    ----------
    verbose : bool
        Whether to print.
    """

    every_epoch = False
    reads_state = False

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self.message = ""
        self.cut_short = False

    def on_epoch_end(self, event: EpochEnded, run: Run) -> None:
        """Print the loss of an iteration."""
        if self._verbose:
            print(f"Iteration {event.epoch + 1}, loss = {event.logs['loss']:.8f}")

    def on_fit_end(self, event: FitEnded, run: Run) -> None:
        """Keep how it ended: SciPy says so in its message."""
        self.message = event.message
        self.cut_short = event.reason != "interrupted" and "CONVERGENCE" not in event.message
