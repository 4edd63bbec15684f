"""How many processors this process may keep busy."""

from __future__ import annotations

import os
from collections.abc import Iterator
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
    allowed = quota(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    return max(1, int(min(count, allowed)))


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
    for line in _words(membership, "\n"):
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = root / "cpu" if controllers else root  # the older form has a tree for each kind
        group = base / path.lstrip("/")
        yield group
        yield from (parent for parent in group.parents if parent.is_relative_to(base))


def _limit(group: Path) -> float:
    """Return how many processors' time one group allows."""
    used = _words(group / "cpu.max")
    if not used:
        used = [*_words(group / "cpu.cfs_quota_us"), *_words(group / "cpu.cfs_period_us")]
    try:
        time, period = map(int, used)
    except ValueError:  # "max", or no such files
        return float("inf")
    return time / period if time > 0 and period > 0 else float("inf")


def _words(path: Path, separator: str | None = None) -> list[str]:
    """Return the words of a file; none if it cannot be read."""
    try:
        return path.read_text().strip().split(separator)
    except OSError:
        return []
