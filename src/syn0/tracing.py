"""What one pass through a network reads, draws and gathers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from syn0 import ops
from syn0.errors import ArgumentError, UnknownNameError
from syn0.graph import Shape, Tensor, current_scope
from syn0.layers import Layer
from syn0.program import Entry

SEED = Entry("seed", (), "uint32", "counter")
STEP = Entry("step", (), "int64", "counter")


@dataclass
class Gathered:
    """What a pass collects from all layers, those of networks inside networks included.

    Attributes
    ----------
    dtype : str
        Of random numbers.
    streams : int
        How many random ops there were: the number of each is its place in the network.
    penalties : list of Tensor
        What parameters add to the loss.
    measured : dict
        The layers that take statistics from the training data by their scope, each with
        what it reads.
    share : Tensor or None
        How much of each sample stays where samples are mixed, targets with them.
    alpha : float
        What it was drawn with.
    """

    dtype: str
    streams: int = 0
    penalties: list[Tensor] = field(default_factory=list)
    measured: dict[str, tuple[Layer, Tensor]] = field(default_factory=dict)
    share: Tensor | None = None
    alpha: float = 0.0

    def draw(self, op: Callable[..., Any], shape: Shape) -> Tensor:
        """Return random numbers of the next stream."""
        stream, self.streams = self.streams, self.streams + 1
        drawn: Tensor = op(SEED.read(), STEP.read(), stream=stream, shape=shape, dtype=self.dtype)
        return drawn


class LayerEntries(Mapping[str, Tensor]):
    """What a layer's `forward` sees of the state: its own entries by their local names."""

    def __init__(self, tensors: Mapping[str, Tensor], gathered: Gathered) -> None:
        self._tensors = dict(tensors)
        self.gathered = gathered

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._tensors:
            raise UnknownNameError(
                f"the layer {current_scope()!r} declares no parameter {name!r}.",
                expected=", ".join(self._tensors) or "none are declared",
                mend="name it in `parameters`, `state` or `hyperparameters`",
            )
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def random_uniform(self, shape: Shape) -> Tensor:
        """Return uniform numbers in [0, 1), new at each step."""
        return self.gathered.draw(ops.random_uniform, shape)

    def random_normal(self, shape: Shape) -> Tensor:
        """Return standard normal numbers, new at each step."""
        return self.gathered.draw(ops.random_normal, shape)

    def mixing(self, alpha: float, draw: Callable[[], Tensor]) -> Tensor:
        """Return how much of each sample stays where samples are mixed: one draw for a pass."""
        gathered = self.gathered
        if gathered.share is None:
            gathered.alpha, gathered.share = alpha, draw()
        if gathered.alpha != alpha:
            raise ArgumentError(
                f"the layer {current_scope()!r} mixes samples with alpha={alpha}, "
                f"another one with alpha={gathered.alpha}.",
                expected="one alpha for all: inputs and targets are mixed by the same shares",
            )
        return gathered.share


@dataclass
class Trace:
    """The tensors of one pass through a network."""

    gathered: Gathered
    inputs: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    activations: dict[str, Tensor] = field(default_factory=dict)
    statistics: dict[str, Tensor] = field(default_factory=dict)
    nodes: dict[int, Tensor] = field(default_factory=dict)
    reads: dict[str, Tensor] = field(default_factory=dict)

    def read(self, entry: Entry, entries: LayerEntries | None) -> Tensor:
        """Return the tensor of an entry, one for all its readers."""
        if entry.name not in self.reads:
            own = entries is None
            self.reads[entry.name] = entry.read() if own else entries[entry.name]  # type: ignore[index]
        return self.reads[entry.name]
