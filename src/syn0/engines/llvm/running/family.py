"""The plans of a program: one for each size of batch that is wanted, made as they are wanted."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling import checked, jit
from syn0.engines.llvm.compiling.inlining import inlined
from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.planning.plan import Plan, Source, itemsize, lowered_results, make_plan
from syn0.engines.llvm.running import crew
from syn0.engines.llvm.running.driver import DRIVER, Driver, make_driver
from syn0.engines.llvm.running.state_memory import address_of
from syn0.engines.llvm.running.threads import Pace
from syn0.engines.llvm.running.words import Word
from syn0.engines.llvm.running.workspace import Workspace
from syn0.errors import ShapeError
from syn0.graph import Dimension, Tensor, batch, format_shape, topological_order
from syn0.program import Program

Array = NDArray[Any]
Sizes = NDArray[np.int64]
_WRITTEN_IN: Sizes = np.empty(0, np.int64)
MOST_PLANS = 64  # of a program: other batch sizes are planned anew


@dataclass(eq=False)
class Code:
    """A plan and its drivers, which all networks alike may run."""

    plan: Plan
    pace: Pace = field(default_factory=Pace)

    @cached_property
    def alone(self) -> int:
        """The address of a driver for a single thread, which reads nothing but its table."""
        driver, target = make_driver(self.plan, alone=True), self.plan.target
        if self.plan.is_small:
            whole = inlined(driver.text, DRIVER, list(driver.kernels.values()), target)
            return jit.addresses([whole], target)[whole.symbol]
        return _linked(driver, target)

    @cached_property
    def together(self) -> tuple[int, Sizes]:
        """The address of the driver for any number of threads, and the sizes that it reads."""
        return self._made(shared=False)

    @cached_property
    def shared(self) -> tuple[int, Sizes]:
        """The same for threads that share a single sample."""
        return self._made(shared=True)

    def _made(self, *, shared: bool) -> tuple[int, Sizes]:
        driver = make_driver(self.plan, shared=shared)
        return _linked(driver, self.plan.target), np.array(driver.numbers, np.int64)

    def driver(self, threads: int) -> tuple[int, Sizes]:
        """Return the address of the driver for so many threads, and the sizes that it reads."""
        if threads == 1 and self.plan.is_small:
            return self.alone, _WRITTEN_IN
        return self.together


@dataclass(eq=False)
class Compiled:
    """A plan that one network runs, with workspaces that wait to be used again."""

    code: Code
    pool: list[Workspace] = field(default_factory=list)

    @property
    def plan(self) -> Plan:
        """What runs."""
        return self.code.plan

    @property
    def pace(self) -> Pace:
        """How fast it ran."""
        return self.code.pace

    def bind(self, space: Workspace, threads: int, *, shared: bool = False) -> int:
        """Let a workspace read the sizes of the driver for so many threads; return its address."""
        # Another thread of Python may compile the same meanwhile: these sizes stay until the end.
        driver, space.sizes = self.code.shared if shared else self.code.driver(threads)
        space.table[Word.NUMBERS] = address_of(space.sizes)
        return driver

    def launch(self, space: Workspace, threads: int, *, shared: bool = False) -> None:
        """Run the driver in so many threads, which may share a single sample."""
        driver = self.bind(space, threads, shared=shared)
        with checked.watching(space.ranges()) if checked.ENABLED else nullcontext():
            crew.run(driver, space.address, threads, self.plan.target)

    def run_single(self, space: Workspace, wanted: int | str) -> None:
        """Run one sample in so many threads, or as many as are worth it, which share its lines."""
        threads = self.pace.choose(self.plan, wanted) if wanted == "auto" else int(wanted)
        began = time.perf_counter()
        self.launch(space, threads, shared=threads > 1)
        self.pace.note(threads, 1, time.perf_counter() - began)

    def take_back(self, space: Workspace) -> None:
        """Keep memory for the next run, without the arrays of this one."""
        space.release()
        self.pool.append(space)

    def workspace(self, threads: int) -> Workspace:
        """Return memory for a run, to be given to `take_back`."""
        try:
            found = self.pool.pop()
        except IndexError:
            return Workspace(self.plan, threads)
        return found if found.threads >= threads else Workspace(self.plan, threads)


def _linked(driver: Driver, target: Target) -> int:
    """Return the address of a driver that calls its kernels where they are."""
    places = jit.addresses(list(driver.kernels.values()), target)
    imports = {name: places[kernel.symbol] for name, kernel in driver.kernels.items()}
    return jit.link_program(driver.text, DRIVER, imports, target)


class Library:
    """The code of a program: a plan for each size of batch, made once."""

    def __init__(self, program: Program, target: Target) -> None:
        self._program = program
        self._target = target
        self._codes: dict[Any, Code | None] = {}
        self._lock = Lock()

    @cached_property
    def leaves(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The inputs and the entries of the state that the program reads, by name."""
        inputs, entries = self._program.leaves()
        return {t.name or "": t for t in inputs}, {t.name or "": t for t in entries}

    @cached_property
    def _lowered(self) -> list[Tensor]:
        return lowered_results(self._program)

    def code(
        self, sizes: Mapping[str, int], sources: Mapping[str, Source], **options: bool
    ) -> Code | None:
        """Return the plan for these sizes; see `make_plan`."""
        key = (tuple(sorted(sizes.items())), tuple(sources.items()), tuple(options.items()))
        with self._lock:
            if key not in self._codes:
                plan = make_plan(
                    self._program, sizes, sources, self._target, lowered=self._lowered, **options
                )
                self._codes[key] = None if plan is None else Code(plan)
                while len(self._codes) > MOST_PLANS:
                    del self._codes[next(iter(self._codes))]
            return self._codes[key]


class Family:
    """A program and its compiled forms.

    Parameters
    ----------
    program : Program
        What they compute; simplified.
    target : Target
        The machine.
    library : Library, optional
        The code, where another family has it already.
    """

    def __init__(self, program: Program, target: Target, library: Library | None = None) -> None:
        self.program = program
        self.target = target
        self.library = Library(program, target) if library is None else library
        self.inputs, self.entries = self.library.leaves
        self._compiled: dict[int, Compiled] = {}  # by the code, the last used last

    @cached_property
    def sample_bytes(self) -> int:
        """The bytes of the largest value that a sample has."""
        values = topological_order(list(self.program.outputs.values()))
        return max(
            (
                math.prod(d for d in t.shape if isinstance(d, int)) * itemsize(t.dtype)
                for t in values if t.shape[:1] == (batch,)
            ),
            default=1,
        )  # fmt: skip

    def sizes(self, given: Mapping[str, Array]) -> dict[str, int]:
        """Return the named dimensions, as the inputs have them."""
        sizes: dict[str, int] = {}
        for name, tensor in self.inputs.items():
            for dimension, count in zip(tensor.shape, given[name].shape, strict=True):
                if not isinstance(dimension, Dimension):
                    fits = count == dimension
                elif dimension == Dimension(dimension.name):
                    fits = sizes.setdefault(dimension.name, count) == count
                else:
                    continue
                if not fits:  # the last place to tell: what follows are addresses
                    raise ShapeError(
                        f"the input {name!r} has the shape {given[name].shape}.",
                        expected=format_shape(tensor.shape),
                    )
        return sizes

    def member(self, sizes: Mapping[str, int], sources: Mapping[str, Source]) -> Compiled:
        """Return the form for just these sizes."""
        found = self._member(sizes, sources)
        assert found is not None
        return found

    def by_rows(
        self, sizes: Mapping[str, int], sources: Mapping[str, Source], *, guarded: bool = False
    ) -> Compiled | None:
        """Return the form for any number of samples, None if they need each other."""
        return self._member(sizes, sources, by_rows=True, guarded=guarded)

    def _member(
        self, sizes: Mapping[str, int], sources: Mapping[str, Source], **options: bool
    ) -> Compiled | None:
        code = self.library.code(sizes, sources, **options)
        if code is None:
            return None
        found = self._compiled.setdefault(id(code), Compiled(code))
        while len(self._compiled) > MOST_PLANS:
            del self._compiled[next(iter(self._compiled))]
        return found

    def members(self) -> list[Compiled]:
        """Return the forms that were made so far."""
        return list(self._compiled.values())
