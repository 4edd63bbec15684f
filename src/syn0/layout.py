"""What a network declares once the shapes of its inputs are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.arrays import check_finite, to_array
from syn0.errors import ArgumentError, ShapeError
from syn0.graph import Shape, format_shape
from syn0.layers.node import LayerLike
from syn0.program import Entry


@dataclass(frozen=True)
class Declared:
    """An entry of the state together with what fills it at first."""

    entry: Entry
    initializer: Callable[..., NDArray[Any]] | None = None
    value: float | None = None

    def first_value(self, seed: int, number: int) -> NDArray[Any]:
        """Return the initial array; each entry draws from a stream of its own.

        Raises
        ------
        ShapeError, DataError
            If the initializer returns another shape, or numbers that are not finite.
        """
        if self.initializer is None:
            return np.asarray(self.value, dtype=self.entry.dtype)
        rng = np.random.default_rng([seed, number])
        what = f"what the initializer of {self.entry.name} returned"
        drawn = to_array(self.initializer(rng, self.entry.shape, self.entry.dtype), what)
        if drawn.shape != self.entry.shape:
            raise ShapeError(
                f"{what} has the shape {format_shape(drawn.shape)}.",
                where=f"the {self.entry.role} {self.entry.name!r}",
                expected=format_shape(self.entry.shape),
                mend="return an array of the shape that the initializer is given",
            )
        with np.errstate(over="ignore", invalid="ignore"):
            value = np.asarray(drawn, dtype=self.entry.dtype)
            check_finite(value, what)
        return value


@dataclass
class Layout:
    """What is known of a network once the shapes of its inputs are.

    Attributes
    ----------
    input_shapes, output_shapes : tuple of shapes
        Of one sample.
    declared : dict of name to Declared
        The entries of the state, in the order of the layers.
    local_names : dict of layer name to {local name: name}
        What each layer calls its entries.
    shapes : dict of layer name to shape
        Of what each layer puts out for one sample.
    """

    input_shapes: tuple[Shape, ...]
    declared: dict[str, Declared] = field(default_factory=dict)
    local_names: dict[str, dict[str, str]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    output_shapes: tuple[Shape, ...] = ()

    def declare(self, name: str, layer: LayerLike, shape: Any, dtype: str) -> None:
        """Note the entries that a layer needs for inputs of this shape."""
        table = self.local_names.setdefault(name, {})
        groups = (("parameter", layer.parameters(shape)), ("statistic", layer.state(shape)))
        for role, declared in groups:
            for short, (size, initializer) in declared.items():
                _check_entry(name, short, size)
                table[short] = f"{short}_{name}"
                entry = Entry(table[short], tuple(size), dtype, role, role == "parameter")
                self._add(Declared(entry, initializer), name, layer)
        for short, value in layer.hyperparameters().items():
            table[short] = f"{short}_{name}"
            entry = Entry(table[short], (), dtype, "hyperparameter")
            self._add(Declared(entry, value=value), name, layer)

    def _add(self, declared: Declared, name: str, layer: LayerLike) -> None:
        known = self.declared.setdefault(declared.entry.name, declared)
        if known is declared:
            return
        owner = next(n for n, t in self.local_names.items() if known.entry.name in t.values())
        if owner != name:
            raise ArgumentError(
                f"the layers {owner!r} and {name!r} would both call a parameter "
                f"{declared.entry.name!r}.",
                mend="give one of them another name=",
            )
        if known.entry != declared.entry:
            raise ShapeError(
                f"{declared.entry.name} would be {format_shape(declared.entry.shape)} here and "
                f"{format_shape(known.entry.shape)} where {layer!r} was used first.",
                expected="one shape: a layer that is used twice shares its parameters",
                mend="make two layers",
            )


def _check_entry(layer: str, name: str, shape: Any) -> None:
    fixed = isinstance(shape, tuple) and all(isinstance(d, (int, np.integer)) for d in shape)
    if not fixed or any(d < 0 for d in shape):
        raise ShapeError(
            f"the parameter {name!r} has the shape {shape!r}.",
            where=f"layer {layer!r}",
            expected="a tuple of whole numbers; a parameter cannot have the size of a batch",
        )
