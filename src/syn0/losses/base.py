"""What all losses share, and a function of one's own as a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from syn0.errors import ShapeError
from syn0.graph import Tensor, format_shape
from syn0.names import Record, require


@dataclass(frozen=True)
class Loss(Record):
    """The base of all losses.

    Attributes
    ----------
    name : str
        The word for it.
    targets : {"values", "classes"}
        What `y` holds: numbers as the network puts them out, or classes (numbers of
        classes or one-hot rows; with one output unit, 0 and 1).
    counts_rows : bool
        Whether the losses of batches make that of an epoch by their number of rows, as in
        scikit-learn, and not by the weight of their samples.

    Parameters
    ----------
    reduction : {"mean", "sum"}
        What becomes of the values of a batch.
    """

    reduction: str = field(default="mean", kw_only=True)

    name: ClassVar[str] = ""
    targets: ClassVar[str] = "values"
    counts_rows: ClassVar[bool] = False
    reads_shares: ClassVar[bool] = True  # whether a target may be a mixture of two
    foreign = {"from_logits": "nothing: the graph shows whether there is a softmax or sigmoid"}

    def __post_init__(self) -> None:
        require(self.reduction in ("mean", "sum"), self, "reduction", "'mean' or 'sum'")

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return one value for each sample or element.

        Parameters
        ----------
        y_true, y_pred : Tensor or array
            Targets and predictions of one shape.
        """
        if not isinstance(y_pred, Tensor):
            y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        if tuple(y_true.shape) != tuple(y_pred.shape):
            raise ShapeError(
                f"{self.name}: targets of shape {format_shape(tuple(y_true.shape))} and "
                f"predictions of shape {format_shape(tuple(y_pred.shape))} differ.",
                expected="one shape; targets are never broadcast",
            )
        return self._values(y_true, y_pred)

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no _values(y_true, y_pred)")

    def threshold(self, y_pred: Any) -> float | None:
        """Return above which output a yes-or-no prediction is yes; None if the loss has none."""
        return None

    def exclusive(self, y_pred: Any) -> bool:
        """Return whether a sample is of one class only, so that a row of targets sums to 1."""
        return self.targets == "classes"


@dataclass(frozen=True)
class FunctionLoss(Loss):
    """A function ``f(y_true, y_pred)`` of one's own, as a loss.

    Parameters
    ----------
    function : callable
        Returns one value a sample or element.

    Examples
    --------
    >>> FunctionLoss(lambda y, p: (y - p) ** 4)([1.0], [3.0])
    array([16.])
    """

    function: Callable[[Any, Any], Any]

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the function."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return what the function returns."""
        if not isinstance(y_pred, Tensor):
            y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        return self.function(y_true, y_pred)
