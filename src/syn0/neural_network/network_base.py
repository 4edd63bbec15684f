"""What the estimators around a network share: fit, partial_fit, and what they hand to it."""

from __future__ import annotations

import copy
import warnings
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from syn0.errors import ArgumentError
from syn0.model import Model
from syn0.neural_network.callbacks import CallbackSupportMixin, fit_task, with_callbacks
from syn0.neural_network.estimator import HelpfulArguments, require_fitted, unchanged_on_failure
from syn0.neural_network.parameters import NestedParameters
from syn0.neural_network.samples import Samples, check_rows, check_samples
from syn0.training.callbacks import Callback, check_callbacks
from syn0.training.events import FitEnded
from syn0.training.history import History
from syn0.training.record import check_count
from syn0.training.run import Run

Array = NDArray[Any]


class NetworkEstimator(HelpfulArguments, CallbackSupportMixin, NestedParameters, BaseEstimator):
    """The base of `NetworkClassifier` and `NetworkRegressor`."""

    _numeric = False  # whether y holds numbers

    def __init__(
        self,
        network: Any = None,
        *,
        loss: Any = None,
        optimizer: Any = None,
        epochs: int = 10,
        batch_size: int | str | None = "auto",
        metrics: Any = None,
        validation_data: float | None = None,
        callbacks: Any = (),
        shuffle: bool = True,
        input_shape: tuple[int, ...] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: Any = 0,
        engine: str = "auto",
        threads: int | str = "auto",
    ) -> None:
        self.network = network
        self.loss = loss
        self.optimizer = optimizer
        self.epochs = epochs
        self.batch_size = batch_size
        self.metrics = metrics
        self.validation_data = validation_data
        self.callbacks = callbacks
        self.shuffle = shuffle
        self.input_shape = input_shape
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.engine = engine
        self.threads = threads

    # ----- training

    @with_callbacks
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Train the network from its initial parameters, or go on after ``warm_start=True``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (samples, features), or (samples, ...)
            Data. A sparse matrix is made dense, as a whole.
        y : array-like of shape (samples,) or (samples, outputs)
            Labels, or numbers.
        sample_weight : array-like of shape (samples,), optional
            How much each sample counts; one with the weight 0 is as good as absent.
        X_val, y_val : array-like, optional
            Samples that are not learned, for ``val_loss`` and the metrics. They are taken as
            they are: a pipeline makes them ready where it is told so, by metadata routing and
            ``Pipeline(steps, transform_input=["X_val"])``.

        Returns
        -------
        estimator
            Itself. A fit that fails before its first step leaves it as it was.

        Raises
        ------
        ValueError, TypeError
            If data or arguments do not fit.
        NonFiniteError
            If loss or gradient become NaN or infinite; a ValueError too.
        """
        check_count("epochs", self.epochs)
        told = {"epochs": self.epochs, "sample_weight": sample_weight, "fitted": self._fitted}
        with fit_task(self, X, y, **told) as tasks, unchanged_on_failure(self):
            begins = not (self.warm_start and self.__sklearn_is_fitted__())
            samples = self._samples(X, y, sample_weight, first=begins)
            held = self._validation(X_val, y_val)
            self._begin(samples) if begins else self._go_on()
            ending = _Ending()
            listeners = [*check_callbacks(self.callbacks), *tasks, ending]
            given = None if held is None else (held.X, self._targets(held.y, "y_val"))
            validation = self.validation_data if given is None else given
            self._train(samples, self.epochs, validation_data=validation, callbacks=listeners)
        if ending.interrupted:
            warnings.warn(
                f"training was interrupted after {self.n_iter_} epochs, which are kept.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Go once through these samples."""
        with unchanged_on_failure(self):
            begins = not self.__sklearn_is_fitted__()
            samples = self._samples(X, y, sample_weight, first=begins)
            if begins:
                self._begin(samples, classes)
            self._train(samples, 1)
        return self

    def _train(self, samples: Samples, epochs: int, **options: Any) -> None:
        self.network_.fit(
            samples.X, self._targets(samples.y), sample_weight=samples.sample_weight,
            optimizer="adam" if self.optimizer is None else self.optimizer,
            metrics=self.metrics, epochs=epochs, batch_size=self.batch_size,
            shuffle=self.shuffle, verbose=self.verbose, engine=self.engine,
            threads=self.threads, **self._options(samples), **options,
        )  # fmt: skip

    @property
    def history_(self) -> History:
        """Loss and metrics of each epoch."""
        network: Model = self.network_
        return network.history

    @property
    def n_iter_(self) -> int:
        """The epochs that were done."""
        return self.history_.epochs

    def _samples(self, X: Any, y: Any, sample_weight: Any, *, first: bool) -> Samples:
        return check_samples(
            self, X, y, sample_weight, first=first, numeric=self._numeric, shape=self.input_shape
        )

    def _validation(self, X: Any, y: Any) -> Samples | None:
        share = self.validation_data
        if share is not None and (isinstance(share, bool) or not isinstance(share, (int, float))):
            raise ArgumentError(
                f"validation_data is a {type(share).__name__}.",
                expected="a share in (0, 1), or None",
                mend="give the samples themselves to fit(X, y, X_val=..., y_val=...)",
            )
        if X is None and y is None:
            return None
        if X is None or y is None:
            raise ArgumentError("of X_val and y_val, one is given.", expected="both, or neither")
        if share is not None:
            raise ArgumentError(
                "X_val is given, and validation_data too.",
                expected="samples to measure on, or the share to be held out of X",
            )
        return check_samples(
            self, X, y, first=False, numeric=self._numeric, shape=self.input_shape,
            called="validation ",
        )  # fmt: skip

    def _fitted(self) -> Mapping[str, Any]:
        """Return what makes a copy predict as the estimator would now, while it trains."""
        return {"network_": copy.deepcopy(self.network_)}

    # ----- what the two differ in

    @abstractmethod
    def _begin(self, samples: Samples, classes: Any = None) -> None:
        """Learn of the targets what must be known, and make a network for these data."""

    def _go_on(self) -> None:
        """Settle what may have changed since the last fit."""

    @abstractmethod
    def _targets(self, y: Array, called: str = "y") -> Array:
        """Return what the network learns in the place of y."""

    @abstractmethod
    def _options(self, samples: Samples) -> dict[str, Any]:
        """Return the loss, and what else the network's `fit` is told."""

    # ----- predicting

    def _outputs(self, X: Any) -> Array:
        require_fitted(self)
        found: Array = self.network_.predict(check_rows(self, X, self.input_shape))
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's page of the parameters, and the network under it."""
        page: str = super()._repr_html_inner()
        network = getattr(self, "network_", self.network)
        return page + network._repr_html_() if isinstance(network, Model) else page

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        return tags


class _Ending(Callback):
    """Knows how the training ended."""

    every_epoch = False
    hears_epochs = False
    reads_state = False
    interrupted = False

    def on_fit_end(self, event: FitEnded, run: Run) -> None:
        """Note whether somebody interrupted it."""
        self.interrupted = event.reason == "interrupted"
