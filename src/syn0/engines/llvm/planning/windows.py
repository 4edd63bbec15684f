"""Where a window meets a picture: runs of places along an axis that meet the same taps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise


@dataclass(frozen=True)
class Axis:
    """An axis along which a window moves.

    Parameters
    ----------
    size, windows, taps : int
        Places of the picture, windows on it, places of a window.
    stride, dilation, before : int
        From window to window, from tap to tap, and the padding before the picture.
    """

    size: int
    windows: int
    taps: int
    stride: int = 1
    dilation: int = 1
    before: int = 0

    def place(self, window: int, tap: int) -> int:
        """Return which place of the picture a tap of a window is at; it may be outside."""
        return window * self.stride + tap * self.dilation - self.before


@dataclass(frozen=True)
class Run:
    """Equally spaced targets that meet the same equally spaced taps.

    Parameters
    ----------
    first, step, count : int
        The targets.
    tap, tap_step, taps : int
        The taps, the same for each target; there may be none.
    source, source_step, source_tap : int
        What the first target meets at its first tap; how far that moves from target to target,
        and from tap to tap.
    """

    first: int
    step: int
    count: int
    tap: int
    tap_step: int
    taps: int
    source: int
    source_step: int
    source_tap: int


def window_runs(axis: Axis) -> list[Run]:
    """Return the runs of windows: each meets the places of the picture under its taps.

    Examples
    --------
    >>> [(run.first, run.count, run.taps) for run in window_runs(Axis(5, 5, 3, before=1))]
    [(0, 1, 2), (1, 3, 3), (4, 1, 2)]
    """
    met = [
        [tap for tap in range(axis.taps) if 0 <= axis.place(window, tap) < axis.size]
        for window in range(axis.windows)
    ]
    return [
        Run(
            start, 1, count, taps[0] if taps else 0, 1, len(taps),
            axis.place(start, taps[0]) if taps else 0, axis.stride, axis.dilation,
        )
        for start, count, taps in _alike(met)
    ]  # fmt: skip


def picture_runs(axis: Axis) -> list[Run]:
    """Return the runs of places of the picture: each meets the windows that have it under a tap.

    Places that windows meet with other taps, since windows are strides apart, are other runs.

    Examples
    --------
    >>> axis = Axis(6, 3, 3, stride=2, before=1)
    >>> [(run.first, run.step, run.count, run.taps) for run in picture_runs(axis)]
    [(0, 2, 3, 1), (1, 2, 2, 2), (5, 2, 1, 1)]
    """
    runs = []
    common = math.gcd(axis.stride, axis.dilation)
    tap_step = axis.stride // common
    for phase in range(min(axis.stride, axis.size)):
        places = range(phase, axis.size, axis.stride)
        met = [[tap for tap in range(axis.taps) if _window(axis, p, tap) >= 0] for p in places]
        for start, count, taps in _alike(met):
            source = _window(axis, places[start], taps[0]) if taps else 0
            first = taps[0] if taps else 0
            runs.append(
                Run(
                    places[start], axis.stride, count, first, tap_step, len(taps),
                    source, 1, -(axis.dilation // common),
                )
            )  # fmt: skip
    return runs


def tap_runs(axis: Axis) -> list[Run]:
    """Return a run of windows for each tap: those where it meets the picture."""
    runs = []
    for tap in range(axis.taps):
        met = [w for w in range(axis.windows) if 0 <= axis.place(w, tap) < axis.size]
        first = met[0] if met else 0
        source = axis.place(first, tap) if met else 0
        runs.append(Run(first, 1, len(met), tap, 1, 1, source, axis.stride, axis.dilation))
    return runs


def bands_of(runs: Sequence[Run], size: int, count: int) -> list[list[Run]]:
    """Return for each of some bands of targets, equally wide, what of each run lies in it.

    Examples
    --------
    >>> upper, lower = bands_of(window_runs(Axis(6, 6, 3, before=1)), 6, 2)
    >>> [(run.first, run.count) for run in upper], [(run.first, run.count) for run in lower]
    ([(0, 1), (1, 2), (5, 0)], [(0, 0), (3, 2), (5, 1)])
    """
    edges = [size * i // count for i in range(count + 1)]
    return [[_within(run, low, high) for run in runs] for low, high in pairwise(edges)]


def _within(run: Run, low: int, high: int) -> Run:
    """Return the targets of a run from `low` to below `high`."""
    begin, end = (
        min(max(-(-(edge - run.first) // run.step), 0), run.count) for edge in (low, high)
    )
    if begin == end:
        return replace(run, count=0)
    return replace(
        run, first=run.first + begin * run.step, count=end - begin,
        source=run.source + begin * run.source_step,
    )  # fmt: skip


def _window(axis: Axis, place: int, tap: int) -> int:
    """Return the window that has a place of the picture under this tap, or -1."""
    window, rest = divmod(place + axis.before - tap * axis.dilation, axis.stride)
    return window if not rest and window < axis.windows else -1


def _alike(met: Sequence[list[int]]) -> Iterable[tuple[int, int, list[int]]]:
    """Group neighbours that meet the same taps: where each group begins, its length, the taps."""
    start = 0
    for taps, group in groupby(met):
        count = len(list(group))
        yield start, count, taps
        start += count
