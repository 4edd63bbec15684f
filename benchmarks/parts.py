"""The layers of a network of syn0 in their places, for libraries that shall compute the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import syn0
from syn0.ops.windows import Sides, pair, sides

DATA = "x"  # what layers call the data that they read
STATISTICS = ("mean", "variance")  # entries that no gradient moves


@dataclass(frozen=True)
class Part:
    """A layer, what it reads, and what its numbers are called.

    Parameters
    ----------
    name : str
        The layer's name.
    layer : Layer
        The layer itself: a record of its options.
    inputs : tuple of str
        The parts that it reads; `DATA` for the data.
    taken, given : tuple of int
        The shape of a sample as it comes in, and as it goes out.
    entries : mapping of str to str
        The names of its weights and statistics in `Weights`, by what the layer calls them.
    shapes : mapping of str to tuple
        The shape of each of these, by what the layer calls them.
    """

    name: str
    layer: Any
    inputs: tuple[str, ...]
    taken: tuple[int, ...]
    given: tuple[int, ...]
    entries: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def kind(self) -> str:
        """The name of the layer's class."""
        return type(self.layer).__name__

    @property
    def activation(self) -> str:
        """The word for what is made of the sums; "linear" where nothing is."""
        if self.kind == "Activation":
            return str(self.layer.function)
        return str(getattr(self.layer, "activation", None) or "linear")

    @property
    def window(self) -> tuple[int, int]:
        """The height and width of the pixels that a kernel or a pool sees at once."""
        pooled = self.kind.startswith("MaxPool")
        name = "pool_size" if pooled else "kernel_size"
        return pair(name, getattr(self.layer, name))

    @property
    def strides(self) -> tuple[int, int]:
        """How far apart windows begin."""
        strides = self.layer.strides
        return self.window if strides is None else pair("strides", strides)

    @property
    def dilation(self) -> tuple[int, int]:
        """How far apart the pixels of a window lie."""
        return pair("dilation", getattr(self.layer, "dilation", 1))

    @property
    def border(self) -> Sides:
        """The pixels around the image, ((top, bottom), (left, right))."""
        size = (self.taken[0], self.taken[1])
        return sides(self.layer.padding, size, self.window, self.strides, self.dilation)

    @property
    def groups(self) -> int:
        """How many shares of the channels have kernels of their own."""
        return self.taken[-1] // self.shapes["W"][2]

    @property
    def multiplications(self) -> int:
        """How many a sample takes in the products of the forward pass."""
        if "W" not in self.shapes:
            return 0
        places = math.prod(self.given[:-1])  # pixels of the output; 1 for a dense layer
        return places * math.prod(self.shapes["W"])


def parts_of(net: syn0.Model) -> tuple[Part, ...]:
    """Return the parts of a network that was built, in the order of computation."""
    wiring, layout = net.wiring, net.known_layout()
    names = {
        id(node): label or DATA for node, label in zip(wiring.order, wiring.labels, strict=True)
    }
    shapes: dict[str, Any] = {**layout.shapes, DATA: layout.input_shapes[0]}
    numbers = net.parameters
    found = []
    for node in wiring.order:
        name = names[id(node)]
        if name == DATA:
            continue
        inputs = tuple(names.get(id(source), DATA) for source in node.inputs)
        entries = {k: v for k, v in layout.local_names.get(name, {}).items() if v in numbers}
        sizes = {k: numbers[v].shape for k, v in entries.items()}
        taken, given = shapes[inputs[0]], shapes[name]
        found.append(Part(name, node.layer, inputs, taken, given, entries, sizes))
    return tuple(found)
