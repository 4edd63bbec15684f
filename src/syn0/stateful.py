"""A network with its numbers and compiled programs; the verbs are in `model`."""

from __future__ import annotations

import copy
import fnmatch
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from syn0 import fitting, steps
from syn0.arrays import check_finite, check_range, to_array
from syn0.class_evidence import class_evidence_program
from syn0.data.images import Images
from syn0.data.preparations import AnyPreparation
from syn0.data.table import Table
from syn0.diagnosis.probe import probe_program
from syn0.engines import Executable, choose
from syn0.errors import ArgumentError, DataError, ShapeError, UnknownNameError, did_you_mean
from syn0.graph import FLOATS, Shape, format_shape, time
from syn0.layout import Layout
from syn0.networks import Network, as_layer, check_dtype
from syn0.program import Program, State
from syn0.sharing import form_of_network, shared
from syn0.training.history import History
from syn0.training.samples import Data
from syn0.wiring import Wiring

Array = NDArray[Any]
CHUNK = 4096  # rows that a whole set is run through at a time
KEPT = 16  # programs that stay compiled: those last used

_MAKERS: Mapping[str, Callable[..., Program]] = {
    "predict": steps.predict_program,
    "activations": steps.activations_program,
    "reading": steps.reading_program,
    "class_evidence": class_evidence_program,
    "evaluate": steps.evaluate_program,
    "loss_and_gradient": steps.gradient_program,
    "train_step": steps.train_program,
    "probe": probe_program,
}


class StatefulNetwork(Network):
    """A `Network` and its state: built, seeded, and run through an engine.

    Parameters
    ----------
    inputs, outputs, dtype, name
        As in `Network`.
    random_state : int, optional
        The seed; drawn and kept as ``seed`` if not given.

    Attributes
    ----------
    seed : int
        What initial parameters, orders of samples and dropout are drawn from.
    history : History
        All epochs of all fits.
    numbers : dict of str to array
        The state: parameters, statistics, hyperparameters, optimizer slots and counters.
    preparation : Preparation, ImagePreparation or None
        How tables, or pictures, become features; with it, these are taken wherever arrays are.
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        *,
        random_state: int | np.random.RandomState | None = None,
        dtype: str = "float32",
        name: str | None = None,
    ) -> None:
        super().__init__(inputs, outputs, dtype=dtype, name=name)
        self.seed = _seed(random_state)
        self.seed_drawn = random_state is None
        self.history = History()
        self.numbers: State = {}
        self._given: State = {}  # what people set before any training: initial values too
        self._settled: set[str] = set()  # statistics that are measured, set or inherited
        self._family: OrderedDict[Any, Executable] = OrderedDict()
        self.engine = "auto"  # what the last fit asked for
        self.preparation: AnyPreparation | None = None
        known = self.declared_shapes() is not None and self.is_complete
        if known and not isinstance(inputs, Wiring):
            self.build()  # whoever gives wiring builds it with the numbers that there are

    # ----- building

    def build(self, shape: Any = None) -> Self:
        """Set the shapes without data, and draw the initial parameters.

        Parameters
        ----------
        shape : tuple of int, or a sequence of them
            The shape of one sample of each input; not needed after ``Input(shape)``.

        Returns
        -------
        Model
            The network itself.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(2)).build((3,))
        >>> net.parameters["W_dense_1"].shape
        (3, 2)
        """
        shapes = self.declared_shapes() if shape is None else _shapes(shape, self.input_names)
        if shapes is None:
            raise ShapeError(
                "the shape of the input is not known.", mend="give it: net.build((features,))"
            )
        if self.layout is not None and list(self.layout.input_shapes) == shapes:
            return self
        if self.history:
            raise ShapeError(
                f"the network was trained on inputs of {_listed(self.known_layout())}.",
                where=f"net.build({shape})",
                mend="make another network for another shape",
            )
        self._check_declared(shapes)
        before = self.layout
        self.lay_out(shapes)
        try:
            self.numbers, self._given = self.first_state(self.seed), {}
        except Exception:
            self.layout = before
            raise
        self._family.clear()
        self._settled = set(self.settled_entries())
        return self

    def _check_declared(self, shapes: Sequence[Shape]) -> None:
        declared = self.declared_shapes()
        if declared is not None and list(declared) != list(shapes):
            raise ShapeError(
                "the shape differs from that of Input.",
                where="net.build",
                expected=", ".join(map(format_shape, declared)),
                mend="call net.build() without a shape",
            )

    @property
    def input_shape(self) -> Shape | tuple[Shape, ...]:
        """The shape of one sample, without the axis of samples."""
        shapes = self.known_layout().input_shapes
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Shape | tuple[Shape, ...]:
        """The shape of the output for one sample."""
        shapes = self.known_layout().output_shapes
        return shapes[0] if len(shapes) == 1 else shapes

    def prepare(self, X: Any) -> dict[str, Array]:
        """Return checked inputs by name, building the network from them if need be."""
        if self.preparation is not None and self.reads(X):
            X = self.preparation.features(X)
        elif isinstance(X, Table):
            raise DataError(
                "X is a table, and the network does not know how to turn it into numbers.",
                expected="an array of features",
                mend="net.preparation = syn0.data.Preparation.learn(table, target=...)",
            )
        elif isinstance(X, Images):
            raise DataError(
                "X are Images, and the network does not know how they are read.",
                expected="an array of pixels",
                mend="images.X and images.y; or net.preparation = "
                "syn0.data.ImagePreparation.learn(images)",
            )
        inputs = fitting.prepare_inputs(self, X)
        if self.built:
            return inputs
        shapes = fitting.shapes_from(inputs, self.declared_shapes())
        self.build(shapes[0] if len(shapes) == 1 else tuple(shapes))
        return fitting.check_inputs(self, inputs)

    def reads(self, X: Any) -> bool:
        """Tell whether X is what the network's preparation turns into features."""
        return self.preparation is not None and self.preparation.reads(X)

    def samples(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return features and targets of what the preparation reads, all else as it is."""
        if self.preparation is None or not self.preparation.reads(X):
            return X, y
        return self.preparation.samples(X) if y is None else (self.preparation.features(X), y)

    # ----- parameters

    @property
    def parameters(self) -> dict[str, Array]:
        """Copies of the parameters and running statistics, by the names of printed code."""
        return {name: self.numbers[name].copy() for name in self.restorable()}

    def set_parameters(self, mapping: Mapping[str, Any]) -> Self:
        """Set some parameters, running statistics or hyperparameters.

        Parameters
        ----------
        mapping : mapping of str to array
            New values by name, in the shapes that the network has. Hyperparameters, such as
            ``rate_dropout_1``, and after a fit ``learning_rate``, may be set too: they are
            numbers of the state, so nothing is compiled anew.

        Raises
        ------
        UnknownNameError, ShapeError, DataError
            If a name, a shape or a value does not fit; nothing is changed then.
        """
        own = self.known_layout().declared
        known = {n: v for n, v in self.numbers.items() if n not in ("step", "seed")}
        checked: State = {}
        for name, value in mapping.items():
            if name not in known:
                raise UnknownNameError(
                    f"there is no parameter {name!r}.", mend=did_you_mean(str(name), known)
                )
            array = to_array(value, name)
            if array.shape != known[name].shape:
                raise ShapeError(
                    f"{name} got the shape {array.shape}.",
                    expected=format_shape(known[name].shape),
                )
            check_finite(array, name)
            if str(known[name].dtype) in FLOATS:
                check_range(array, name, str(known[name].dtype))
            checked[name] = array.astype(known[name].dtype)
        self.numbers.update(checked)
        if not self.history:
            self._given |= {name: v.copy() for name, v in checked.items() if name in own}
        self._settled |= set(checked)
        return self

    def restorable(self) -> list[str]:
        """Return the names of parameters and running statistics."""
        return [e.name for e in self.entries() if e.role in ("parameter", "statistic")]

    def trainable(self) -> list[str]:
        """Return the names of the parameters that training changes."""
        frozen = self.frozen_entries()
        return [e.name for e in self.entries() if e.trainable and e.name not in frozen]

    def measure_statistics(self, found: Mapping[str, Array]) -> None:
        """Take over statistics that were measured on training data, once."""
        self.numbers.update(found)
        self._settled |= set(found)

    def is_settled(self, entry: str) -> bool:
        """Tell whether a statistic is not to be measured: it was, or somebody set it."""
        return entry in self._settled

    def settled_entries(self) -> frozenset[str]:
        """Return the statistics that are settled, here or in networks inside."""
        return super().settled_entries() | self._settled

    def declares(self, entry: str) -> bool:
        """Tell whether a layer declares this entry of the state."""
        return entry in self.known_layout().declared

    def held(self, entry: str) -> Array | None:
        """Return the number that an entry holds, None before there is one."""
        return self.numbers.get(entry)

    def reset(self) -> Self:
        """Restore the initial parameters and forget history and optimizer."""
        self.numbers = self.first_state(self.seed)
        self.numbers |= {name: value.copy() for name, value in self._given.items()}
        self._settled = set()
        self._settled = {*self.settled_entries(), *self._given}
        self.history = History()
        return self

    def anew(
        self,
        *,
        random_state: int | np.random.RandomState | None = None,
        dtype: str | None = None,
        layers: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return an untrained network of the same layers, of its own.

        What was set before any training, `set_parameters`, is its start too.

        Parameters
        ----------
        random_state : int, optional
            Another seed.
        dtype : {"float32", "float64"}, optional
            What to compute in.
        layers : mapping of name to Layer, optional
            Layers that take the places of others, under their names.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(2, name="hidden"), syn0.Dense(1), random_state=0)
        >>> net.anew(layers={"hidden": syn0.Dense(5)}).build((3,)).parameters["W_hidden"].shape
        (3, 5)
        """
        other = copy.deepcopy(self)
        if random_state is not None:
            other.seed = _seed(random_state)
        if layers:
            given = {name: as_layer(layer, f"layer {name!r}") for name, layer in layers.items()}
            other.wiring = other.wiring.replaced(given)
        if dtype is not None:
            other.dtype = check_dtype(dtype)
        if other.layout is None:
            return other
        shapes = other.layout.input_shapes
        other.layout, other.history = None, History()
        other.build(shapes)
        now = {name: value.shape for name, value in other.numbers.items()}
        kept = {k: v for k, v in self._given.items() if now.get(k) == v.shape}
        return other.set_parameters(kept).reset()

    def snapshot(self) -> tuple[Any, ...]:
        """Return what `restore` takes to undo a call that failed."""
        kept = dict(self.numbers), set(self._settled), dict(self._given)
        return self.layout, *kept, self.seed, self.history

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Go back to a snapshot, unbuilt if it was unbuilt."""
        self.layout, self.numbers, self._settled, self._given, self.seed, self.history = snapshot

    def adopt(self, numbers: State, settled: Iterable[str], history: History) -> None:
        """Take over what a checkpoint holds, which fits."""
        self.numbers, self._settled, self.history = numbers, set(settled), history

    def as_of(self, numbers: State, history: History) -> Self:
        """Return a view of the network with other numbers and another history."""
        other = object.__new__(type(self))
        other.__dict__.update({**self.__dict__, "numbers": numbers, "history": history})
        return other

    # ----- copies

    def __getstate__(self) -> dict[str, Any]:
        """Leave compiled programs out: they are made again when they are wanted."""
        return {**self.__dict__, "_family": OrderedDict()}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a network with numbers of its own; layers never change and are shared."""
        other = object.__new__(type(self))
        memo[id(self)] = other
        for node in self.wiring.order:  # a loss may be wired to them
            memo[id(node)], memo[id(node.layer)] = node, node.layer
        shared = ("wiring", "layout", "_nested", "preparation")
        for name, value in self.__getstate__().items():
            other.__dict__[name] = value if name in shared else copy.deepcopy(value, memo)
        other._nested = None
        return other

    def __copy__(self) -> Self:
        return copy.deepcopy(self)

    # ----- freezing

    def freeze(self, *patterns: str) -> Self:
        """Keep layers as they are during training.

        Parameters
        ----------
        *patterns : str
            Names of layers; ``*`` stands for anything. Running statistics of a frozen
            layer are used and not changed.

        Examples
        --------
        >>> import syn0
        >>> net = syn0.Sequential(syn0.Dense(2, name="hidden"), syn0.Dense(1, name="output"))
        >>> _ = net.freeze("hid*")
        """
        self.frozen |= self._matching(patterns)
        return self

    def unfreeze(self, *patterns: str) -> Self:
        """Let layers learn again; see `freeze`."""
        self.frozen -= self._matching(patterns)
        return self

    def _matching(self, patterns: Iterable[str]) -> set[str]:
        names = list(self.layers)
        found: set[str] = set()
        for pattern in patterns:
            matched = fnmatch.filter(names, pattern)
            if not matched:
                raise UnknownNameError(
                    f"no layer matches {pattern!r}.", mend=did_you_mean(pattern, names)
                )
            found.update(matched)
        return found

    def with_frozen(self, names: Iterable[str]) -> Self:
        """Return a view of the network, its numbers included, with other layers frozen."""
        other = object.__new__(type(self))
        other.__dict__.update({**self.__dict__, "frozen": set(names), "_family": OrderedDict()})
        return other

    # ----- running

    def program(self, kind: str, **options: Any) -> Program:
        """Return a program of the family as a graph."""
        return _MAKERS[kind](self, **options)

    def executable(self, kind: str, **options: Any) -> Executable:
        """Return a program of the family, compiled once for options that draw one graph."""
        drawn = tuple(map(steps.form_of, options.values()))
        key = (self.engine, kind, self.frozen_entries(), drawn)
        if key not in self._family:
            engine, _ = choose(self.engine)
            form = form_of_network(self), *key
            self._family[key] = shared.find(engine, form, lambda: self.program(kind, **options))
            while len(self._family) > KEPT:
                self._family.popitem(last=False)
        self._family.move_to_end(key)
        return self._family[key]

    def run_rows(
        self, kind: str, inputs: Mapping[str, Array], state: State | None = None, **options: Any
    ) -> dict[str, Array]:
        """Return the outputs of a program for all samples, some thousand at a time."""
        executable = self.executable(kind, **options)
        data, numbers = Data(inputs), self.numbers if state is None else state
        first, *others = data.passes(CHUNK)
        found = executable.run(numbers, data.rows(first).all())[0]
        if others and not all(np.shape(v)[:1] == (first.stop,) for v in found.values()):
            # A value of the whole set, such as a mean, is not that of its parts.
            found, others = executable.run(numbers, data.all())[0], []
        if not others:
            return {name: np.array(value) for name, value in found.items()}
        whole = {n: np.empty((data.samples, *v.shape[1:]), v.dtype) for n, v in found.items()}
        for rows in (first, *others):
            found = found if rows is first else executable.run(numbers, data.rows(rows).all())[0]
            for name, value in found.items():
                whole[name][rows] = value
        return whole

    def rows_reader(self, kind: str, inputs: Mapping[str, Array]) -> Callable[[State], Any]:
        """Return `run_rows` of one state after the other, for samples that stay where they are."""
        data = Data(inputs)
        if len(data.passes(CHUNK)) > 1:
            return partial(self.run_rows, kind, inputs)
        bound = self.executable(kind).bound(data.all())
        return lambda state: bound(state)[0]


def _listed(layout: Layout) -> str:
    return ", ".join(map(format_shape, layout.input_shapes))


def _seed(random_state: Any) -> int:
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    whole = isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool)
    if whole and 0 <= random_state < 2**32:
        return int(random_state)
    raise ArgumentError(
        f"random_state is {random_state!r}.",
        expected="a whole number from 0 to 4294967295, or None",
    )


def _shapes(shape: Any, names: Sequence[str]) -> list[Shape]:
    if isinstance(shape, int):
        raise ShapeError(f"{shape} is not a shape.", mend=f"write ({shape},)")
    if isinstance(shape, Mapping):
        shape = [shape.get(name) for name in names]
    several = bool(shape) and all(isinstance(s, (tuple, list)) for s in shape)
    given = [tuple(s) for s in shape] if several else [tuple(shape)]
    shapes: list[Shape] = [tuple(time if d is None else d for d in one) for one in given]
    if len(shapes) != len(names):
        raise ShapeError(
            f"{len(shapes)} shapes were given for the inputs {', '.join(names)}.",
            expected=f"{len(names)}",
        )
    return shapes
