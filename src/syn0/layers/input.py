"""Where data enter a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from syn0.errors import ArgumentError, DTypeError
from syn0.graph import DTYPES


@dataclass(frozen=True, eq=False)
class Input:
    """The data that a network is given, described without the axis of samples.

    Parameters
    ----------
    shape : tuple of int or None, optional
        The shape of one sample; None stands for a length known only with the data, such
        as the number of time steps. Without a shape it is taken from the data.
    dtype : str, optional
        The dtype in which data enter; the network's own by default.
    name : str, optional
        The key for ``fit({"name": array})``.

    Examples
    --------
    >>> import syn0
    >>> a, b = syn0.Input((2,), name="a"), syn0.Input((3,), name="b")
    >>> net = syn0.Model([a, b], syn0.Dense(1)(syn0.Concatenate()(a, b)))
    >>> net.build().output_shape
    (1,)
    """

    shape: tuple[int | None, ...] | None = None
    dtype: str | None = None
    name: str | None = None

    is_input: ClassVar[bool] = True

    def __post_init__(self) -> None:
        shape = self.shape
        if isinstance(shape, int):
            raise ArgumentError(
                f"Input({shape}) is not a shape.",
                expected="a tuple",
                mend=f"write Input(({shape},))",
            )
        if shape is not None:
            if not all(d is None or (isinstance(d, int) and d > 0) for d in shape):
                raise ArgumentError(
                    f"Input got the shape {shape!r}.",
                    expected="a tuple of positive whole numbers, None for a length in time",
                )
            if list(shape).count(None) > 1:
                raise ArgumentError("an Input can have one unknown length, for time.")
            object.__setattr__(self, "shape", tuple(shape))
        if self.dtype is not None and self.dtype not in DTYPES:
            raise DTypeError(f"there is no dtype {self.dtype!r}.", expected=", ".join(DTYPES))

    def parameters(self, shape: object) -> dict[str, object]:
        """Return nothing: an input has no parameters."""
        return {}

    def state(self, shape: object) -> dict[str, object]:
        """Return nothing."""
        return {}

    def hyperparameters(self) -> dict[str, float]:
        """Return nothing."""
        return {}

    def forward(self, p: object, x: object, *, training: bool) -> object:
        """Return the data as they are."""
        return x
