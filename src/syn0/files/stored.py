"""What stands in for layers and functions that are not of syn0, when a file is loaded.

They draw the graphs that were taken down when the network was saved. What the file cannot tell
(another shape, an initial value) needs the class or function itself: ``load(custom=[...])``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from syn0.errors import FileFormatError
from syn0.files.graphs import StoredGraph, pick
from syn0.files.refusal import Refused
from syn0.graph import Tensor, current_scope, format_shape
from syn0.layers import Layer
from syn0.layers.layer import Declaration, LayerValues
from syn0.losses import Loss
from syn0.metrics import Metric

Array = NDArray[Any]


def _drawn(
    what: str,
    graphs: Sequence[StoredGraph],
    arguments: Sequence[Tensor],
    entries: Mapping[str, Tensor] | None = None,
    training: bool | None = None,
    random: Any = None,
) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Return what the graph for these arguments gives, or say that there is none."""
    graph = pick(graphs, arguments, training)
    if graph is None:
        given = ", ".join(f"{format_shape(t.shape)} {t.dtype}" for t in arguments)
        raise FileFormatError(
            f"{what} came from a file as a graph, which is not one for {given}.",
            where=f"layer {current_scope()!r}" if current_scope() else None,
            expected="arguments of the shapes that the network was saved with",
            mend=f"load the file with the class or function itself: custom=[{what}]",
        )
    try:
        return graph.draw(arguments, entries or {}, random)
    except Refused as error:
        raise FileFormatError(
            f"the graph of {what} cannot be drawn: {error.what}",
            where=error.where,
            expected=error.expected,
        ) from None


class StoredFunction:
    """A function of tensors, as the graphs that it drew.

    Parameters
    ----------
    name : str
        What it was called.
    graphs : sequence of StoredGraph
        One for each kind of arguments.
    settings : mapping, optional
        The fields of the object that it was, if it was one.
    """

    def __init__(
        self,
        name: str,
        graphs: Sequence[StoredGraph],
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.__name__ = self.origin = name
        self.graphs, self.settings = tuple(graphs), settings

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function returned for such tensors."""
        tensors = [x for x in arguments if x is not None]  # a loss may be given no targets
        if not all(isinstance(x, Tensor) for x in tensors):
            raise FileFormatError(
                f"{self.__name__} came from a file as a graph, which takes tensors.",
                mend=f"load the file with the function itself: custom=[{self.__name__}]",
            )
        (result,), _ = _drawn(self.__name__, self.graphs, tensors)
        return result

    def __repr__(self) -> str:
        return f"<{self.__name__}, a graph from a file>"


class StoredInitializer:
    """Initial values whose initializer is not in the file: those that it drew, by their shape.

    Parameters
    ----------
    name : str, optional
        What the initializer was called; none for an array that was given.
    """

    def __init__(self, name: str | None = None) -> None:
        self.__name__ = name or "array"
        self.origin = name
        self.values: dict[tuple[int, ...], Array] = {}

    def __call__(self, rng: Any, shape: tuple[int, ...], dtype: str) -> Array:
        """Return what was drawn when the network was built."""
        if tuple(shape) not in self.values:
            raise FileFormatError(
                f"the initializer {self.__name__} is not in the file, only what it drew.",
                expected=", ".join(map(str, self.values)) or "its shapes",
                mend=f"load the file with the function itself: custom=[{self.__name__}]",
            )
        return self.values[tuple(shape)].astype(dtype)

    def __repr__(self) -> str:
        return f"<{self.__name__}, values from a file>"


@dataclass(frozen=True, eq=False)
class StoredLayer(Layer):
    """A layer, as what it declared and the graphs that it drew."""

    origin: str = ""
    settings: Mapping[str, Any] | None = field(default=None, repr=False)
    declared: Declaration = field(default_factory=dict, repr=False)
    statistics_declared: Declaration = field(default_factory=dict, repr=False)
    numbers: Mapping[str, float] = field(default_factory=dict)
    graphs: tuple[StoredGraph, ...] = field(default=(), repr=False)
    penalty_graphs: tuple[StoredGraph, ...] = field(default=(), repr=False)
    first_dtype: str | None = None

    @property
    def kind(self) -> str:
        """What it is called in a table of layers."""
        return self.origin

    @property
    def input_dtype(self) -> str | None:  # type: ignore[override]
        """The dtype in which data enter when this layer is the first."""
        return self.first_dtype

    def parameters(self, shape: Any) -> Declaration:
        """Return what the layer declared."""
        return self.declared

    def state(self, shape: Any) -> Declaration:
        """Return the running statistics that the layer declared."""
        return self.statistics_declared

    def hyperparameters(self) -> Mapping[str, float]:
        """Return its hyperparameters."""
        return self.numbers

    def penalties(self, p: LayerValues) -> list[Tensor]:
        """Return what the parameters add to the loss."""
        entries = {name: p[name] for name in (*self.declared, *self.numbers)}
        found = [_drawn(self.origin, [graph], (), entries)[0][0] for graph in self.penalty_graphs]
        for penalty in found:
            if penalty.shape != ():
                raise FileFormatError(f"a penalty of {self.origin} is {penalty!r}.")
        return found

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Any:
        """Return what the layer computed for such inputs."""
        names = (*self.declared, *self.statistics_declared, *self.numbers)
        entries = {name: p[name] for name in names}
        arguments = x if isinstance(x, tuple) else (x,)
        outputs, statistics = _drawn(self.origin, self.graphs, arguments, entries, training, p)
        for name, new in statistics.items():
            if name not in self.statistics_declared or not _alike(new, entries[name]):
                raise FileFormatError(f"a graph of {self.origin} gives {new!r} as {name[:60]!r}.")
        return (outputs[0], statistics) if statistics else outputs[0]


def _alike(one: Tensor, other: Tensor) -> bool:
    return (one.shape, one.dtype) == (other.shape, other.dtype)


@dataclass(frozen=True)
class StoredLoss(Loss):
    """A loss of another class, as what it said of itself and its values as graphs."""

    function: Callable[[Any, Any], Any]
    origin: str
    settings: Mapping[str, Any] | None
    word: str
    kind: str = "values"
    yes_above: float | None = None
    one_class: bool = False

    @property
    def name(self) -> str:  # type: ignore[override]
        """The word for it."""
        return self.word

    @property
    def targets(self) -> str:  # type: ignore[override]
        """What `y` holds."""
        return self.kind

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return one value for each sample or element."""
        return self.function(y_true, y_pred)

    def threshold(self, y_pred: Any) -> float | None:
        """Return above which output a yes-or-no prediction is yes."""
        return self.yes_above

    def exclusive(self, y_pred: Any) -> bool:
        """Return whether a sample is of one class only."""
        return self.one_class


@dataclass(frozen=True)
class StoredMetric(Metric):
    """A metric per sample of another class, as the graphs that it drew."""

    function: Callable[[Any, Any], Any]
    origin: str
    settings: Mapping[str, Any] | None
    per_sample = True

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return one value for each sample or element."""
        return self.function(y_true, y_pred)


STORED = (StoredFunction, StoredLayer, StoredLoss, StoredMetric)
