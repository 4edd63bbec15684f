"""The drop-in for scikit-learn's `MLPRegressor`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from syn0 import losses
from syn0.errors import ArgumentError
from syn0.losses import Loss
from syn0.losses.scikit_learn import PoissonDeviance, SquaredError
from syn0.neural_network.callbacks import with_callbacks
from syn0.neural_network.perceptron import BasePerceptron
from syn0.neural_network.perceptron_descent import descends_by_steps
from syn0.neural_network.perceptron_parameters import CONSTRAINTS
from syn0.neural_network.perceptron_samples import Samples
from syn0.neural_network.perceptron_stream import Encode, encode_numbers

Array = NDArray[Any]


class MLPRegressor(RegressorMixin, BasePerceptron):
    """A perceptron with hidden layers that predicts numbers, a drop-in for scikit-learn's.

    Parameters
    ----------
    loss : str, Loss or callable
        ``"squared_error"``, ``"poisson"`` for counts, a word of `syn0.losses` such as
        ``"huber"``, ``syn0.losses.Quantile(0.9)``, or a function ``f(y_true, y_pred)``.
    hidden_layer_sizes : int or sequence of int
        The units of each hidden layer.
    activation : str, callable, Activation, or a list of them
        Of the hidden layers: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, any other
        word of `syn0.activations` such as ``"gelu"``, a function of a tensor, or a list with
        one for each hidden layer.
    solver : {"lbfgs", "sgd", "adam"}
        L-BFGS over all samples, or steps of gradient descent or Adam.
    alpha : float
        The strength of the L2 penalty on the matrices.
    batch_size : int or "auto"
        Samples a step; ``"auto"``: at most 200.
    learning_rate : {"constant", "invscaling", "adaptive"}, Schedule or callable
        How the rate changes: not; by ``learning_rate_init / t_ ** power_t`` (sgd); divided by 5
        where training would stop (sgd); or a function of the step, for sgd and adam.
    learning_rate_init : float
        The rate at the start.
    power_t : float
        The exponent of ``"invscaling"``.
    max_iter : int
        The most epochs, or iterations of L-BFGS.
    shuffle : bool
        Whether each epoch takes the samples in another order.
    random_state : int, RandomState or None
        What weights, split and orders are drawn from.
    tol : float
        An epoch that does not better the loss, or the validation score, by so much counts as
        one without improvement.
    verbose : bool, int or "progress"
        Whether to print the loss of each epoch; ``"progress"`` shows what `syn0.Model.fit`
        does: the choices made, a bar, and at the end what is wrong, if anything is.
    warm_start : bool
        Whether `fit` goes on from the weights of the last one.
    momentum : float
        The share of the last step that goes on (sgd).
    nesterovs_momentum : bool
        Whether to look ahead along the momentum (sgd).
    early_stopping : bool
        Whether to stop by the score of samples held out, and keep the best weights.
    validation_fraction : float
        The share held out for that, unless `fit` is given `X_val`.
    beta_1, beta_2 : float
        The shares of the past in Adam's averages.
    epsilon : float
        What keeps Adam's divisor from 0.
    n_iter_no_change : int
        How many epochs without improvement end the training.
    max_fun : int
        How many times L-BFGS may compute the loss.
    optimizer : str, Optimizer or mapping, optional
        Any of syn0 in place of `solver`, with numbers of its own: ``syn0.AdamW(0.01)``. Then
        `solver`, `alpha` and all that they need are not looked at.
    clip_value, clip_norm, clip_global_norm : float, optional
        Limits on the gradient, for sgd and adam; see `syn0.optimizers.Optimizer`.
    dropout : float or list of float
        The share of each hidden layer that training sets to 0.
    normalization : {"batch", "layer"}, list of them, or None
        What the weighted sums of hidden layers are normalized over.
    scale_inputs : bool
        Whether the network brings each feature to mean 0 and variance 1, by the training data.
    scale_targets : bool
        Whether to learn targets of mean 0 and variance 1, and to predict in their own unit.
    preparation : "auto", syn0.data.Preparation or None
        How tables with text, categories, dates and missing values become numbers; ``"auto"``
        learns it from the training data, which may be an array with NaN too.
    callbacks : list of Callback, optional
        Those of syn0; they hear ``loss``, and ``val_loss`` where samples are held out.
    engine : {"auto", "llvm", "numpy", "jax"}
        What computes.
    threads : int or "auto"
        How many threads compute.

    Attributes
    ----------
    loss_ : float
        The loss of the last epoch, penalty included.
    best_loss_ : float or None
        The least of them; None with early stopping.
    loss_curve_ : list of float
        The loss of each epoch.
    validation_scores_, validation_loss_curve_ : list of float
        R2 and loss of the samples held out; the scores are None where there are none.
    best_validation_score_ : float or None
        The best of these scores.
    coefs_, intercepts_ : list of array
        Matrix and biases of each layer; they may be set.
    n_iter_, t_ : int
        Epochs of the last fit, samples seen by all.
    n_features_in_, n_layers_, n_outputs_ : int
        Features; layers, with that of the features; outputs.
    feature_names_in_ : array of str
        The columns, where X was a data frame with names.
    out_activation_ : str
        The activation of the last layer.
    network_ : syn0.Sequential
        The network, with all its verbs: ``network_.show_code()``, ``network_.save(path)``.
    preparation_ : syn0.data.Preparation
        What was learned of a table, with ``preparation="auto"``.
    target_mean_, target_scale_ : array of shape (n_outputs,)
        What the targets were scaled by, with ``scale_targets=True``.

    Notes
    -----
    Without the parameters that scikit-learn does not have, equal settings give its learning
    curves and weights, to rounding: weights, splits and orders are drawn as it draws them, and
    the rules are the same. A sample of weight 0 counts as absent.

    References
    ----------
    Glorot, X., Bengio, Y. (2010). Understanding the difficulty of training deep feedforward
    neural networks.

    Examples
    --------
    >>> import numpy as np
    >>> from syn0.neural_network import MLPRegressor
    >>> x = np.linspace(-3, 3, 100).reshape(-1, 1)
    >>> wave = MLPRegressor(solver="lbfgs", activation="tanh", random_state=0, max_iter=1000)
    >>> wave.fit(x, np.sin(x.ravel())).score(x, np.sin(x.ravel())) > 0.99
    True
    """

    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", *losses.catalogue.makers}), Loss, callable],
        "scale_targets": ["boolean"],
    }

    def __init__(
        self, loss: Any = "squared_error", hidden_layer_sizes: Any = (100,),
        activation: Any = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: Any = "auto",
        learning_rate: str = "constant", learning_rate_init: float = 0.001, power_t: float = 0.5,
        max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
        verbose: Any = False, warm_start: bool = False, momentum: float = 0.9,
        nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, n_iter_no_change: float = 10, max_fun: int = 15000,
        optimizer: Any = None,
        clip_value: float | None = None, clip_norm: float | None = None,
        clip_global_norm: float | None = None, dropout: Any = 0.0, normalization: Any = None,
        scale_inputs: bool = False, scale_targets: bool = False,
        preparation: Any = None, callbacks: Any = None,
        engine: str = "auto", threads: Any = "auto",
    ) -> None:  # fmt: skip
        self._store(locals())

    # ----- fitting

    @_fit_context(prefer_skip_nested_validation=True)
    @with_callbacks
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:  # fmt: skip
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, features)
            The features; with `preparation`, also a table.
        y : array-like of shape (n,) or (n, outputs)
            Numbers; with the loss ``"poisson"`` not negative.
        sample_weight : array-like of shape (n,), optional
            How much each sample counts.
        X_val, y_val, sample_weight_val : optional
            Samples to be scored after each epoch; with `early_stopping` they take the place
            of those that would be held out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        DataError
            If the weights were NaN or infinite after a step.
        """
        return self._fit_whole(X, y, sample_weight, X_val, y_val, sample_weight_val)

    @available_if(descends_by_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, from where the last call ended.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if self._stream(X, y, sample_weight):
            return self
        return self._partial_fit(X, y, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        return self._fit_on(X, y, sample_weight)

    def _encoder(self) -> Encode | None:
        return None if self.scale_targets else encode_numbers

    def _learn_targets(self, y: Any, incremental: bool) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return self._columns(y)

    def _read_targets(self, y: Any) -> Array:
        return self._columns(y)

    def _columns(self, y: Array) -> Array:
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _initialize(self, samples: Samples, hidden: list[int]) -> None:
        super()._initialize(samples, hidden)
        if self.scale_targets:
            if _counts(self.loss):
                raise ArgumentError(
                    "loss='poisson' takes counts as they are.",
                    where="MLPRegressor(scale_targets=True)",
                    mend="leave scale_targets out",
                )
            self.target_mean_, self.target_scale_ = _moments(samples)

    def _network_targets(self, targets: Array, loss: Loss) -> Array:
        if not self.scale_targets:
            return targets
        return (targets - self.target_mean_) / self.target_scale_

    def _decode(self, outputs: Array) -> Array:
        """Return outputs in the unit of y."""
        if not self.scale_targets:
            return outputs
        return (outputs * self.target_scale_ + self.target_mean_).astype(outputs.dtype)

    def _count_outputs(self, targets: Array) -> tuple[int, str]:
        return targets.shape[1], "exp" if _counts(self.loss) else "identity"

    def _make_loss(self) -> Loss:
        if _counts(self.loss):
            return PoissonDeviance()
        if isinstance(self.loss, str) and self.loss == "squared_error":
            return SquaredError()
        return losses.get(self.loss)

    def _score_outputs(self, held: Samples, outputs: Array) -> float:
        """Return the share of the variance that is explained, averaged over the outputs."""
        targets, outputs, weight = held.targets, self._decode(outputs), held.weight
        mean = np.average(targets, axis=0, weights=weight)
        left = np.average(np.square(targets - outputs), axis=0, weights=weight)
        whole = np.average(np.square(targets - mean), axis=0, weights=weight)
        share = np.where(left == 0, 0.0, 1.0)  # of targets that are all the same
        np.divide(left, whole, out=share, where=whole != 0)
        return float(np.mean(1 - share))

    # ----- predicting

    def predict(self, X: Any) -> Array:
        """Return the predicted numbers.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, features)
            The features, as for `fit`.

        Returns
        -------
        array of shape (n,) or (n, outputs)
            In the dtype of the network.
        """
        outputs = self._decode(self._run(X))
        return outputs.ravel() if self.n_outputs_ == 1 else outputs


def _counts(loss: Any) -> bool:
    return isinstance(loss, str) and loss == "poisson"


def _moments(samples: Samples) -> tuple[Array, Array]:
    """Return mean and standard deviation of each target, 1 for one that never changes."""
    mean = np.average(samples.targets, axis=0, weights=samples.weight)
    variance = np.average(np.square(samples.targets - mean), axis=0, weights=samples.weight)
    constant = variance <= (10 * np.finfo(float).eps * np.abs(mean)) ** 2
    return mean, np.sqrt(np.where(constant, 1.0, variance))
