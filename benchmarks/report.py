"""What was measured, as tables for a terminal and as a file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measuring import Result
from benchmarks.peers import TITLES

BUSY = 0.9  # below this share of its best the multiply-add loop did not have the cores alone


@dataclass
class Report:
    """All results of a run, and what they were measured on."""

    processor: str
    threads: int
    rounds: int
    versions: dict[str, str]
    results: list[Result]

    def save(self, path: Path) -> None:
        """Write the report as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Report:
        """Read a report again."""
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**found, "results": [Result(**one) for one in found["results"]]})

    def text(self) -> str:
        """Return the tables."""
        tables = [self._times(), self._ratios(), self._rates(), self._firsts(), self._memory()]
        filled = [text for text in tables if text]
        return "\n\n".join([self._head(), *filled, self._ways(), *self._failures()])

    @property
    def peak(self) -> float:
        """Floating-point operations a second that registers alone allow: the best of all lines."""
        return max((r.peak for r in self.results if r.peak), default=0.0)

    def _head(self) -> str:
        peak = f", {self.peak / 1e9:.0f} GFLOP/s in registers alone" if self.peak else ""
        versions = ", ".join(f"{TITLES[name]} {v}" for name, v in self.versions.items())
        return f"{self.processor}, {self.threads} threads{peak}\n{versions}"

    def _peers(self) -> list[str]:
        return [p for p in TITLES if p != "syn0" and any(p in r.seconds for r in self.results)]

    def _times(self) -> str:
        columns = ["syn0", *self._peers()]
        head = ["a step or call", *(TITLES[p] for p in columns)]
        rows = [[r.name, *(duration(r.seconds.get(p)) for p in columns)] for r in self.results]
        return table([head, *rows])

    def _ratios(self) -> str:
        head = ["their time / ours (to reach)", *(TITLES[p] for p in self._peers())]
        rows = [[r.name, *(_ratio(r, p) for p in self._peers())] for r in self.results]
        return table([head, *rows])

    def _rates(self) -> str:
        labels = dict.fromkeys(k for r in self.results for k in r.compile if k not in TITLES)
        head = ["syn0", "GFLOP/s", "of the peak", *(f"compiles, {label}" for label in labels)]
        rows = [
            [
                r.name,
                f"{r.rate / 1e9:.1f}",
                f"{r.rate / self.peak:.0%}" if self.peak else "-",
                *(duration(r.compile.get(label)) for label in labels),
            ]
            for r in self.results
        ]
        return table([head, *rows])

    def _firsts(self) -> str:
        labels = dict.fromkeys(label for r in self.results for label in r.first)
        if not labels:
            return ""
        head = ["from import to the first result", *(TITLES.get(k, f"syn0, {k}") for k in labels)]
        rows = [[r.name, *(duration(r.first.get(label)) for label in labels)] for r in self.results]
        return table([head, *rows])

    def _memory(self) -> str:
        columns = [p for p in TITLES if any(p in r.memory for r in self.results)]
        if not columns:
            return ""
        head = ["bytes a step or call works in", *(TITLES[p] for p in columns)]
        rows = [
            [r.name, *(f"{r.memory[p]:,}" if p in r.memory else "-" for p in columns)]
            for r in self.results
        ]
        return table([head, *rows])

    def _ways(self) -> str:
        rows = [
            [r.name, TITLES[peer], way, duration(took), "best" if r.best.get(peer) == way else ""]
            for r in self.results
            for peer, ways in r.ways.items()
            for way, took in ways.items()
        ]
        return table([["workload", "library", "way", "a step or call", ""], *rows], left=3)

    def _failures(self) -> Iterable[str]:
        for r in self.results:
            yield from (f"{r.name}: {who}: {why}" for who, why in r.failed.items())
            if r.share is None or r.peak is None:
                continue
            share = r.share * r.peak / self.peak
            if share < BUSY:
                yield f"{r.name}: others used the cores ({share:.0%} of the peak): run it again"


def _ratio(result: Result, peer: str) -> str:
    if peer not in result.seconds:
        return "-"
    wanted = result.wanted[peer]
    return three_digits(result.ratio(peer)) + (f" ({wanted:g})" if wanted is not None else "")


def three_digits(value: float) -> str:
    """Return a number with three digits, without powers of ten.

    Examples
    --------
    >>> three_digits(1754.3), three_digits(12.345), three_digits(0.98765)
    ('1,750', '12.3', '0.988')
    """
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:g}"


def duration(seconds: float | None) -> str:
    """Return seconds with three digits and a unit.

    Examples
    --------
    >>> duration(0.0000123), duration(2.5), duration(None)
    ('12.3 us', '2.50 s', '-')
    """
    if seconds is None or not math.isfinite(seconds):
        return "-"
    units: Mapping[str, float] = {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    seconds = float(f"{seconds:.3g}")  # before a unit is chosen: 999.9 us are 1 ms
    unit = next((name for name, size in units.items() if seconds >= size), "ns")
    value = seconds / units[unit]
    digits = 2 - math.floor(math.log10(max(value, 1)) + 1e-9)
    return f"{value:.{max(0, digits)}f} {unit}"


def table(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return rows in columns, the first few to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
