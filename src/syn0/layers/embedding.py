"""The layer that looks up a vector for each word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from syn0 import initializers, ops
from syn0.graph import Shape, Tensor
from syn0.initializers import AnyInitializer
from syn0.layers.layer import Declaration, Layer, LayerValues, one_input
from syn0.names import require


@dataclass(frozen=True)
class Embedding(Layer):
    """A learned vector for each whole number below `vocabulary` (Bengio et al., 2003).

    Parameters
    ----------
    vocabulary : int
        How many numbers there are, from 0.
    units : int
        The length of the vectors.
    initializer : str, number, array or callable
        What the vectors start from.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (n, ...) of whole numbers, W (vocabulary, units), output (n, ..., units).

    Examples
    --------
    >>> Embedding(1000, 8).parameters((20,))["W"][0]
    (1000, 8)
    """

    vocabulary: int
    units: int
    initializer: str | float | AnyInitializer = "uniform"
    foreign = {
        "output_dim": "units",
        "embedding_dim": "units",
        "input_dim": "vocabulary",
        "num_embeddings": "vocabulary",
        "input_length": "nothing: sizes are inferred",
        "embeddings_initializer": "initializer",
    }

    input_dtype: ClassVar[str | None] = "int64"

    def __post_init__(self) -> None:
        for name in ("vocabulary", "units"):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            require(whole and value > 0, self, name, "a whole number above 0")
        initializers.get(self.initializer)

    def parameters(self, shape: Shape) -> Declaration:
        """Return W (vocabulary, units)."""
        return {"W": ((self.vocabulary, self.units), initializers.get(self.initializer))}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the rows of W that x names."""
        x = one_input(self, x)
        return ops.take(p["W"], x if "int" in x.dtype else ops.astype(x, "int64"))
