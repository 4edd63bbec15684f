"""What engines promise, and what they and their callers tell each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from syn0.program import Program, State


def orders_ahead(samples: int) -> int:
    """Return how many epochs' orders an engine draws at most before it runs the first of them."""
    return min(max(1, 2**18 // samples), 1024)


class Feed(Protocol):
    """Where batches come from: named arrays for each step, counted over the whole run."""

    steps_per_epoch: int

    def batch(self, step: int) -> Mapping[str, NDArray[Any]]:
        """Return the program's inputs for this step, per-step tables included."""
        ...


@runtime_checkable
class ResidentArrays(Feed, Protocol):
    """A feed whose samples are all in memory, which an engine may gather itself."""

    inputs: Mapping[str, NDArray[Any]]
    samples: int
    batch_size: int
    shuffle: bool

    def orders(self, first: int, count: int) -> NDArray[np.int64]:
        """Return the orders in which some epochs take the samples, a row each.

        They may be asked for again, `orders_ahead` epochs later at most.
        """
        ...

    def table(self, name: str, first: int, count: int) -> NDArray[Any]:
        """Return the values of a step table from step `first` on."""
        ...


class Kept(Protocol):
    """What an engine keeps between two spans."""

    def close(self) -> None:
        """Let go of it."""
        ...


@dataclass
class Control:
    """What a running span and its caller tell each other.

    Attributes
    ----------
    deadline : float
        The time (``time.monotonic``) at which the span hands back to Python.
    until : float
        The steps of the span after which it hands back to Python, if that is before its end.
    abort : bool
        Set by the caller to stop at the end of the step under way.
    row : dict
        Totals since the epoch began.
    rows : list of mapping
        Totals of the epochs that this span completed, in order: numbers for one epoch, or
        arrays for several. The caller takes them away.
    tick : callable, optional
        ``tick(done) -> bool``, which an engine that need not hand back may call then instead,
        with the steps of the span that are done and their totals in `row` and `rows`; the
        state is not written then. True asks it to hand back; else `deadline` and `until` are
        those of the next time.
    threads : int or "auto"
        How many threads the span may use.
    failure : str or None
        The output or state entry that was not finite; its step was not taken over.
    kept : object, optional
        What an engine keeps from one span for the next one over the same state and feed.
    """

    deadline: float = math.inf
    until: float = math.inf
    abort: bool = False
    row: dict[str, float] = field(default_factory=dict)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    tick: Callable[[int], bool] | None = None
    threads: int | str = "auto"
    failure: str | None = None
    kept: Kept | None = None

    def close(self) -> None:
        """Let the engine go on without this caller."""
        if self.kept is not None:
            self.kept.close()
        self.kept = None


class Executable(Protocol):
    """A compiled program: immutable and re-entrant, all data are arguments."""

    def again(self) -> Executable:
        """Return the same for another network, which may hold memory of its own."""
        ...

    def run(
        self, state: State, batch: Mapping[str, NDArray[Any]]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return outputs and updates of one step; the state is not touched."""
        ...

    def bound(
        self, batch: Mapping[str, NDArray[Any]]
    ) -> Callable[[State], tuple[dict[str, Any], dict[str, Any]]]:
        """Return `run` for a batch that stays where it is, for one caller at a time."""
        ...

    def run_span(self, state: State, feed: Feed, first: int, count: int, control: Control) -> int:
        """Run steps from `first` on, write the state after each, return how many were done."""
        ...

    def single_step(
        self, state: State, batch: Mapping[str, NDArray[Any]], threads: int | str = 1
    ) -> SingleStep | None:
        """Return one step over batches like this, None where there is no faster way than a span."""
        ...

    def single_row(self, state: State) -> SingleRow | None:
        """Return a function of one sample, None where there is no faster way than `run`."""
        ...


class SingleStep(Protocol):
    """A train step bound to a state and to the memory of batches of one size."""

    inputs: dict[str, NDArray[Any]]

    def fill(self, name: str, value: Any) -> None:
        """Let an input be this in the next step; a number of a table goes no other way."""
        ...

    def fits(self, state: State, given: Mapping[str, Any]) -> bool:
        """Tell whether this is the step of a state, for batches of such sizes."""
        ...

    def __call__(self) -> dict[str, float] | None:
        """Do a step over what stands in `inputs`; return its totals, None if it cannot be done."""
        ...


class SingleRow(Protocol):
    """A program bound to a state and to the memory of one sample."""

    def fits(self, state: State) -> bool:
        """Tell whether the state still holds the arrays that were bound."""
        ...

    def __call__(self, x: Any, state: State) -> NDArray[Any] | None:
        """Return the output for a sample, None where `Executable.run` must look at it."""
        ...


class Engine(Protocol):
    """Something that compiles programs, and draws the orders of samples for them."""

    name: str

    def compile(self, program: Program) -> Executable:
        """Return the program in runnable form."""
        ...

    def shuffle(
        self, rng: np.random.RandomState, before: NDArray[np.int64], goal: NDArray[np.int64]
    ) -> None:
        """Write orders of samples, each the one before it, shuffled as ``rng.shuffle`` does.

        Parameters
        ----------
        rng : RandomState
            What they are drawn from; it is left as NumPy would leave it.
        before : array of shape (n,)
            The order before the first.
        goal : array of shape (orders, n)
            Where they are written; contiguous, as is `before`.
        """
        ...
