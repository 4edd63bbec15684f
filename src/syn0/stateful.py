"""A network with its numbers and compiled programs; the verbs are in `model`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from syn0 import fitting, steps
from syn0.engines import Executable, choose
from syn0.errors import ArgumentError, ShapeError
from syn0.graph import Shape
from syn0.initializers import Constant
from syn0.networks import Network
from syn0.program import Program, State
from syn0.training.history import History

Array = NDArray[Any]
CHUNK = 4096  # rows that a whole set is run through at a time


class StatefulNetwork(Network):
    """A `Network` and its `State`: built, seeded, and run through an engine.

    Parameters
    ----------
    inputs, outputs, dtype, name
        As in `Network`.
    random_state : int, optional
        The seed; drawn and kept as ``seed`` if not given.
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
        self.history = History()
        self._state: State = {}
        self._family: dict[Any, Executable] = {}
        if self.declared_shapes() is not None:
            self.build()

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
        if self.built and list(self._input_shapes or ()) == shapes:
            return self
        self._build(shapes)
        self._family.clear()
        self._state = self.first_state(self.seed)
        return self

    @property
    def input_shape(self) -> Shape | tuple[Shape, ...]:
        """The shape of one sample, without the axis of samples."""
        self._need_shapes()
        shapes = self._input_shapes or ()
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Shape | tuple[Shape, ...]:
        """The shape of the output for one sample."""
        self._need_shapes()
        shapes = self._output_shapes
        return shapes[0] if len(shapes) == 1 else shapes

    # ----- entries

    def restorable(self) -> list[str]:
        """Return the names of parameters and running statistics."""
        return [e.name for e in self.entries() if e.role in ("parameter", "statistic")]

    def trainable(self) -> list[str]:
        """Return the names of the parameters that training changes."""
        frozen = {
            full for layer in self._frozen for full in self._local_names.get(layer, {}).values()
        }
        return [e.name for e in self.entries() if e.trainable and e.name not in frozen]

    # ----- running

    def run_rows(
        self, kind: str, inputs: Mapping[str, Array], state: State | None = None
    ) -> dict[str, Array]:
        """Return the outputs of a program for all samples, some thousand at a time."""
        executable = self.executable(kind)
        data = fitting.Data(inputs)
        parts = [
            executable.run(self._state if state is None else state, data.rows(rows).all())[0]
            for rows in fitting.chunks(data.samples, CHUNK)
        ]
        return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}

    def prepare(self, X: Any) -> dict[str, Array]:
        """Return checked inputs by name, building the network from them if need be."""
        inputs = fitting.prepare_inputs(self, X)
        if self.built:
            return inputs
        shapes = fitting.shapes_from(inputs, self.declared_shapes())
        self.build(shapes[0] if len(shapes) == 1 else tuple(shapes))
        return fitting.check_inputs(self, inputs)

    def program(self, kind: str, **options: Any) -> Program:
        """Return a program of the family as a graph."""
        makers: dict[str, Callable[..., Program]] = {
            "predict": steps.predict_program,
            "activations": steps.activations_program,
            "evaluate": steps.evaluate_program,
            "loss_and_gradient": steps.gradient_program,
            "train_step": steps.train_program,
        }
        return makers[kind](self, **options)

    def executable(self, kind: str, **options: Any) -> Executable:
        """Return a program of the family, compiled once for equal options."""
        key = (kind, self._frozen, tuple(options.values()))
        if key not in self._family:
            engine, _ = choose("auto")
            self._family[key] = engine.compile(self.program(kind, **options))
        return self._family[key]

    # ----- as a layer of another network

    def _declared_as(self, role: str) -> dict[str, Any]:
        declared = super()._declared_as(role)
        if not self._state:
            return declared
        return {
            name: (shape, Constant(self._state[name].tolist()))
            for name, (shape, _) in declared.items()
        }

    def _build(self, shapes: Sequence[Shape]) -> None:
        same = self.built and list(self._input_shapes or ()) == list(shapes)
        if same and self._state:
            return
        super()._build(shapes)


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
        return [tuple(shape[name]) for name in names]
    several = bool(shape) and all(isinstance(s, (tuple, list)) for s in shape)
    shapes = [tuple(s) for s in shape] if several else [tuple(shape)]
    if len(shapes) != len(names):
        raise ShapeError(
            f"{len(shapes)} shapes were given for the inputs {', '.join(names)}.",
            expected=f"{len(names)}",
        )
    return shapes
