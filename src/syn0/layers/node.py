"""Wiring: what a layer gives when it is called, before there are shapes or numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from syn0.errors import GraphError
from syn0.graph import Tensor


class LayerLike(Protocol):
    """What a network asks of its layers; a network is one itself."""

    @property
    def name(self) -> str | None:
        """The name given by the user, if any."""
        ...

    def parameters(self, shape: Any) -> Mapping[str, Any]:
        """Return ``{name: (shape, initializer)}`` for inputs of this shape."""
        ...

    def state(self, shape: Any) -> Mapping[str, Any]:
        """Return the running statistics in the same form."""
        ...

    def hyperparameters(self) -> Mapping[str, float]:
        """Return numbers that may change between steps."""
        ...

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        """Return the output, or the output and the new running statistics."""
        ...


@dataclass(frozen=True, eq=False)
class Node:
    """The output of a layer in a network that is being wired.

    Examples
    --------
    >>> import syn0
    >>> x = syn0.Input((3,))
    >>> y = syn0.Dense(2)(x)
    >>> syn0.Model(x, y).build().output_shape
    (2,)
    """

    layer: LayerLike
    inputs: tuple[Node, ...] = ()

    def __repr__(self) -> str:
        return f"<output of {self.layer!r}>"

    def __add__(self, other: Any) -> Node:
        raise GraphError("outputs of layers are wired with layers.", mend="write syn0.Add()(a, b)")


def connect(layer: LayerLike, inputs: Sequence[Any]) -> Node:
    """Return the node for a layer called on other nodes, given one by one or as a list."""
    if len(inputs) == 1 and isinstance(inputs[0], (list, tuple)):
        inputs = inputs[0]
    if not inputs:
        raise GraphError(f"{layer!r} was called on nothing.", mend="call it on an Input or a layer")
    return Node(layer, tuple(as_node(x, layer) for x in inputs))


def as_node(value: Any, caller: Any = None) -> Node:
    """Return a node for a node or an `Input`."""
    if isinstance(value, Node):
        return value
    if getattr(type(value), "is_input", False):
        return Node(value)
    where = f"the call of {caller!r}" if caller is not None else None
    if isinstance(value, Tensor):
        raise GraphError(
            "a layer was called on a tensor of the graph.", where=where,
            mend="layers are wired to layers; inside `forward` use syn0.ops",
        )  # fmt: skip
    raise GraphError(
        f"a layer cannot be called on {type(value).__name__}.", where=where,
        expected="the output of a layer, or an Input",
        mend="to compute with arrays build a network and call predict",
    )  # fmt: skip
