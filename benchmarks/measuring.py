"""Timing: contenders run in turn, round after round, so that all meet the same machine."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import first_call, peers
from benchmarks.peak import Peak
from benchmarks.workloads import Workload

NEAR = 1.5  # a way that takes longer than this times its library's best races no further


@dataclass
class Racer:
    """One way to do a workload, and how long it took, in seconds a run."""

    peer: str
    way: str
    contender: Any
    times: int = 1
    laps: list[float] = field(default_factory=list)

    def warm_up(self, seconds: float) -> None:
        """Compile whatever is compiled, and find how many runs fill a lap."""
        self.contender.run(1)
        for _ in range(3):
            self.times = max(1, math.ceil(seconds / self.lap()))
        self.laps = [min(self.laps)]

    def lap(self) -> float:
        """Run once more, and return the seconds of a run."""
        start = time.perf_counter()
        self.contender.run(self.times)
        self.laps.append((time.perf_counter() - start) / self.times)
        return self.laps[-1]

    @property
    def median(self) -> float:
        """The seconds of a run."""
        return statistics.median(self.laps)


@dataclass
class Result:
    """What was found for one workload; seconds are those of a step or call.

    Parameters
    ----------
    name, says, flops, wanted
        As in `Workload`.
    seconds : dict
        The median of each library's best way.
    best : dict
        What that way is called.
    ways : dict
        The median of each way; of one that fell behind, its best while warming up.
    failed : dict
        Why a library or way is missing.
    peak : float or None
        Floating-point operations a second that registers alone allow: the best of the rounds.
    share : float or None
        The median of the rounds as a share of that; well below 1 others used the cores too.
    memory : dict
        Bytes that a step or call works in, weights apart: the arena of syn0, and what PyTorch's
        allocator hands out at most.
    first, compile : dict
        Seconds from the first import to the end of the first step, in a process of its own, and
        what that step took more than the next: for syn0 with an empty and with a full cache.
    """

    name: str
    says: str
    flops: int
    wanted: dict[str, float | None]
    seconds: dict[str, float] = field(default_factory=dict)
    best: dict[str, str] = field(default_factory=dict)
    ways: dict[str, dict[str, float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    peak: float | None = None
    share: float | None = None
    memory: dict[str, int] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    compile: dict[str, float] = field(default_factory=dict)

    def ratio(self, peer: str) -> float:
        """Return the peer's time by that of syn0."""
        return self.seconds[peer] / self.seconds["syn0"]

    @property
    def rate(self) -> float:
        """Floating-point operations a second of syn0."""
        return self.flops / self.seconds["syn0"]


def measure(
    workload: Workload,
    names: Iterable[str],
    threads: int,
    *,
    rounds: int,
    seconds: float,
    first_calls: int = 0,
) -> Result:
    """Time a workload with syn0 and the peers named.

    Parameters
    ----------
    rounds, seconds : int, float
        How often each contender runs, and for about how long at a time.
    first_calls : int
        How many fresh processes take the time of a first step.
    """
    result = Result(workload.name, workload.says, workload.flops, workload.wanted)
    chosen = ["syn0", *(peer for peer in workload.wanted if peer in names)]
    racers = _warm(workload, chosen, threads, seconds, result)
    peak = _peak(threads, seconds / 4, result)
    _race([*racers, *([peak] if peak else [])], rounds)
    for racer in racers:
        took = racer.median / workload.steps
        result.ways[racer.peer][racer.way] = took
        if took <= result.seconds.get(racer.peer, math.inf):
            result.seconds[racer.peer], result.best[racer.peer] = took, racer.way
    for racer in racers:
        if racer.way == result.best[racer.peer]:
            used = peers.working_bytes(racer.peer, racer.contender)
            result.memory |= {racer.peer: used} if used is not None else {}
    if peak is not None:
        result.peak = peak.contender.flops / min(peak.laps)
        result.share = min(peak.laps) / peak.median
    if first_calls:
        result.first, result.compile = first_call.measure(workload, chosen, threads, first_calls)
    return result


def _race(racers: list[Racer], rounds: int) -> None:
    """Let all run in turn, each round beginning with another."""
    gc.collect()
    for number in range(rounds):
        start = number % len(racers)
        for racer in racers[start:] + racers[:start]:
            racer.lap()


def _warm(
    workload: Workload, names: Iterable[str], threads: int, seconds: float, result: Result
) -> list[Racer]:
    """Return what will race: of each library its best way, and those near it."""
    weights = workload.model().parameters
    found: list[Racer] = []
    for peer in names:
        try:
            ways = peers.contenders(peer, workload, weights, threads)
        except ImportError as error:
            result.failed[peer] = str(error)
            continue
        own: list[Racer] = []
        for way, make in ways.items():
            try:
                racer = Racer(peer, way, make())
                racer.warm_up(seconds)
            except Exception as error:  # such as a missing C++ compiler: told in the report
                if peer == "syn0":
                    raise
                result.failed[f"{peer}, {way}"] = f"{type(error).__name__}: {error}".split("\n")[0]
                continue
            own.append(racer)
        result.ways[peer] = {racer.way: racer.laps[0] / workload.steps for racer in own}
        best = min((racer.laps[0] for racer in own), default=0)
        found += [racer for racer in own if racer.laps[0] <= NEAR * best]
    for racer in found:
        racer.laps.clear()
    return found


def _peak(threads: int, seconds: float, result: Result) -> Racer | None:
    try:
        racer = Racer("peak", "multiply-add", Peak(threads))
    except ImportError as error:
        result.failed["peak"] = str(error)
        return None
    racer.warm_up(seconds)
    racer.laps.clear()
    return racer
