"""How many processors this process may keep busy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def cpus() -> int:
    """Return how many threads can run at a time, by affinity and by a container's quota.

    Examples
    --------
    >>> cpus() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return max(1, int(min(count, _allowed())))


# What limits libraries that compute in threads; joblib sets the first for its workers, to the
# share of the processors that each may use, and people set all of them.
_SHARES = ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def share() -> int:
    """Return how many threads to begin where nobody named a number.

    At most `cpus`; in the workers of ``GridSearchCV(n_jobs=2)`` half of them.

    Examples
    --------
    >>> 1 <= share() <= cpus()
    True
    """
    given = (os.environ.get(name, "").split(",")[0].strip() for name in _SHARES)
    limits = (int(text) for text in given if text.isdecimal())
    return min([cpus(), *(limit for limit in limits if limit > 0)])


@cache  # asked before every short run, and a container keeps its quota
def _allowed() -> float:
    return quota(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))


def quota(membership: Path, root: Path) -> float:
    """Return how many processors' time Linux's control groups allow; infinity is no limit.

    Parameters
    ----------
    membership : Path
        The file that names the process's groups.
    root : Path
        Where the groups are, as folders.
    """
    limits = [_limit(folder) for folder in _groups(membership, root)]
    return min(limits, default=float("inf"))


def _groups(membership: Path, root: Path) -> Iterator[Path]:
    """Yield the process's groups that may limit processors, each with all that hold it."""
    for line in _text(membership).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = root / "cpu" if controllers else root  # the older form has a tree for each kind
        group = base / path.lstrip("/")
        yield group
        yield from (parent for parent in group.parents if parent.is_relative_to(base))


def _limit(group: Path) -> float:
    """Return how many processors' time one group allows."""
    older = (group / "cpu.cfs_quota_us", group / "cpu.cfs_period_us")
    text = _text(group / "cpu.max") or " ".join(map(_text, older))
    try:
        time, period = map(int, text.split())
    except ValueError:  # "max", or no such files
        return float("inf")
    return time / period if time > 0 and period > 0 else float("inf")


def _text(path: Path) -> str:
    """Return what a file says; nothing if it cannot be read."""
    try:
        return path.read_text()
    except OSError:
        return ""
