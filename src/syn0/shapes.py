"""Sizes that may have a name instead of a number, and the dtypes of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from syn0.errors import ShapeError


@dataclass(frozen=True)
class Dimension:
    """A named size, bound when a program is compiled: ``(scale * name + offset) // divisor``.

    The affine form is what slicing, padding and strides make of a size, so a graph can
    drop the first time step or halve the length without knowing it.
    """

    name: str
    scale: int = 1
    offset: int = 0
    divisor: int = 1

    def __add__(self, other: int) -> Dimension:
        return replace(self, offset=self.offset + other * self.divisor)

    __radd__ = __add__

    def __sub__(self, other: int) -> Dimension:
        return self + -other

    def __mul__(self, other: int) -> Dimension:
        if self.divisor != 1:
            raise ShapeError(f"the size {self} cannot be multiplied by {other} after a division.")
        return replace(self, scale=self.scale * other, offset=self.offset * other)

    __rmul__ = __mul__

    def __floordiv__(self, other: int) -> Dimension:
        return replace(self, divisor=self.divisor * other)

    def bind(self, sizes: Mapping[str, int]) -> int:
        """Return the number that this dimension stands for."""
        return (self.scale * sizes[self.name] + self.offset) // self.divisor

    def __repr__(self) -> str:
        text = self.name if self.scale == 1 else f"{self.scale} * {self.name}"
        if self.offset:
            text = f"{text} {'+' if self.offset > 0 else '-'} {abs(self.offset)}"
        if self.divisor != 1:
            text = f"({text}) // {self.divisor}" if " " in text else f"{text} // {self.divisor}"
        return text

    __str__ = __repr__


Size = int | Dimension
Shape = tuple[Size, ...]

batch = Dimension("batch")
time = Dimension("time")

FLOATS = ("float32", "float64")
DTYPES = (
    *FLOATS,
    "float16", "bfloat16", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64", "bool",
)  # fmt: skip


def bind_shape(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Replace the named dimensions of `shape` by their sizes."""
    return tuple(d.bind(sizes) if isinstance(d, Dimension) else d for d in shape)


def format_shape(shape: Shape) -> str:
    """Write a shape as Python would write the tuple."""
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
