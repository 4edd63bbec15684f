"""What a plan is made of: memory, and calls of kernels on it."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from syn0.engines.llvm.kernel import Kernel
from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.views import Sizes, View

SOLO = Rows(1, False)


@dataclass(eq=False)
class Buffer:
    """Memory that a program reads or writes.

    Parameters
    ----------
    space : str
        ``arena``, ``state`` and ``next`` (the two copies of it), ``slot`` (memory that is
        somebody else's).
    name : str
        The entry of the state, the input, or what a reader may call the value.
    dtype : str
        Of its elements.
    count : int
        How many they are.
    rows : Rows
        Its first axis.
    """

    space: str
    name: str
    dtype: str
    count: int
    rows: Rows
    value: Any = None  # of a constant
    source: str = "batch"  # how an input advances from step to step
    place: int = -1  # in bytes, within the space; the number of a slot

    @property
    def bytes(self) -> int:
        """Its size."""
        return self.count * np.dtype(self.dtype).itemsize

    @property
    def row(self) -> int:
        """The elements of a row."""
        return self.count // max(self.rows.count, 1)


@dataclass(frozen=True)
class Pointer:
    """The address of an element."""

    buffer: Buffer
    offset: int = 0


@dataclass(frozen=True)
class Portion:
    """A number that a shard is given: `each` of a whole, to the last what is left."""

    each: int
    whole: int


@dataclass(frozen=True)
class Repeat:
    """A loop around a kernel: how often, and how far each pointer moves each time."""

    count: int
    strides: Sizes


@dataclass(frozen=True)
class Ending:
    """What the kernel of a product does more, if there is an epilogue.

    Parameters
    ----------
    epilogue : Kernel, optional
        What each tile is handed over to.
    pointers : tuple of Pointer
        The arrays that lie beside the product.
    reads : tuple of (Buffer, bool)
        What it reads, and whether row by row.
    writes : tuple of Buffer
        What it writes beside the product.
    label, operations : str, int
        For a reader: what it makes, and the operations of it.
    """

    epilogue: Kernel | None = None
    pointers: tuple[Pointer, ...] = ()
    reads: tuple[tuple[Buffer, bool], ...] = ()
    writes: tuple[Buffer, ...] = ()
    label: str = ""
    operations: int = 0


NO_ENDING = Ending()


@dataclass(eq=False)
class Call:
    """One call of a kernel, or, with `repeats`, one for each index of outer axes.

    Parameters
    ----------
    kernel : Kernel
        What runs.
    pointers, numbers : tuple
        Its arguments; begin and end follow.
    rows : Rows
        What its work is divided by; one row is not divided.
    scale : int
        How many of the kernel's own rows make up one of `rows`.
    repeats : tuple of Repeat
        Loops around it, the first over `rows`; the kernel then does its `whole` range.
    reads : tuple of (Buffer, bool)
        What it reads, and whether row i of its work needs row i only.
    writes : Buffer
        What it writes: row i of it with row i of the work.
    label, operations : str, int
        For a reader: what it does, and the floating-point operations of it.
    bands : int
        Of how many equal bands the table is that is its last pointer, and whose rows are its
        first number; each makes some lines of a picture.
    written_out : Kernel, optional
        One that does all rows at once, where they are few, and takes the pointers alone.
    resumes : int, optional
        Which of the numbers is 1 where it goes on from what a shard holds, so that a shard's
        samples may be given to it piece by piece.
    ending : Ending, optional
        Of a product, which is its third pointer; its kernel also takes the address of the words
        of an epilogue.
    """

    kernel: Kernel
    pointers: tuple[Pointer, ...]
    numbers: tuple[int | str | Portion, ...]
    rows: Rows
    reads: tuple[tuple[Buffer, bool], ...]
    writes: tuple[Buffer, ...]
    _: KW_ONLY
    scale: int = 1
    whole: int = 0
    repeats: tuple[Repeat, ...] = ()
    label: str = ""
    operations: int = 0
    bands: int = 0
    written_out: Kernel | None = None
    resumes: int | None = None
    ending: Ending | None = None

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """All that runs."""
        epilogue = self.ending.epilogue if self.ending else None
        return (self.kernel,) if epilogue is None else (self.kernel, epilogue)


def is_aligned(view: View, buffer: Buffer, rows: Rows) -> bool:
    """Tell whether index i of the first axis reads nothing but row i of the buffer."""
    if buffer.rows != rows or not view.shape or view.shape[0] != rows.count:
        return False
    if rows.count > 1 and view.strides[0] != buffer.row:
        return False
    reach = sum((n - 1) * s for n, s in zip(view.shape[1:], view.strides[1:], strict=True))
    low = sum(min(s, 0) for s in view.strides[1:])
    return low == 0 and view.offset >= 0 and view.offset + reach < max(buffer.row, 1)
