"""What a diagnosis says: a verdict names one thing that is wrong, a report holds them in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

from syn0.diagnosis.kinds import KINDS


@dataclass(frozen=True)
class Verdict:
    """One thing that is wrong with a network, its training or its data.

    Parameters
    ----------
    kind : str
        What is wrong, a word of `syn0.diagnosis.KINDS`: ``dead_units``.
    layer : str
        Where: the name of a layer, of an input or of a key of the history.
    message : str
        The same for people, with the numbers.
    number : float
        What was measured.
    threshold : float
        Where healthy networks end.
    mend : str
        The change to make, as code to paste.
    source : str
        Who described it: authors and year.

    Examples
    --------
    >>> print(Verdict("dead_units", "hidden", "2 of 4 neurons of `hidden` are dead: they output 0 "
    ...               "for all 4 samples", 0.5, 0.25, 'activation="leaky_relu"', "Lu et al., 2019"))
    2 of 4 neurons of `hidden` are dead: they output 0 for all 4 samples; try
    activation="leaky_relu" (Lu et al., 2019)
    """

    kind: str
    layer: str
    message: str
    number: float
    threshold: float
    mend: str
    source: str

    def __str__(self) -> str:
        return f"{self.message}; try {self.mend} ({self.source})"

    @property
    def gravity(self) -> tuple[int, float]:
        """Sorts verdicts: causes before what follows from them, then the larger excess."""
        excess = abs(self.number) / self.threshold if self.threshold else abs(self.number)
        return KINDS[self.kind].rank, -excess if KINDS[self.kind].above else excess


class Report(Sequence[Verdict]):
    """The verdicts on a network, the gravest first; empty where nothing was found.

    Parameters
    ----------
    verdicts : iterable of Verdict
        In any order.
    about : str
        What was looked at.

    Examples
    --------
    >>> report = Report([], "4 samples")
    >>> report
    nothing found (4 samples)
    >>> len(report)
    0
    """

    def __init__(self, verdicts: Iterable[Verdict], about: str = "") -> None:
        self._verdicts = tuple(sorted(verdicts, key=lambda verdict: verdict.gravity))
        self.about = about

    @overload
    def __getitem__(self, index: int) -> Verdict: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Verdict]: ...

    def __getitem__(self, index: int | slice) -> Verdict | Sequence[Verdict]:
        return self._verdicts[index]

    def __len__(self) -> int:
        return len(self._verdicts)

    def text(self) -> str:
        """Return a small table of what was measured, and a line for each verdict."""
        about = f" ({self.about})" if self.about else ""
        if not self:
            return f"nothing found{about}"
        rows = [("", "where", "finding", "measured", "healthy")]
        for place, verdict in enumerate(self, start=1):
            kind = KINDS[verdict.kind]
            limit = "up to" if kind.above else "from"
            limit += f" {percent(verdict.threshold) if kind.share else f'{verdict.threshold:,g}'}"
            number = percent(verdict.number) if kind.share else short(verdict.number)
            finding = verdict.kind.replace("_", " ")
            rows.append((f"{place}", verdict.layer, finding, number, limit))
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
        table = [line.rstrip() for line in lines]
        table.insert(1, "-" * max(map(len, table)))
        count = f"{len(self)} finding{'' if len(self) == 1 else 's'}"
        told = [f"{place}. {verdict}" for place, verdict in enumerate(self, start=1)]
        return "\n".join([f"{count}, the gravest first{about}", "", *table, "", *told])

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__


def percent(share: float) -> str:
    """Write a share of one.

    Examples
    --------
    >>> percent(0.125), percent(0.004), percent(-0.5)
    ('12 %', '0.4 %', '-50 %')
    """
    small = 0 < abs(share) < 0.01
    return f"{100 * share:.2g} %" if small else f"{100 * share:,.0f} %"


def short(value: float) -> str:
    """Write a measured number with three figures.

    Examples
    --------
    >>> short(0.21875), short(4254.3), short(3.14159e-8), short(7.0), short(float("inf"))
    ('0.219', '4,254', '3.14e-08', '7', 'inf')
    """
    whole = abs(value) < 1e7 and (value == round(value) or abs(value) >= 1000)
    return f"{value:,.0f}" if whole else f"{value:.3g}"
