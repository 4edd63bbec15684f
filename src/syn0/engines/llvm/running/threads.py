"""How many threads a plan is worth: by what it costs, and then by the clock.

Any number of threads gives the same bits, so a long training may try several and go on with
the fastest: beside another busy program one thread often beats two that wait for each other.
"""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass, field

from syn0.engines.llvm.planning.plan import Plan
from syn0.engines.llvm.running.cpus import cpus, share

RATE = 5e10  # operations a second of one core, with all that is not a contraction
PRODUCTS = 1e11  # the same of pictures, which are little else
BARRIER = 2e-6  # seconds that threads lose when they wait for each other
SLOW_BARRIER = 1e-4  # the same where there are more threads than processors
GAIN = 1.2  # how much faster several threads must be
TRIALS = 2  # calls of each choice before one is preferred
# A slower choice is tried again when so many times its cost has passed and so many seconds. Both
# double each time that it loses: other programs' threads often stay on for some milliseconds only.
RETRY, PAUSE = 5, 0.01
PATIENT = 6  # doublings at most


def threads_for(plan: Plan, wanted: int | str, repeats: int = 1) -> int:
    """Return how many threads run a plan.

    Parameters
    ----------
    plan : Plan
        What runs.
    wanted : int or "auto"
        A number is obeyed; ``"auto"`` never exceeds the processors available, nor what
        joblib or ``OMP_NUM_THREADS`` allow.
    repeats : int
        How often the plan runs: the blocks of samples that threads share out.
    """
    if wanted != "auto":
        threads = int(wanted)
        if threads > 1 and threads > (available := cpus()):
            warnings.warn(
                f"threads={threads} are more than the {available} processors available.",
                stacklevel=2,
            )
        return threads
    single = plan.has_bands and repeats == 1
    alone = plan.operations * repeats / (PRODUCTS if single else RATE)
    waits = 10 if plan.by_rows else len(plan.phases)  # to wake the others costs like ten barriers
    waits += len(plan.calls) * single
    if alone <= GAIN * waits * BARRIER:  # with any number; to ask the system takes as long
        return 1
    available = share()
    most = min(available, repeats) if plan.by_rows and not single else available
    return most if most > 1 and alone > GAIN * (alone / most + waits * BARRIER) else 1


@dataclass
class Pace:
    """How fast a plan ran in one thread and in several; says what to use next."""

    seconds: dict[int, float] = field(default_factory=dict)  # of a step, the better of two calls
    _last: dict[int, float] = field(default_factory=dict)
    _calls: dict[int, int] = field(default_factory=dict)
    _lost: dict[int, int] = field(default_factory=dict)  # how often in turn
    _again: dict[int, float] = field(default_factory=dict)  # when to try once more

    def choose(self, plan: Plan, wanted: int | str) -> int:
        """Return the number of threads for the next call."""
        first = threads_for(plan, wanted)
        if wanted != "auto" or first == 1:
            return first
        tried = self._to_try(first)
        return min([*self.seconds], key=lambda n: self.seconds[n]) if tried is None else tried

    def settled(self, plan: Plan, wanted: int | str) -> bool:
        """Tell whether the next call has nothing to try."""
        first = threads_for(plan, wanted)
        return wanted != "auto" or first == 1 or self._to_try(first) is None

    def _to_try(self, first: int) -> int | None:
        now = time.perf_counter()
        for threads in (first, 1):
            if self._calls.get(threads, 0) < TRIALS or now > self._again[threads]:
                return threads
        return None

    def note(self, threads: int, steps: int, spent: float) -> None:
        """Note what a call took."""
        now = spent / steps
        # Any single call may have met memory that was touched for the first time.
        self.seconds[threads] = min(now, self._last.get(threads, math.inf))
        self._last[threads] = now
        lost = self.seconds[threads] > min([*self.seconds.values()])
        self._lost[threads] = min(self._lost.get(threads, 0) + 1, PATIENT) if lost else 0
        wait = max(RETRY * spent, PAUSE) * 2 ** self._lost[threads]
        self._again[threads] = time.perf_counter() + wait
        # Last, since another thread of Python may choose meanwhile.
        self._calls[threads] = self._calls.get(threads, 0) + 1

    def steps(self, plan: Plan, threads: int, patience: float) -> int:
        """Return how many steps take about so many seconds."""
        return max(1, int(patience / self.guess(plan, threads)))

    def guess(self, plan: Plan, threads: int) -> float:
        """Return about how many seconds a step takes."""
        waits = len(plan.phases) * SLOW_BARRIER if threads > 1 else 0
        return self.seconds.get(threads, plan.operations / 2e9 + waits + 1e-6)
