"""`syn0.load`: a network from a file, in which everything is checked before it is believed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import losses, metrics, optimizers
from syn0.data.preparations import preparation_from_plain
from syn0.errors import DataError, FileAccessError, FileFormatError
from syn0.files import records
from syn0.files.container import Container, read_container, read_tensors
from syn0.files.envelope import read_model
from syn0.files.graphs import decode_shape
from syn0.files.refusal import Refused, short
from syn0.files.restoring import Restorer, check_work
from syn0.files.stored import StoredInitializer
from syn0.graph import DTYPES, Shape, time
from syn0.initializers import Initializer
from syn0.layers import Layer
from syn0.layers.node import Node
from syn0.losses import Loss
from syn0.metrics import Metric
from syn0.model import Model, Sequential
from syn0.networks import Held, Network
from syn0.program import Entry
from syn0.steps import Plan, Target, Task, judge
from syn0.tracing import SEED, STEP
from syn0.training.history import History
from syn0.training.record import Settings
from syn0.wiring import Wiring

Arrays = dict[str, NDArray[Any]]


def load(path: str | Path, custom: Sequence[Any] | Mapping[str, Any] = ()) -> Model:
    """Return the network of a file.

    Nothing in a file is run, imported or looked up by a path: layers and functions of syn0 are
    named from a closed list, and those of one's own are graphs of ops.

    Parameters
    ----------
    path : str or Path
        A file that `Model.save` has written.
    custom : sequence of classes and functions, or mapping of them by name
        Layers, losses, activations and others of one's own that shall be used again instead of
        their graphs; without them the network predicts and trains all the same.

    Returns
    -------
    Model
        The network with its numbers, history and optimizer: ``net.fit`` continues.

    Raises
    ------
    FileFormatError
        If the file is damaged, of another kind, or of a newer release; it names what is wrong.
    FileAccessError
        If it cannot be read.

    Examples
    --------
    >>> import syn0, tempfile
    >>> net = syn0.Sequential(syn0.Dense(2, name="out"), random_state=0).build((3,))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     net.save(f"{folder}/net.syn0")
    ...     again = syn0.load(f"{folder}/net.syn0")
    >>> again, again.seed
    (<Sequential: out>, 0)
    """
    place, known = Path(path), _by_name(custom)
    try:
        net, lost = _Reader(place, known).read()
    except Refused as error:
        raise FileFormatError(
            f"{path} cannot be loaded: {error.what}",
            where=error.where,
            expected=error.expected,
            mend=error.mend,
        ) from error.__cause__
    except OSError as error:
        found = FileAccessError(
            f"{path} cannot be read: {error.strerror or error}.",
            expected="a file that net.save has written",
        )
        found.errno = error.errno
        raise found from error
    except MemoryError:
        raise
    except Exception as error:
        # What a constructor or a shape rule says of numbers that only a damaged file has.
        text = (str(error).splitlines() or [type(error).__name__])[0]
        raise FileFormatError(f"{path} cannot be loaded: {text[:500]}") from error
    if lost:
        warnings.warn(
            f"the optimizer {lost[0]} is not of syn0 and not in the file: the next fit begins with "
            f"Adam and fresh slots. Load it with custom=[{lost[0]}] to continue with it.",
            UserWarning,
            stacklevel=2,
        )
    return net


def _by_name(custom: Any) -> dict[str, Any]:
    if isinstance(custom, Mapping):
        return dict(custom)
    given = custom if isinstance(custom, (list, tuple, set, frozenset)) else [custom]
    return {getattr(one, "__name__", type(one).__name__): one for one in given}


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path, custom: Mapping[str, Any]) -> None:
        self.container: Container = read_container(path)
        self.spans = dict(self.container.spans)
        self.record = read_model(self.container.text)
        self.custom = custom

    def read(self) -> tuple[Model, list[str]]:
        """Return the network, and the optimizers that the file could not hold."""
        record, names = self.record, set(self.spans)
        if set(record.checksums) != names:
            odd = min(set(record.checksums) ^ names)
            raise Refused(f"its tensors and its checksums differ: {short(odd)} is in one only.")
        check_work(record)
        restorer = Restorer(record.own, self._constants(), self.custom, self._make)
        net, nodes = restorer.network(record.network)
        if not isinstance(net, Model):
            raise Refused("its network is a mere definition.", expected="Sequential or Model")
        restorer.outputs = nodes
        self._lay_out(net)
        self._restore_training(net, restorer)
        wanted = self._wanted(net)
        self._check(wanted, bool(restorer.lost))
        self._fill(net, dict(self._read([*wanted])))
        if restorer.lost:
            _forget_optimizer(net)
        return net, restorer.lost

    def _read(self, names: list[str]) -> Any:
        return read_tensors(self.container, names, self.record.checksums)

    def _constants(self) -> dict[int, NDArray[Any]]:
        """Return the arrays of graphs, which the shapes of a network may depend on."""
        used = {
            node.tensor
            for own in self.record.own
            for graph in (*getattr(own, "graphs", ()), *getattr(own, "penalties", ()))
            for node in graph.nodes
            if isinstance(node, records.Constant) and node.tensor is not None
        }
        names = {f"constant/{number}": number for number in used}
        missing = set(names) - set(self.spans)
        if missing:
            raise Refused(f"the tensor {short(min(missing))} is not there.")
        found = {names[name]: array for name, array in self._read(sorted(names))}
        for name in names:
            del self.spans[name]
        return found

    # ----- the network

    def _make(self, kind: str, wiring: Wiring, dtype: str, name: str | None) -> Network:
        if kind == "Network":
            return Network(wiring, None, dtype=dtype, name=name)
        net: Model = object.__new__(Sequential if kind == "Sequential" else Model)
        Model.__init__(net, wiring, None, random_state=self.record.seed, dtype=dtype, name=name)
        return net

    def _lay_out(self, net: Model) -> None:
        """Let the network know its shapes, and what it started from but for arrays."""
        shapes = [_sample_shape(sizes) for sizes in self.record.input_shapes]
        if len(shapes) != len(net.input_names):
            raise Refused(f"{len(shapes)} shapes are given for {len(net.input_names)} inputs.")
        net._check_declared(shapes)
        layout = net.lay_out(shapes)
        values = {name: d for name, d in layout.declared.items() if d.value is not None}
        given = self.record.hyperparameters
        if set(given) != set(values) or not all(map(math.isfinite, given.values())):
            raise Refused(
                f"its hyperparameters are {short(given)}.", expected=", ".join(values) or "none"
            )
        for name, declared in values.items():
            layout.declared[name] = replace(declared, value=given[name])
        for name, declared in layout.declared.items():
            known = isinstance(declared.initializer, (Initializer, Held, StoredInitializer))
            if declared.value is None and not known and not self.custom:
                raise Refused(f"{name} starts from {short(declared.initializer)}.")

    def _restore_training(self, net: Model, restorer: Restorer) -> None:
        """Restore what the last fit was asked for, and trace what it learned once."""
        training, trainer = self.record.training, net._trainer
        settings = Settings(
            restorer.value(training.loss),
            restorer.value(training.optimizer),
            restorer.value(training.metrics),
            restorer.value(training.loss_weights),
        )
        _check_leaves(settings.loss, losses.get)
        _check_leaves(settings.metrics, metrics.get)
        trainer.settings, trainer.epochs_done = settings, training.epochs
        trainer.task = self._task(net, restorer)
        learned = trainer.task.losses if trainer.task else ()
        extra = [loss for loss in learned if isinstance(loss, Node)]
        for mode in (True, False):
            trace = net.trace(training=mode, extra=extra)
            if trainer.task is not None:
                judge(trainer.task, trace)
        if training.trainable is not None and not restorer.lost:
            every = [e.name for e in net.entries() if e.trainable]
            learning = set(training.trainable)
            if not learning or not learning <= set(every):
                raise Refused(f"{short(training.trainable)} were learned.", expected=short(every))
            given = "adam" if settings.optimizer is None else settings.optimizer
            assigned = optimizers.assign(given, every, frozen=set(every) - learning)
            trainer.plan = Plan(tuple(assigned.items()), tuple(training.trainable))

    def _task(self, net: Model, restorer: Restorer) -> Task | None:
        task = self.record.training.task
        if task is None:
            return None
        count = len(net.output_names)
        if any(len(x) != count for x in (task.losses, task.targets, task.metrics)):
            raise Refused(f"its task is not one of {count} outputs.")
        if len(task.loss_weights) != count or not all(map(math.isfinite, task.loss_weights)):
            raise Refused(f"its losses have the weights {short(task.loss_weights)}.")
        learned = tuple(map(restorer.value, task.losses))
        measured = tuple(tuple(map(restorer.value, chosen)) for chosen in task.metrics)
        if not all(isinstance(loss, (Loss, Node)) for loss in learned):
            raise Refused(f"{short(learned)} are no losses.")
        if not all(isinstance(metric, Metric) for chosen in measured for metric in chosen):
            raise Refused(f"{short(measured)} are no metrics.")
        names = net.output_names
        targets = tuple(_target(t, n, names) for t, n in zip(task.targets, names, strict=True))
        return Task(learned, targets, measured, tuple(task.loss_weights), names, task.weighted)

    # ----- tensors

    def _wanted(self, net: Model) -> dict[str, tuple[tuple[int, ...], str] | None]:
        """Return the tensors that the file must have or may have, with shapes and dtypes."""
        layout, plan = net.known_layout(), net._trainer.plan
        must = {e.name: e for e in (*net.entries(), SEED, STEP)}
        may = {e.name: e for e in plan.entries(net.entries())} if plan is not None else {}
        wanted: dict[str, tuple[tuple[int, ...], str] | None] = {}
        for name, entry in {**may, **must}.items():
            if name in must or f"state/{name}" in self.spans:
                wanted[f"state/{name}"] = _kind(entry)
        for name, declared in layout.declared.items():
            if f"given/{name}" in self.spans:
                wanted[f"given/{name}"] = _kind(declared.entry)
            stored = isinstance(declared.initializer, StoredInitializer)
            if stored or (declared.initializer is not None and f"initial/{name}" in self.spans):
                wanted[f"initial/{name}"] = _kind(declared.entry)
        history = self.record.history
        if len(set(history.keys)) < len(history.keys) or (history.epochs and not history.keys):
            raise Refused(f"its history has the keys {short(history.keys)}.")
        wanted |= {f"history/{key}": ((history.epochs,), "float64") for key in history.keys}
        if self.record.preparation is not None:
            wanted |= {f"preparation/{name}": None for name in self.record.preparation.arrays}
        if self.record.run is not None:
            wanted |= run_tensors(self.record.run)
        return wanted

    def _check(self, wanted: Mapping[str, tuple[tuple[int, ...], str] | None], lost: bool) -> None:
        """Hold the tensors that are there against those that the network has."""
        unknown = set(self.spans) - set(wanted)
        if lost:  # the slots of an optimizer that is not there
            unknown = {name for name in unknown if not name.startswith("state/")}
        missing = set(wanted) - set(self.spans)
        for names, what in ((missing, "is missing"), (unknown, "belongs to nothing")):
            if names:
                raise Refused(f"the tensor {short(min(names))} {what}.")
        for name, kind in wanted.items():
            span = self.spans[name]
            if kind is not None and (span.shape, span.dtype) != kind:
                raise Refused(
                    f"the tensor {name} has the shape {span.shape} and the dtype {span.dtype}.",
                    expected=f"the shape {kind[0]} and the dtype {kind[1]}",
                )

    def _fill(self, net: Model, tensors: Arrays) -> None:
        """Put the numbers of the file into the network."""
        groups: dict[str, Arrays] = {}
        for name, array in tensors.items():
            group, _, rest = name.partition("/")
            groups.setdefault(group, {})[rest] = array
        net.numbers = groups.get("state", {})
        for name, array in net.numbers.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise Refused(f"{name} holds numbers that are not finite.")
        if int(net.numbers["seed"]) != self.record.seed or int(net.numbers["step"]) < 0:
            raise Refused("its seed or its number of steps is not what it may be.")
        net._given = groups.get("given", {})
        declared = net.known_layout().declared
        for name, array in groups.get("initial", {}).items():
            stored = declared[name].initializer
            if isinstance(stored, StoredInitializer):
                stored.values[array.shape] = array
            declared[name] = replace(declared[name], initializer=Held(array))
        unknown = net._settled - set(declared)
        if unknown:
            raise Refused(f"{short(min(unknown))} is settled and does not exist.")
        net.history = History()
        if self.record.history.epochs:
            columns = groups.get("history", {})
            net.history.append_several({key: columns[key] for key in self.record.history.keys})
        if self.record.preparation is not None:
            plain, arrays = self.record.preparation.plain, groups.get("preparation", {})
            try:
                net.preparation = preparation_from_plain(plain, arrays)
            except DataError as error:
                what, where = error.what, error.where
                raise Refused(what, where=where, expected=error.expected, mend=error.mend) from None


def run_tensors(run: records.Run) -> dict[str, tuple[tuple[int, ...], str] | None]:
    """Return the tensors that a checkpoint has besides those of the model."""
    totals = {f"total/{name}": ((), "float64") for name in run.totals}
    memories = enumerate(run.callbacks)
    kept = {f"callback/{i}/{name}": None for i, m in memories for name in m.arrays}
    return {**totals, **kept}


def _forget_optimizer(net: Model) -> None:
    """Let the next fit begin with an optimizer of its own."""
    net._trainer.settings = replace(net._trainer.settings, optimizer=None)
    kept = {*net.known_layout().declared, SEED.name, STEP.name}
    net.numbers = {name: value for name, value in net.numbers.items() if name in kept}
    net.numbers[STEP.name] = np.asarray(0, STEP.dtype)


def _check_leaves(value: Any, get: Callable[[Any], Any]) -> None:
    """Refuse what is no loss or no metric, among those that the last fit was given."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for item in value:
            _check_leaves(item, get)
    elif value is not None and not isinstance(value, Node):
        if isinstance(value, (Layer, Initializer, StoredInitializer)):
            raise Refused(f"{short(value)} is no loss and no metric.")
        get(value)


def _sample_shape(sizes: records.Sizes) -> Shape:
    shape = decode_shape(sizes)
    if any(not isinstance(d, int) and d != time for d in shape) or len(shape) > 16:
        raise Refused(f"a sample has the shape {short(shape)}.")
    return shape


def _target(target: records.Target | None, output: str, names: Sequence[str]) -> Target | None:
    if target is None:
        return None
    name = "y" if len(names) == 1 else f"y_{output}"
    if target.name != name or target.dtype not in DTYPES:
        raise Refused(f"the targets {short(target.name)} are {short(target.dtype)}.", expected=name)
    return Target(name, decode_shape(target.shape), target.dtype, target.classes)


def _kind(entry: Entry) -> tuple[tuple[int, ...], str]:
    return tuple(int(d) for d in entry.shape), entry.dtype
