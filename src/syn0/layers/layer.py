"""The base of all layers: what a layer declares and what it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from syn0.errors import ShapeError
from syn0.graph import Shape, Tensor, format_shape
from syn0.layers.node import Node, connect
from syn0.names import Record

Declaration = Mapping[str, tuple[Shape, Callable[..., NDArray[Any]]]]
Statistics = dict[str, Tensor]


class LayerValues(Protocol):
    """What a layer's `forward` sees of the state: its own entries, and random numbers."""

    def __getitem__(self, name: str) -> Tensor:
        """Return a parameter, statistic or hyperparameter by its local name."""
        ...

    def random_uniform(self, shape: Shape) -> Tensor:
        """Return uniform numbers in [0, 1), new at each step."""
        ...

    def random_normal(self, shape: Shape) -> Tensor:
        """Return standard normal numbers, new at each step."""
        ...

    def mixing(self, alpha: float, draw: Callable[[], Tensor]) -> Tensor:
        """Return how much of each sample stays where samples are mixed, targets with them."""
        ...


@dataclass(frozen=True)
class Layer(Record):
    """A layer: a frozen record that says what it has and what it computes.

    Its configuration are the fields of the dataclass. It holds no numbers: a network
    declares what `parameters` names and hands them to `forward`. Used twice, a layer shares
    its parameters.

    Parameters
    ----------
    name : str, optional
        The name in printed code, errors and files; a network counts unnamed ones by kind.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import syn0
    >>> @dataclass(frozen=True)
    ... class Scale(syn0.Layer):
    ...     start: float = 1.0
    ...
    ...     def parameters(self, shape):
    ...         return {"gain": (shape[-1:], syn0.initializers.Constant(self.start))}
    ...
    ...     def forward(self, p, x, *, training):
    ...         return x * p["gain"]
    >>> Scale(2.0)
    Scale(name=None, start=2.0)
    """

    name: str | None = field(default=None, kw_only=True)

    # The dtype in which data enter when this layer is the first; None for the network's.
    input_dtype: ClassVar[str | None] = None

    @property
    def is_complete(self) -> bool:
        """Whether all is said that building needs; what is missing, an estimator fills in."""
        return True

    def parameters(self, shape: Any) -> Declaration:
        """Return what is learned: ``{name: (shape, initializer)}``.

        Parameters
        ----------
        shape : tuple
            The shape of the input without the batch; a tuple of shapes for several inputs.
        """
        return {}

    def state(self, shape: Any) -> Declaration:
        """Return the running statistics, in the form of `parameters`."""
        return {}

    def hyperparameters(self) -> Mapping[str, float]:
        """Return numbers that may change between steps without compiling anew."""
        return {}

    def statistics(self, x: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        """Return statistics to be taken from the data that reach the layer, before training.

        Parameters
        ----------
        x : numpy.ndarray
            The input of the layer for all training samples.

        Returns
        -------
        mapping of name to array
            New values for entries of `state`; empty for layers that learn otherwise.
        """
        return {}

    def penalties(self, p: LayerValues) -> list[Tensor]:
        """Return what the parameters add to the loss, each a single number."""
        return []

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        """Return the output.

        Parameters
        ----------
        p : LayerValues
            Parameters, statistics and hyperparameters by name, and random numbers.
        x : Tensor or tuple of Tensor
            The input, or the inputs.
        training : bool
            Whether the program trains or predicts.

        Returns
        -------
        Tensor or (Tensor, dict)
            The output; with it the new values of running statistics by name, if any.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no forward(p, x, training)")

    def __call__(self, *inputs: Any) -> Node:
        """Wire this layer to outputs of others: ``layer(a)``, ``layer(a, b)``."""
        return connect(self, inputs)


def known_sizes(layer: Layer, shape: Shape, last: int | None = None) -> tuple[int, ...]:
    """Return the sizes of a shape, or of its last axes, that a parameter will have.

    Raises `ShapeError` if there are not so many, or one is a named dimension.
    """
    sizes = shape if last is None else shape[-last:]
    found = tuple(d for d in sizes if isinstance(d, int))
    if len(found) < len(sizes) or (last is not None and len(found) < last):
        wanted = {None: "all sizes known", 1: "its last size known"}
        raise ShapeError(
            f"{type(layer).__name__} got an input of shape {format_shape(shape)} a sample.",
            expected=f"a shape with {wanted.get(last, f'its last {last} sizes known')}",
        )
    return found


def one_input(layer: Layer, x: Any) -> Tensor:
    """Return the only input of a layer, or raise `ShapeError` if it was given several."""
    if isinstance(x, tuple):
        raise ShapeError(
            f"{type(layer).__name__} got {len(x)} inputs.",
            expected="one input",
            mend="join them first: syn0.Concatenate()(a, b)",
        )
    return x


def several_inputs(layer: Layer, x: Any) -> tuple[Tensor, ...]:
    """Return the inputs of a merging layer, or raise `ShapeError` if there is only one."""
    if not isinstance(x, tuple):
        name = type(layer).__name__
        raise ShapeError(
            f"{name} got one input.",
            expected="two or more",
            mend=f"call it on outputs of layers: syn0.{name}()(a, b)",
        )
    return x
