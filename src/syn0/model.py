"""Networks that hold numbers: `Sequential` and `Model`, with the verbs of a day's work."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from syn0 import script
from syn0.arrays import to_array
from syn0.checking import check_function, check_network
from syn0.diagnosis import Report
from syn0.engines.protocol import SingleRow
from syn0.errors import ArgumentError
from syn0.hints import FIT_ARGUMENTS, argument_hint, method_hint, network_hint
from syn0.networks import chain
from syn0.planning import plan_text
from syn0.plots.network import draw_network
from syn0.plots.svg import Drawing
from syn0.stateful import StatefulNetwork
from syn0.steps import Task
from syn0.summary import summary_html, summary_text
from syn0.trainer import Trainer
from syn0.training.history import History

Array = NDArray[Any]


class Model(StatefulNetwork):
    """A network of any directed wiring, with its numbers.

    Parameters
    ----------
    inputs : Input, Node, or sequence or mapping of them
        Where data enter.
    outputs : Node, or sequence or mapping of them
        Where results leave; a mapping names them.
    random_state : int, optional
        Seed of the initial parameters, the order of samples and dropout; drawn and kept
        as ``seed`` if not given.
    dtype : {"float32", "float64"}
        Of parameters and computation.
    name : str, optional
        A name, for use as a layer.

    Examples
    --------
    >>> import syn0
    >>> x = syn0.Input((4,))
    >>> h = syn0.Dense(8, activation="relu")(x)
    >>> net = syn0.Model(x, syn0.Dense(1)(syn0.Concatenate()(x, h)), random_state=0)
    >>> net.predict([[1.0, 2.0, 3.0, 4.0]]).shape
    (1, 1)
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        *,
        random_state: int | np.random.RandomState | None = None,
        dtype: str = "float32",
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise network_hint(type(self).__name__, next(iter(unknown)))
        super().__init__(inputs, outputs, random_state=random_state, dtype=dtype, name=name)
        self._trainer = Trainer(self)
        self._single: SingleRow | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_single": None}

    def reset(self) -> Self:
        """Restore the initial parameters and forget history and optimizer."""
        super().reset()
        self._trainer = Trainer(self)
        return self

    # ----- training

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        loss: Any = None,
        optimizer: Any = None,
        epochs: int = 10,
        batch_size: int | str | None = "auto",
        metrics: Any = None,
        loss_weights: Any = None,
        validation_data: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        callbacks: Sequence[Any] = (),
        shuffle: bool = True,
        resume: bool = False,
        verbose: Any = "auto",
        engine: str = "auto",
        threads: int | str = "auto",
        **unknown: Any,
    ) -> History:
        """Train by gradient descent; a second call continues.

        Parameters
        ----------
        X : array of shape (samples, ...), a tuple or mapping of arrays, or chunks
            Data. Integers are cast, never scaled. What does not fit into memory is given as
            `numpy.memmap` or in chunks: a list, an iterable, or a function that returns a
            fresh iterator for each epoch, of ``(X, y)`` or ``(X, y, sample_weight)``; see
            Notes. A network with a `preparation` takes a `Table` or any data frame, or
            `Images`, which bring their own `y`.
        y : array, optional
            Targets: numbers of the output's shape, class numbers (samples,) or one-hot
            rows for `cross_entropy`. A mapping or tuple where there are several outputs.
            Chunks bring their own.
        loss : str, Loss or callable, optional
            The last fit's; at first by the last activation: softmax cross_entropy,
            sigmoid binary_cross_entropy, else mean_squared_error.
        optimizer : str, Optimizer or mapping, optional
            The last fit's; at first Adam(). A mapping gives one for each name pattern.
        epochs : int
            How many times to go through the data.
        batch_size : int, "auto" or None
            Samples a step; ``"auto"``: at most 200; None: all.
        metrics : str, callable or list of them, optional
            What else to report; accuracy with a loss for classes.
        loss_weights : sequence or mapping of float, optional
            How much each output's loss counts.
        validation_data : float or tuple, optional
            A share in (0, 1), drawn by the seed and of each class alike, or
            ``(X, y[, sample_weight])``.
        sample_weight : array of shape (samples,), optional
            How much each sample counts.
        class_weight : "balanced" or mapping, optional
            How much each class counts; not applied to validation.
        callbacks : sequence of Callback
            They hear of every epoch and may stop.
        shuffle : bool
            Whether each epoch goes through the samples in an order of its own.
        resume : bool
            Whether to continue the run in the folder of a `Checkpoint` among the callbacks;
            where there is none yet, it begins. `epochs` is then the total of the run, and the
            history that is returned holds all of it.
        verbose : "auto", 0, 1 or 2
            Progress: nothing, some twenty epochs, every epoch; but for 0 a line at the end
            says what is wrong, if anything is: the gravest of what `diagnose` finds.
        engine : {"auto", "numpy"}
            What computes.
        threads : int or "auto"
            How many threads compute; ``"auto"``: one for small steps.

        Returns
        -------
        History
            Of this call: the lists ``loss``, each metric, and with ``val_`` before them.

        Raises
        ------
        DataError, ShapeError, DTypeError
            If data do not fit; the network is left as it was.
        ArgumentError, DataError
            If network, loss, optimizer or data are not those of the run to resume; the
            error names the difference, and the network is left as it was.
        NonFiniteError
            If loss or gradient become NaN or infinite; the last good step is kept.

        Notes
        -----
        A thread reads files and chunks ahead, so that two or three chunks are in memory. In
        either case each row comes once an epoch, in an order that depends on the seed alone:

        * A mapped file is read by runs of rows, half a megabyte long, in an order drawn for
          each epoch; some thirty runs, from all over the file, are mixed at a time. Layers
          such as `Normalization` measure the first of these mixtures.
        * The rows of a chunk are mixed, and a list of chunks is gone through in an order
          drawn for each epoch; other chunks are taken as they come, so give them well mixed.
          Rows that are left over, fewer than a batch, join the next chunk.

        The first chunk decides shapes and dtypes. What needs all samples at once is an error
        with chunks: a share as `validation_data`, ``class_weight="balanced"``,
        ``batch_size=None``, `LBFGS`, metrics such as `roc_auc`, `Normalization` without a mean.

        Examples
        --------
        >>> import numpy as np, syn0
        >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
        >>> net = syn0.Sequential(syn0.Dense(16, activation="tanh"), syn0.Dense(1), random_state=0)
        >>> history = net.fit(X, X**2, epochs=200, optimizer=syn0.Adam(0.03), verbose=0)
        >>> history["loss"][-1] < 0.01
        True
        """
        if unknown:
            raise argument_hint(next(iter(unknown)))
        return self._trainer.fit(
            X, y, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=batch_size,
            metrics=metrics, loss_weights=loss_weights, validation_data=validation_data,
            sample_weight=sample_weight, class_weight=class_weight, callbacks=callbacks,
            shuffle=shuffle, resume=resume, verbose=verbose, engine=engine, threads=threads,
        )  # fmt: skip

    def step(self, X: Any, y: Any = None, **options: Any) -> dict[str, float]:
        """Do one update on this batch.

        Parameters
        ----------
        X, y : array
            As in `fit`.
        **options
            loss, optimizer, metrics, sample_weight and others, as in `fit`.

        Returns
        -------
        dict
            Loss and metrics of the batch, before the update.

        Notes
        -----
        A step continues like a fit, with the optimizer's slots, and is no epoch of the
        history.
        """
        known = [name for name in FIT_ARGUMENTS if name not in ("epochs", "resume")]
        for name in options:
            if name not in known:
                raise argument_hint(name, "step", known)
        plain = {"batch_size": None, "verbose": 0, "shuffle": False}
        history = self._trainer.fit(X, y, epochs=1, counts=False, **{**plain, **options})
        return {name: values[-1] for name, values in history.items()}

    def evaluate(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> dict[str, float]:
        """Return loss and metrics on data, under the keys of history."""
        return self._trainer.evaluate(X, y, sample_weight)

    def gradients(self, X: Any, y: Any = None) -> dict[str, Array]:
        """Return the gradient of the loss on this batch for each parameter.

        Parameters
        ----------
        X, y : array
            As in `fit`; loss and metrics are those of the last fit, or the defaults.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(1, name="out"), random_state=0)
        >>> net.gradients([[1.0, 2.0]], [3.0])["W_out"].shape
        (2, 1)
        """
        return self._trainer.gradients(X, y)

    # ----- predicting

    def predict(self, X: Any) -> Any:
        """Return what the last layer puts out, never labels.

        Parameters
        ----------
        X : array of shape (samples, ...)
            Data, prepared as for `fit`.

        Returns
        -------
        array, or dict of arrays by output
            One row a sample.
        """
        found = self.run_rows("predict", self.prepare(X))
        return found[self.output_names[0]] if len(self.output_names) == 1 else found

    def predict_one(self, x: Any) -> Any:
        """Return the output for a single sample.

        Where there is a preparation, x is also a dict of a row, or the path of a picture.

        Examples
        --------
        >>> import syn0
        >>> syn0.Sequential(syn0.Dense(2), random_state=0).build((3,)).predict_one([1, 2, 3]).shape
        (2,)
        """
        if self.preparation is not None and isinstance(x, (Mapping, str, os.PathLike)):
            x = self.preparation.row(x)
        if self._single is not None:
            found = self._single(x, self.numbers)
            if found is not None:
                return found
        answer = self._predict_row(x)
        if self._single is None or not self._single.fits(self.numbers):
            self._single = self.executable("predict").single_row(self.numbers)
        return answer

    def _predict_row(self, x: Any) -> Any:
        if isinstance(x, Mapping):
            row: Any = {name: np.asarray(value)[None] for name, value in x.items()}
        elif len(self.input_names) > 1:
            row = tuple(np.asarray(value)[None] for value in x)
        else:
            row = to_array(x, "x")[None]
        found = self.predict(row)
        return {k: v[0] for k, v in found.items()} if isinstance(found, dict) else found[0]

    def activations(self, X: Any) -> dict[str, Array]:
        """Return what every layer puts out for these samples.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(2, name="hidden"), syn0.Dense(1), random_state=0)
        >>> {name: a.shape for name, a in net.activations([[1.0, 2.0]]).items()}
        {'hidden': (1, 2), 'dense_1': (1, 1)}
        """
        return self.run_rows("activations", self.prepare(X))

    # ----- looking in

    def summary(self) -> None:
        """Print the layers with their shapes and numbers of parameters."""
        print(summary_text(self, self._trainer.task))

    def plot(self, *, detail: str = "auto", weights: bool | None = None) -> Drawing:
        """Return a drawing of the network.

        Parameters
        ----------
        detail : {"auto", "neurons", "layers"}
            Neurons with a line for each weight, as ``"auto"`` does for a few small `Dense`
            layers; or a box for each layer.
        weights : bool, optional
            Whether the lines show the weights: blue is positive, orange negative, the
            width tells the size. By default after training.

        Returns
        -------
        Drawing
            SVG text, which a notebook shows; ``save(path)`` writes it.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(2, name="hidden"), syn0.Dense(1), random_state=0)
        >>> drawing = net.build((3,)).plot()
        >>> drawing.text.count("<circle"), drawing.text.count("<line")
        (6, 8)
        """
        return draw_network(self, detail=detail, weights=weights)

    @property
    def task(self) -> Task | None:
        """What the last fit learned: losses, targets and metrics; None before any."""
        return self._trainer.task

    def _repr_html_(self) -> str:
        return summary_html(self, self._trainer.task)

    def diagnose(self, X: Any, y: Any = None) -> Report:
        """Tell what is wrong with the network, its last fit or its data, and what to change.

        Nothing is changed: neither the numbers, nor the history, nor any order of samples.

        Parameters
        ----------
        X, y : array
            As in `fit`, such as the training data; a thousand samples, chosen by the seed,
            are looked at. Loss and optimizer are those of the last fit.

        Returns
        -------
        Report
            A sequence of verdicts, the gravest first, empty where nothing was found. Each has
            ``kind, layer, message, number, threshold, mend`` and ``source``.

        Raises
        ------
        NotBuiltError
            If the network has no numbers yet.

        Examples
        --------
        >>> import numpy as np, syn0
        >>> X = np.linspace(0, 5000, 64).reshape(-1, 1)
        >>> net = syn0.Sequential(
        ...     syn0.Dense(8, activation="tanh", name="hidden"), syn0.Dense(1), random_state=0
        ... )
        >>> _ = net.fit(X, np.sin(X / 800), verbose=0)
        >>> print(net.diagnose(X, np.sin(X / 800))[0])
        `hidden` reads unscaled values: they are about 2,898 in size; try syn0.Normalization() as
        the first layer (LeCun et al., 1998)
        """
        return self._trainer.diagnose(X, y)

    def code(self, X: Any = None, y: Any = None, **options: Any) -> str:
        """Return the program that the network runs, as NumPy source.

        Before any fit it is the forward pass. After a fit it is the whole training:
        forward pass, loss, backward pass and update in a plain loop, from the parameters
        that the fit began with. It needs NumPy only and gives the same numbers.

        Parameters
        ----------
        X, y : array, optional
            Data to write into the program where they are at most 64 numbers; otherwise it
            reads ``data.npz``, which `save_code` writes.
        **options
            names, a mapping of other names for variables; predict, samples to print the
            outputs for; sample_weight, class_weight and validation_data as given to fit;
            loss, optimizer, metrics, loss_weights, epochs, batch_size and shuffle of a fit
            to come.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(1, activation="tanh", name="out"), random_state=0)
        >>> print(net.build((2,)).code())  # doctest: +ELLIPSIS
        import numpy as np
        ...
        # forward
        out = np.tanh(x @ W_out + b_out)
        ...
        """
        return script.code(self._trainer, X, y, **options).text

    def show_code(self, X: Any = None, y: Any = None, **options: Any) -> None:
        """Print the program that the network runs; see `code`."""
        print(self.code(X, y, **options))

    def plan(self, program: str | None = None, batch_size: int | None = None) -> str:
        """Return how the compiler runs the network: kernels, buffers, bytes, FLOPs, barriers.

        Parameters
        ----------
        program : {"train_step", "loss_and_gradient", "predict"}, optional
            What is run; by default what the last fit ran, else the prediction. An optimizer that
            sees all data at once, such as LBFGS, runs loss and gradient.
        batch_size : int, optional
            Samples of a step; by default those of the last fit.

        Returns
        -------
        str
            A head with the costs of a step; then the phases, between which threads wait for
            each other; in each the groups of rows that a thread takes through several
            kernels, and the kernels with the values that they make.

        Raises
        ------
        EngineError
            If the network runs on another engine.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(2, name="out"), random_state=0).build((3,))
        >>> print(net.plan(batch_size=8))  # doctest: +SKIP
        predict for any number of samples, 128 at a time on avx512
        ...
        """
        return plan_text(self._trainer, program, batch_size)

    def show_plan(self, program: str | None = None, batch_size: int | None = None) -> None:
        """Print how the compiler runs the network; see `plan`."""
        print(self.plan(program, batch_size))

    def save_code(self, folder: str | Path, X: Any = None, y: Any = None, **options: Any) -> Path:
        """Write ``program.py`` and the arrays that it reads into a folder.

        Returns
        -------
        Path
            The program.
        """
        return script.save(script.code(self._trainer, X, y, **options), Path(folder))

    def save(self, path: str | Path) -> None:
        """Write the network into one file, from which `syn0.load` makes it again.

        The file holds what it computes, its numbers, history, preparation and optimizer, so
        that fit continues with the same bits. It is safetensors with plain JSON; layers and
        functions of your own are in it as graphs. What stood there before is replaced in one
        step, or stays as it was.

        Parameters
        ----------
        path : str or Path
            Where; the ending is yours to choose, such as ``.syn0``.

        Raises
        ------
        FileAccessError
            If it cannot be written.
        ArgumentError
            If a part of the network is nothing that a file can hold.
        """
        from syn0.saving import save

        save(self, self._trainer, path)

    def until(self, layer: str) -> Model:
        """Return the network that ends with this layer, holding the same numbers.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(2, name="hidden"), syn0.Dense(1), random_state=0)
        >>> net.build((3,)).until("hidden").predict([[1.0, 2.0, 3.0]]).shape
        (1, 2)
        """
        part = Model(self.wiring.until(layer), None, random_state=self.seed, dtype=self.dtype)
        if self.layout is None:
            return part
        shapes = dict(zip(self.input_names, self.layout.input_shapes, strict=True))
        part.build(tuple(shapes[name] for name in part.input_names))
        return part.set_parameters({k: v for k, v in self.numbers.items() if part.declares(k)})

    def __getattr__(self, name: str) -> Any:
        raise method_hint(type(self).__name__, name)

    def __repr__(self) -> str:
        label = f" {self.name!r}" if self.name else ""
        layers = ", ".join(self.layers)
        return f"<{type(self).__name__}{label}: {layers}>"


class Sequential(Model):
    """Layers one after the other.

    Parameters
    ----------
    *layers : Layer
        The layers, or one list of them; an `Input` may come first.
    random_state, dtype, name
        As in `Model`.

    Examples
    --------
    >>> import syn0
    >>> net = syn0.Sequential(
    ...     syn0.Dense(64, activation="relu", name="hidden"),
    ...     syn0.Dense(10, activation="softmax"),
    ...     random_state=0,
    ... )
    >>> net
    <Sequential: hidden, dense_1>
    """

    def __init__(
        self,
        *layers: Any,
        random_state: int | np.random.RandomState | None = None,
        dtype: str = "float32",
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise network_hint(type(self).__name__, next(iter(unknown)))
        flat = layers[0] if len(layers) == 1 and isinstance(layers[0], (list, tuple)) else layers
        entrance, output = chain(flat, "Sequential")
        super().__init__(entrance, output, random_state=random_state, dtype=dtype, name=name)


def check_gradients(
    network: Any, X: Any, y: Any = None, *, tolerance: float = 1e-4, loss: Any = None
) -> float:
    """Compare the gradients of a network, or of a function, with differences.

    Parameters
    ----------
    network : Model or callable
        A network, whose loss is checked for every parameter; or a function of tensors,
        such as a loss or an activation, which is checked for its arguments.
    X, y : array
        Data for the network; for a function its arguments.
    tolerance : float
        Largest relative difference.
    loss : str or Loss, optional
        The loss to check with; the last fit's or the default.

    Returns
    -------
    float
        The largest relative difference seen.

    Raises
    ------
    GradientError
        If a derivative is wrong: it names the layer or the argument, and both numbers.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> syn0.check_gradients(lambda x: x * syn0.ops.sigmoid(x), np.array([0.5, -1.0])) < 1e-6
    True
    """
    if isinstance(network, Model):
        return check_network(network._trainer, X, y, tolerance=tolerance, loss=loss)
    if not callable(network):
        raise ArgumentError(
            f"{network!r} cannot be checked.", expected="a network, or a function of tensors"
        )
    arguments = [X] if y is None else [X, y]
    return check_function(network, arguments, tolerance=tolerance)
