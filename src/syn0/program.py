"""What an engine compiles: programs over one declared state.

A model declares its state once, as entries. A program reads the state and a batch and
gives outputs and new values for some entries. The programs of a model form a family:
train step, predict, evaluate, loss and gradient; more can be added at any time, since
the layout of an entry depends on the entry alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.graph import Tensor, input_op, state_op, state_tensor, topological_order
from syn0.simplify import simplify

State = dict[str, NDArray[Any]]

ROLES = ("parameter", "statistic", "slot", "hyperparameter", "counter")


@dataclass(frozen=True)
class Entry:
    """One line of a state's declaration.

    Parameters
    ----------
    name : str
        As in printed code and files: ``W_hidden``, ``m_W_hidden``, ``learning_rate``.
    shape : tuple of int
        Its shape; no named dimensions.
    dtype : str
        Its dtype.
    role : str
        ``parameter``, ``statistic``, ``slot``, ``hyperparameter`` or ``counter``.
    trainable : bool
        Whether the optimizer changes it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    role: str
    trainable: bool = False

    def read(self) -> Tensor:
        """Return the tensor that reads this entry."""
        number = self.role in ("hyperparameter", "counter")
        return state_tensor(self.name, self.shape, self.dtype, number=number)


Section = tuple[str, tuple[Tensor, ...]]


@dataclass(frozen=True)
class Program:
    """A named graph that reads the state and a batch.

    Parameters
    ----------
    name : str
        What the program does: ``train_step``.
    outputs : mapping of str to Tensor
        Its results.
    updates : mapping of str to Tensor
        New values of state entries, all taken over at once when the step is done.
    sections : tuple of (title, tensors)
        The order in which a reader meets the tensors, each on a line of its own.
    totals : mapping of str to str
        Outputs that a span adds up into one row an epoch: ``mean`` (weighted by the rows,
        or by the output ``weight`` where there is one) or ``sum``.
    """

    name: str
    outputs: Mapping[str, Tensor]
    updates: Mapping[str, Tensor] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    totals: Mapping[str, str] = field(default_factory=dict)

    def roots(self) -> list[Tensor]:
        """Return every tensor that must be computed."""
        shown = [t for _, tensors in self.sections for t in tensors]
        return [*shown, *self.outputs.values(), *self.updates.values()]

    def leaves(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return the inputs and the state entries that the program reads, each once."""
        order = topological_order(self.roots())
        inputs = {t.name: t for t in order if t.op is input_op}
        state = {t.name: t for t in order if t.op is state_op}
        return list(inputs.values()), list(state.values())

    def simplified(self) -> Program:
        """Return the same program with a tidier graph."""
        found = iter(simplify(self.roots()))
        sections = tuple((title, tuple(next(found) for _ in ts)) for title, ts in self.sections)
        outputs = {name: next(found) for name in self.outputs}
        updates = {name: next(found) for name in self.updates}
        return replace(self, outputs=outputs, updates=updates, sections=sections)


def empty_state(entries: Iterable[Entry]) -> State:
    """Return a state of zeros."""
    return {e.name: np.zeros(e.shape, e.dtype) for e in entries}
