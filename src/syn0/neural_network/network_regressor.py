"""Any network as a regressor."""

from __future__ import annotations

from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from syn0.errors import ShapeError
from syn0.neural_network.definition import make_network
from syn0.neural_network.network_base import NetworkEstimator
from syn0.neural_network.readout import output_of
from syn0.neural_network.samples import Samples

Array = NDArray[Any]


class NetworkRegressor(RegressorMixin, NetworkEstimator):
    """Any network as a regressor of scikit-learn.

    Parameters
    ----------
    network : Model, callable or None
        As in `NetworkClassifier`; a last ``Dense("auto")`` takes its units from `y`.
    loss : str, Loss or callable, optional
        By default the mean squared error, whatever the last activation.
    optimizer, epochs, batch_size, metrics, validation_data, callbacks, shuffle, input_shape, \
warm_start, random_state, verbose, engine, threads
        As in `NetworkClassifier`.

    Attributes
    ----------
    network_ : Model
        The trained network, with all its verbs.
    history_ : History
        Loss and metrics of each epoch.
    n_iter_, n_outputs_, n_features_in_ : int
        Epochs done, targets, features.
    feature_names_in_ : array of str
        The columns, where X was a data frame with names.

    Notes
    -----
    Targets are learned as they are. Where they are large or small, scale them:
    `sklearn.compose.TransformedTargetRegressor`.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> from syn0.neural_network import NetworkRegressor
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = syn0.Sequential(syn0.Dense(16, activation="tanh"), syn0.Dense("auto"))
    >>> curve = NetworkRegressor(net, optimizer=syn0.Adam(0.03), epochs=200, random_state=0)
    >>> curve.fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.95
    True
    """

    _numeric = True

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go once through these samples, from where the training stands.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in `fit`. Callbacks and validation are for `fit`.

        Returns
        -------
        NetworkRegressor
            Itself.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> Array:
        """Return what the network puts out, in the shape of `y`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (samples, features), or (samples, ...)
            Data, prepared as for `fit`.
        """
        found = self._outputs(X)
        return found[:, 0] if self._flat else found

    # ----- targets

    def _begin(self, samples: Samples, classes: Any = None) -> None:
        y = samples.y
        if y.ndim > 2:
            raise ShapeError(
                f"y has the shape {y.shape}.", expected="(samples,) or (samples, outputs)"
            )
        self._flat = y.ndim == 1
        units = self.n_outputs_ = 1 if self._flat else y.shape[1]
        self.network_ = make_network(
            self.network, samples.X, units, lambda _: (units, None), self.random_state
        )
        output_of(self.network_)

    def _targets(self, y: Array, called: str = "y") -> Array:
        if (y.ndim == 1) != self._flat or (y.ndim == 2 and y.shape[1] != self.n_outputs_):
            raise ShapeError(
                f"{called} has the shape {y.shape}.",
                expected=f"(samples{',' if self._flat else f', {self.n_outputs_}'}), as before",
            )
        return y

    def _options(self, samples: Samples) -> dict[str, Any]:
        return {"loss": "mean_squared_error" if self.loss is None else self.loss}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
