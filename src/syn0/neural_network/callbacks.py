"""scikit-learn's callbacks, where its release has them: each epoch is a task of the fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from syn0.training.callbacks import Callback
from syn0.training.events import EpochEnded, EpochStarted
from syn0.training.run import Run

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for what this release of scikit-learn does not have."""

    def with_callbacks(method: Any) -> Any:
        """Return the method: there is nothing to tear down."""
        return method


__all__ = ["CallbackSupportMixin", "fit_task", "with_callbacks"]


@contextmanager
def fit_task(
    estimator: Any, X: Any, y: Any, *, epochs: int, sample_weight: Any,
    fitted: Callable[[], Mapping[str, Any]],
) -> Iterator[tuple[Callback, ...]]:  # fmt: skip
    """Tell scikit-learn's callbacks of a fit, and yield what tells them of its epochs.

    Parameters
    ----------
    estimator : estimator
        What is fitted, by a method that `with_callbacks` decorates.
    X, y : array
        The training data, as they were given.
    epochs : int
        How many epochs there will be at most.
    sample_weight : array, optional
        How much each sample counts.
    fitted : callable
        Returns the attributes that make a copy of the estimator able to predict, as it is at
        that moment.

    Yields
    ------
    tuple of Callback
        To be given to the training; empty where nobody listens.
    """
    if not hasattr(estimator, "_init_callback_context"):
        yield ()
        return
    context = estimator._init_callback_context(max_subtasks=epochs)
    told = {
        "estimator": estimator,
        "X": X,
        "y": y,
        "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
    }
    context.call_on_fit_task_begin(**told)
    yield (_Epochs(context, told, fitted),) if getattr(estimator, "_skl_callbacks", ()) else ()
    context.call_on_fit_task_end(**told, reconstruction_attributes=fitted)


class _Epochs(Callback):
    """Makes a task of each epoch; a callback that wants to stop ends the training."""

    def __init__(
        self, context: Any, told: dict[str, Any], fitted: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._context, self._told, self._fitted = context, told, fitted
        self._task: Any = None

    def on_epoch_start(self, event: EpochStarted, run: Run) -> None:
        """Begin a task."""
        self._task = self._context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(**self._told)

    def on_epoch_end(self, event: EpochEnded, run: Run) -> None:
        """End the task, with an estimator that can predict for whoever asks for it."""
        ended = {**self._told, "reconstruction_attributes": self._fitted}
        if self._task.call_on_fit_task_end(**ended):
            run.stop("callback", "stopped by a callback of scikit-learn")
