"""Pictures of estimators, made as scikit-learn makes its own: ``Display.from_estimator``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from sklearn.pipeline import Pipeline

from syn0.errors import ArgumentError
from syn0.neural_network.estimator import require_fitted
from syn0.plots.curves import learning_curve


class LossCurveDisplay:
    """The loss over the epochs, and that of validation where samples were held out.

    Parameters
    ----------
    curves : mapping of name to sequence of float
        One number an epoch: ``loss``, ``val_loss``, and metrics.
    estimator_name : str, optional
        What the title says.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes or array of them
        The panels, after `plot`.
    figure_ : matplotlib.figure.Figure
        The whole.

    Examples
    --------
    >>> import numpy as np
    >>> from syn0.neural_network import LossCurveDisplay, NetworkRegressor
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> fitted = NetworkRegressor(random_state=0, validation_data=0.2).fit(X, X[:, 0] ** 2)
    >>> display = LossCurveDisplay.from_estimator(fitted)
    >>> [line.get_label() for line in display.ax_.lines][:2]
    ['train', 'validation']
    """

    def __init__(
        self, curves: Mapping[str, Sequence[float]], *, estimator_name: str | None = None
    ) -> None:
        self.curves = curves
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls, estimator: Any, *names: str, ax: Any = None, name: str | None = None
    ) -> Self:
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            One of syn0, scikit-learn's `MLPClassifier` or `MLPRegressor`, or a pipeline that
            ends in one.
        *names : str
            What to draw, each in a panel: ``"loss"``, as by default, or metrics.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.
        name : str, optional
            What the title says; by default the kind of estimator.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If there was no fit.
        ArgumentError
            If the estimator keeps no losses.
        """
        last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        require_fitted(last)
        kind = type(last).__name__
        return cls(_curves_of(last), estimator_name=name or kind).plot(*names, ax=ax)

    def plot(self, *names: str, ax: Any = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        *names : str
            What to draw, each in a panel; the loss by default.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        LossCurveDisplay
            Itself.
        """
        drawn = learning_curve(self.curves, *(names or ("loss",)), ax=ax)
        self.figure_ = drawn.figure
        self.ax_ = drawn.axes[0] if len(drawn.axes) == 1 else drawn.axes
        if self.estimator_name:
            title = drawn.axes[0].get_title(loc="left")
            drawn.axes[0].set_title(f"{self.estimator_name}: {title}", loc="left")
        self._drawn = drawn
        return self

    def _repr_png_(self) -> bytes | None:
        drawn = getattr(self, "_drawn", None)
        return None if drawn is None else drawn._repr_png_()


def _curves_of(estimator: Any) -> Mapping[str, Sequence[float]]:
    history = getattr(estimator, "history_", None)
    if history is not None:
        return history
    losses = getattr(estimator, "loss_curve_", None)
    if losses is None:
        raise ArgumentError(
            f"{type(estimator).__name__} keeps no losses.",
            expected="an estimator with history_ or loss_curve_",
            mend="scikit-learn's MLP keeps them with solver='sgd' or 'adam'",
        )
    held = getattr(estimator, "validation_loss_curve_", None)
    return {"loss": losses, "val_loss": held} if held else {"loss": losses}
