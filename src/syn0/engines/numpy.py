"""The NumPy engine: prints a program as source and runs that. It is the definition."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.protocol import Control, Feed
from syn0.engines.source import Source, is_plain_number, print_program
from syn0.graph import Tensor
from syn0.graph import batch as batch_dimension
from syn0.program import Program, State


class NumpyEngine:
    """Runs the very text that ``net.show_code()`` prints."""

    name = "numpy"

    def compile(self, program: Program) -> NumpyExecutable:
        """Return the program as a Python function made from its printed text."""
        tidy = program.simplified()
        source = print_program(tidy)
        inputs, entries = map(_Arguments.of, tidy.leaves())
        return NumpyExecutable(tidy, source, _define(tidy, source), inputs, entries)

    def shuffle(
        self, rng: np.random.RandomState, before: NDArray[np.int64], goal: NDArray[np.int64]
    ) -> None:
        """Write orders, each the one before it, shuffled."""
        for order in goal:
            order[...] = before
            rng.shuffle(order)
            before = order


def _define(program: Program, source: Source) -> Callable[..., Any]:
    outputs = ", ".join(f"{name!r}: {text}" for name, text in source.outputs.items())
    updates = ", ".join(f"{name!r}: {text}" for name, text in source.updates.items())
    text = "\n".join([
        *source.imports(),
        *source.helpers,
        f"def {program.name}({', '.join((*source.inputs, *source.state))}):",
        source.body(),
        f"    return {{{outputs}}}, {{{updates}}}",
    ])  # fmt: skip
    namespace: dict[str, Any] = dict(source.constants)
    exec(compile(text, f"<syn0 {program.name}>", "exec"), namespace)  # noqa: S102 (our own text)
    function: Callable[..., Any] = namespace[program.name]
    return function


@dataclass(frozen=True)
class NumpyExecutable:
    """A printed program, ready to run."""

    program: Program
    source: Source
    function: Callable[..., Any]
    inputs: _Arguments
    entries: _Arguments

    def again(self) -> NumpyExecutable:
        """Return this one: it holds no memory."""
        return self

    def run(
        self, state: State, batch: Mapping[str, NDArray[Any]]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return outputs and updates of one step; the state is not touched."""
        with np.errstate(all="ignore"):
            found: tuple[dict[str, Any], dict[str, Any]] = self.function(
                *self.inputs.read(batch), *self.entries.read(state)
            )
        return found

    def bound(
        self, batch: Mapping[str, NDArray[Any]]
    ) -> Callable[[State], tuple[dict[str, Any], dict[str, Any]]]:
        """Return `run` for a batch."""
        return functools.partial(self.run, batch=batch)

    def run_span(self, state: State, feed: Feed, first: int, count: int, control: Control) -> int:
        """Run steps from `first` on; each is taken over whole, or not at all."""
        with np.errstate(all="ignore"):
            for done in range(int(min(count, control.until))):
                data = feed.batch(first + done)
                outputs, updates = self.function(*self.inputs.read(data), *self.entries.read(state))
                control.failure = first_failure(outputs, updates)
                if control.failure is not None:
                    return done
                # All at once, so that no interruption leaves half a step.
                state.update({k: np.asarray(v, dtype=state[k].dtype) for k, v in updates.items()})
                rows = len(data[self.inputs.batched]) if self.inputs.batched else 1
                self._add_up(outputs, rows, control.row)
                if (first + done + 1) % feed.steps_per_epoch == 0:
                    control.rows.append(control.row)
                    control.row = {}
                if control.abort or time.monotonic() > control.deadline:
                    return done + 1
        return int(min(count, control.until))

    def single_step(
        self, state: State, batch: Mapping[str, NDArray[Any]], threads: int | str = 1
    ) -> None:
        """Return None: a span is as fast."""
        return

    def single_row(self, state: State) -> None:
        """Return None: a sample alone is a batch of one here."""
        return

    def _add_up(self, outputs: Mapping[str, Any], rows: int, row: dict[str, float]) -> None:
        weight = float(outputs.get("weight", rows))
        row["weight_total"] = row.get("weight_total", 0.0) + weight
        for name, kind in self.program.totals.items():
            value = float(outputs[name]) * (weight if kind == "mean" else 1.0)
            row[f"{name}_total"] = row.get(f"{name}_total", 0.0) + value


@dataclass(frozen=True)
class _Arguments:
    """The tensors that a program reads, in the order of the function's parameters."""

    names: tuple[tuple[str, str, bool], ...]
    batched: str | None

    @classmethod
    def of(cls, tensors: Sequence[Tensor]) -> _Arguments:
        batched = (t.name for t in tensors if t.shape[:1] == (batch_dimension,))
        names = tuple((t.name or "", t.dtype, is_plain_number(t)) for t in tensors)
        return cls(names, next(batched, None))

    def read(self, values: Mapping[str, Any]) -> list[Any]:
        # Single numbers go in as Python numbers, as they stand in the printed text. The empty
        # index makes a scalar parameter a NumPy scalar, and leaves arrays as they are.
        return [
            as_printed(values[name].item(), dtype)
            if number
            else np.asarray(values[name], dtype=dtype)[()]
            for name, dtype, number in self.names
        ]


@functools.lru_cache(maxsize=1024)
def as_printed(number: Any, dtype: str) -> Any:
    """Return 0.001 for the float32 nearest to it, which is 0.0010000000474974513."""
    return float(str(np.float32(number))) if dtype == "float32" else number


def first_failure(outputs: Mapping[str, Any], updates: Mapping[str, Any]) -> str | None:
    """Return the name of a loss or new value that is NaN or infinite."""
    for name, value in outputs.items():
        if name == "loss" and not math.isfinite(value):
            return name
    for name, value in updates.items():
        # A sum is finite only if all its terms are (or, harmlessly, it overflows).
        with np.errstate(invalid="ignore"):
            total = np.sum(value, dtype="float64")
        if not np.isfinite(total):
            return name
    return None
