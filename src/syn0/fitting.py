"""From what people give to `fit` to what the programs take: losses, targets, weights, splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from syn0 import arrays, losses, metrics
from syn0.activations import name_of
from syn0.errors import (
    ArgumentError,
    DataError,
    DTypeError,
    ShapeError,
    UnknownNameError,
    did_you_mean,
)
from syn0.graph import FLOATS, Shape, Tensor, time
from syn0.layers import Activation
from syn0.layers.activation import function_of
from syn0.layers.node import Node
from syn0.losses import Loss
from syn0.networks import Network
from syn0.steps import Target, Task
from syn0.training.samples import Data

Array = NDArray[Any]
T = TypeVar("T")


def distribute(value: Any, names: Sequence[str], what: str, default: T) -> list[Any | T]:
    """Return one item for each name, from one for all, a sequence, or a mapping."""
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in names]
        if unknown:
            raise UnknownNameError(
                f"{what} names {unknown[0]!r}, which the network does not have.",
                expected=", ".join(names),
                mend=did_you_mean(str(unknown[0]), names),
            )
        return [value.get(name, default) for name in names]
    if len(names) == 1:
        return [value]
    if isinstance(value, (list, tuple)):
        if len(value) != len(names):
            raise ArgumentError(
                f"{what} has {len(value)} items for {len(names)}: {', '.join(names)}.",
                expected=f"{len(names)} items, or a mapping by name",
            )
        return list(value)
    return [value] * len(names)


def prepare_inputs(network: Network, X: Any, called: str = "X") -> dict[str, Array]:
    """Return the inputs by name, each checked against the shape that the network takes."""
    names = network.input_names
    if len(names) > 1 and not isinstance(X, (Mapping, tuple, list)):
        raise DataError(
            f"the network has {len(names)} inputs, {called} is one array.",
            expected=f"a tuple, or a mapping by name: {', '.join(names)}",
        )
    single = len(names) == 1 and not isinstance(X, Mapping)
    given = [X] if single else distribute(X, names, called, None)
    found = {}
    for name, value in zip(names, given, strict=True):
        what = called if len(names) == 1 else f"{called}[{name!r}]"
        found[name] = arrays.to_array(value, what)
        if found[name].ndim == 0:
            raise _no_rows(found[name], what)
    if network.built:
        found = check_inputs(network, found, called)
    arrays.check_same_length(found)
    return found


def check_inputs(
    network: Network, inputs: Mapping[str, Array], called: str = "X"
) -> dict[str, Array]:
    """Return the inputs if they have the shapes and values that the network takes."""
    checked = {}
    for tensor in network.input_tensors():
        name = tensor.name or ""
        what = called if len(inputs) == 1 else f"{called}[{name!r}]"
        array = arrays.check_rows(inputs[name], tensor.shape[1:], what)
        if tensor.dtype in FLOATS:
            arrays.check_numbers(array, what, tensor.dtype)
        else:
            arrays.check_finite(array, what)
        if "int" in tensor.dtype:
            array = arrays.check_integers(array, what)
            limit = network.vocabulary_of(name)
            if limit is not None and array.size and not 0 <= array.min() <= array.max() < limit:
                raise DataError(
                    f"{what} holds {array.min()} to {array.max()}.",
                    expected=f"whole numbers from 0 to {limit - 1}",
                    mend=f"Embedding(vocabulary={int(array.max()) + 1}, ...)",
                )
        checked[name] = array
    lengths = {
        name: checked[name].shape[axis]
        for name, tensor in ((t.name or "", t) for t in network.input_tensors())
        for axis, size in enumerate(tensor.shape)
        if size == time
    }
    if len(set(lengths.values())) > 1:
        raise ShapeError(
            "the inputs differ in their length in time: "
            + ", ".join(f"{name} has {n}" for name, n in lengths.items())
            + ".",
            where=called,
            expected="one length for all inputs of a call",
            mend="pad the shorter ones, or give an input a fixed length: Input((length, features))",
        )
    return checked


def shapes_from(inputs: Mapping[str, Array], declared: Sequence[Shape] | None) -> list[Shape]:
    """Return the shape of one sample of each input."""
    if declared is not None:
        return list(declared)
    shapes: list[Shape] = []
    for name, array in inputs.items():
        if array.ndim == 0 or (array.ndim == 1 and len(inputs) == 1):
            raise _no_rows(array, "X" if len(inputs) == 1 else f"X[{name!r}]")
        if len(array) == 0:
            raise DataError(f"X is empty: its shape is {array.shape}.", expected="samples")
        shapes.append(array.shape[1:])
    return shapes


def _no_rows(array: Array, what: str) -> ShapeError:
    return ShapeError(
        f"{what} has the shape {array.shape}.",
        expected="(samples, features)",
        mend=f"one feature: {what}.reshape(-1, 1); one sample: {what}.reshape(1, -1)",
    )


# ----- losses and metrics -------------------------------------------------


def default_loss(layer: Any, y_pred: Tensor) -> Loss:
    """Return the loss that goes with the last activation.

    Parameters
    ----------
    layer : Layer
        The last layer, whose activation may be a function of one's own called sigmoid.
    y_pred : Tensor
        What it puts out.
    """
    given = layer if isinstance(layer, Activation) else getattr(layer, "activation", None)
    called = "" if given is None or isinstance(given, str) else name_of(function_of(given))
    for activation, loss in (("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")):
        known = losses.scores_before(activation, y_pred) is not y_pred
        if losses.activation_before(y_pred) == activation or (called == activation and known):
            return losses.get(loss)
    return losses.get("mean_squared_error")


def make_task(
    network: Network,
    *,
    loss: Any,
    metrics_given: Any,
    loss_weights: Any,
    y: Any,
) -> tuple[Task, dict[str, Array]]:
    """Return what is learned, and the targets that fit it."""
    trace = network.trace()
    names = network.output_names
    given = distribute(loss, names, "loss", None)
    wanted = distribute_metrics(metrics_given, names)
    weights = distribute_weights(loss_weights, names)
    truths = distribute_targets(y, names)
    found: list[Loss | Node] = []
    targets: list[Target | None] = []
    chosen: list[tuple[metrics.Metric, ...]] = []
    values: dict[str, Array] = {}
    for i, (output, y_pred) in enumerate(trace.outputs.items()):
        one = given[i]
        if not isinstance(one, Node):
            last = network.wiring.outputs[i].layer
            one = default_loss(last, y_pred) if one is None else losses.get(one)
        found.append(one)
        name = "y" if len(names) == 1 else f"y_{output}"
        what = "y" if len(names) == 1 else f"y[{output!r}]"
        chosen.append(_metrics(wanted[i], one, y_pred))
        if isinstance(one, Node) or (truths[i] is None and isinstance(one, losses.FunctionLoss)):
            _check_unwanted(one, truths[i], chosen[-1], what)
            targets.append(None)
            continue
        target, values[name] = _target(one, truths[i], y_pred, name, what)
        targets.append(target)
    task = Task(tuple(found), tuple(targets), tuple(chosen), tuple(weights), tuple(names))
    return task, values


def fit_targets(task: Task, outputs: Mapping[str, Tensor], y: Any) -> dict[str, Array]:
    """Return more targets for a task that is known, which must be of the kind it has.

    Parameters
    ----------
    task : Task
        Made by `make_task` from other targets.
    outputs : mapping of str to Tensor
        What the network puts out.
    y : array, or a sequence or mapping of them
        The targets.
    """
    names = task.output_names
    truths = distribute_targets(y, names)
    values: dict[str, Array] = {}
    for i, (output, y_pred) in enumerate(outputs.items()):
        what = "y" if len(names) == 1 else f"y[{output!r}]"
        loss, target = task.losses[i], task.targets[i]
        if target is None or isinstance(loss, Node):
            _check_unwanted(loss, truths[i], (), what)
            continue
        found, values[target.name] = _target(loss, truths[i], y_pred, target.name, what)
        if found != target:
            kinds = ["class numbers" if t.classes else "one number a unit" for t in (found, target)]
            raise DataError(f"{what} holds {kinds[0]}.", expected=f"{kinds[1]}, as before")
    return values


def _check_unwanted(loss: Loss | Node, y: Any, chosen: Sequence[metrics.Metric], what: str) -> None:
    if y is not None:
        raise ArgumentError(
            f"{what} is given, but the loss is a number that the network computes itself.",
            mend="leave y out, or give it to the network as one more Input",
        )
    if chosen:
        raise ArgumentError(
            f"the metric {chosen[0].name} needs {what}, which is None.", mend="leave metrics out"
        )


def _metrics(given: Any, loss: Any, y_pred: Any) -> tuple[metrics.Metric, ...]:
    if given is None:
        given = ["accuracy"] if isinstance(loss, Loss) and loss.targets == "classes" else []
    if isinstance(given, str) or not isinstance(given, (list, tuple)):
        given = [given]
    threshold = loss.threshold(y_pred) if isinstance(loss, Loss) else None
    found = tuple(metrics.get(m, threshold) for m in given)
    twice = [name for name, n in Counter(["loss", *(m.name for m in found)]).items() if n > 1]
    if twice:
        raise ArgumentError(
            f"two figures have the name {twice[0]!r}.", where="metrics=", mend="give one a name="
        )
    return found


def distribute_metrics(given: Any, names: Sequence[str]) -> list[Any]:
    """Return the metrics of each output; a flat list goes to all of them."""
    if isinstance(given, (list, tuple)) and not any(isinstance(m, (list, tuple)) for m in given):
        return [given] * len(names)
    return distribute(given, names, "metrics", None)


def distribute_weights(given: Any, names: Sequence[str]) -> list[float]:
    """Return the weight of each output's loss.

    Raises
    ------
    ArgumentError
        If one is not a finite number, or there are more or fewer than outputs.

    Examples
    --------
    >>> distribute_weights({"size": 0.5}, ["kind", "size"])
    [1.0, 0.5]
    """
    given = given.tolist() if isinstance(given, np.ndarray) else given
    if len(names) == 1 and isinstance(given, (list, tuple)) and len(given) == 1:
        (given,) = given
    weights = distribute(given, names, "loss_weights", 1.0)
    for name, weight in zip(names, weights, strict=True):
        number = isinstance(weight, (int, float, np.integer, np.floating))
        if not number or isinstance(weight, bool) or not np.isfinite(weight):
            raise ArgumentError(
                f"the loss weight of the output {name!r} is {weight!r}.",
                where="loss_weights=",
                expected=f"a finite number for each output: {', '.join(names)}",
                mend="leave loss_weights out to count all alike",
            )
    return [float(weight) for weight in weights]


def distribute_targets(y: Any, names: Sequence[str]) -> list[Any]:
    """Return the targets of each output, None where there are none."""
    if y is None:
        return [None] * len(names)
    if len(names) > 1 and not isinstance(y, (Mapping, tuple, list)):
        raise DataError(
            f"the network has {len(names)} outputs, y is one {type(y).__name__}.",
            where="y",
            expected=f"a tuple, or a mapping by name: {', '.join(names)}",
            mend="to teach all the same, give it to each: y=({})".format(
                ", ".join(["y"] * len(names))
            ),
        )
    return distribute(y, names, "y", None)


def _target(loss: Loss, y: Any, y_pred: Tensor, name: str, what: str) -> tuple[Target, Array]:
    shape = y_pred.shape[1:]
    if y is None:
        raise DataError(
            f"{what} is None.",
            expected=f"targets for the loss {loss.name}",
            mend="give fit(X, y)",
        )
    if isinstance(loss, losses.CrossEntropy) and shape[-1:] == (1,):
        raise ArgumentError(
            "cross_entropy compares classes, but there is one output unit, whose softmax is "
            "always 1.",
            where="the last layer",
            mend="for yes or no: activation='sigmoid', loss='binary_cross_entropy'; for classes: "
            "one unit each",
        )
    kind = loss.targets
    if kind == "classes" and not loss.exclusive(y_pred):
        kind = "questions"
    if isinstance(loss, losses.FunctionLoss) and shape and shape[-1] != 1:
        given = arrays.to_text_checked(y, what)
        if given.dtype.kind in "iu" and given.ndim == len(shape):
            kind = "classes"
    array = arrays.check_targets(y, shape, kind, what, y_pred.dtype)
    if array.ndim == len(shape) and kind == "classes" and shape[-1] != 1:
        units = shape[-1]
        assert isinstance(units, int)
        return Target(name, shape[:-1], "int64", units), array
    return Target(name, shape, y_pred.dtype), array


# ----- chunks -------------------------------------------------------------


@dataclass(frozen=True)
class Alike:
    """Makes chunks ready for a fit that the first one decided.

    Parameters
    ----------
    network : Network
        What is trained.
    outputs : mapping of str to Tensor
        What it puts out.
    task : Task
        What it learns.
    dtypes : mapping of str to dtype
        Those of the first chunk, by the names of the program's inputs.
    weighted : bool
        Whether the first chunk brought weights.
    class_weight : mapping, optional
        How much each class counts.
    """

    network: Network
    outputs: Mapping[str, Tensor]
    task: Task
    dtypes: Mapping[str, np.dtype[Any]]
    weighted: bool
    class_weight: Mapping[Any, float] | None = None

    def __call__(self, X: Any, y: Any, sample_weight: Any) -> dict[str, Array]:
        """Return the arrays of a chunk under the names of the program's inputs."""
        inputs = prepare_inputs(self.network, X)
        targets = fit_targets(self.task, self.outputs, y)
        samples = arrays.check_same_length({**inputs, **targets})
        if (sample_weight is not None) != self.weighted:
            here, first = ("no", "one") if sample_weight is None else ("a", "none")
            raise DataError(
                f"there is {here} sample_weight.",
                expected=f"{first}, as in the first chunk",
                mend="give (X, y, sample_weight) in every chunk, or in none",
            )
        weight = None
        if sample_weight is not None:
            weight = arrays.check_sample_weight(sample_weight, samples, some=False)
        data = Data(inputs, targets, weight)
        data = data.weighted_by(chunk_weights(self.class_weight, self.task, data)).present()
        return {name: _cast(x, self.dtypes[name], name) for name, x in data.all().items()}


def chunk_weights(given: Any, task: Task, data: Data) -> Array | None:
    """Return the weight of each sample's class, where a chunk need not have all classes."""
    labels = labels_of(task, data)
    if given is None or labels is None:
        return class_weights(given, labels)
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"class_weight is {given!r}, which needs all samples at once.",
            where="class_weight=",
            expected="{class number: weight}, where chunks come one after the other",
        )
    known = set(np.unique(labels).tolist())
    return class_weights({key: w for key, w in given.items() if key in known}, labels)


def _cast(array: Array, dtype: np.dtype[Any], name: str) -> Array:
    if not np.can_cast(array.dtype, dtype, "safe"):
        raise DTypeError(
            f"{name} holds {array.dtype}, which {dtype} cannot hold.",
            expected=f"{dtype}, as in the first chunk",
            mend=f"{name}.astype({str(dtype)!r}), or the wider dtype in every chunk",
        )
    return array.astype(dtype, copy=False)


# ----- weights and splits -------------------------------------------------


def labels_of(task: Task, data: Data) -> Array | None:
    """Return one class number a sample, None where there is no such thing."""
    if len(task.losses) != 1 or len(data.targets) != 1:
        return None
    loss, target, (y,) = task.losses[0], task.targets[0], data.targets.values()
    if not isinstance(loss, Loss) or loss.targets != "classes" or target is None:
        return None
    numbers = y if y.ndim == 1 else None
    labels = _labels_of_rows(y) if target.classes is None else numbers
    return labels if labels is None or data.chosen is None else labels[data.chosen]


def _labels_of_rows(y: Array) -> Array | None:
    """Return the class of each one-hot row, or of each answer to one question."""
    if y.ndim != 2:
        return None
    parts = []
    for _, part in arrays.blocks(y):
        if y.shape[1] == 1:
            parts.append((part[:, 0] > 0.5).astype(int))
        elif np.all(np.isin(part, (0, 1))) and np.all(part.sum(axis=1) == 1):
            parts.append(part.argmax(axis=1))
        else:
            return None
    return np.concatenate(parts)


def class_weights(given: Any, labels: Array | None, counted: Array | None = None) -> Array | None:
    """Return the weight of each sample's class, None if all count alike.

    Parameters
    ----------
    given : "balanced", mapping or None
        ``"balanced"`` gives classes weights so that all have the same sum.
    labels : array of shape (samples,), optional
        Class numbers.
    counted : array of shape (samples,), optional
        How many times each sample counts.

    Examples
    --------
    >>> class_weights("balanced", np.array([0, 0, 0, 1]))
    array([0.66666667, 0.66666667, 0.66666667, 2.        ])
    """
    if given is None:
        return None
    if labels is None:
        raise ArgumentError(
            "class_weight needs classes.", where="class_weight=",
            expected="one output with a classification loss, each sample of one class",
            mend="use sample_weight, one weight for each sample",
        )  # fmt: skip
    classes, places = np.unique(labels, return_inverse=True)
    if isinstance(given, str) and given == "balanced":
        counts = np.bincount(places, counted)
        return np.asarray((counts.sum() / (len(classes) * counts))[places])
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f"class_weight is {given!r}.", expected="'balanced' or {class number: weight}"
        )
    unknown = [key for key in given if key not in classes]
    if unknown:
        raise ArgumentError(
            f"class_weight names the class {unknown[0]!r}, which y does not have.",
            expected="class numbers of y: " + ", ".join(map(str, classes[:10])),
        )
    each = [given.get(int(c), 1.0) for c in classes]
    return arrays.check_sample_weight(each, len(classes), "class_weight")[places]


def split(data: Data, share: float, seed: int, labels: Array | None) -> tuple[Data, Data]:
    """Set a share of the samples aside, of each class alike.

    Raises
    ------
    ArgumentError
        If the share leaves nothing on one side.
    """
    from sklearn.model_selection import train_test_split

    n = data.samples
    held = round(n * share)
    if not 0 < share < 1 or held == 0 or held == n:
        raise ArgumentError(
            f"validation_data={share!r} of {n} samples leaves one side empty.",
            expected="a share between 0 and 1 that leaves samples on both sides, "
            "or (X_validation, y_validation)",
        )
    stratify = None
    if labels is not None:
        counts = np.unique(labels, return_counts=True)[1]
        if counts.min() >= 2 and min(held, n - held) >= len(counts):
            stratify = labels
    train, test = train_test_split(
        np.arange(n), test_size=held, random_state=seed % 2**32, stratify=stratify
    )
    return data.subset(np.sort(train)), data.subset(np.sort(test))
